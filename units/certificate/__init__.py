"""Certificates that come by themselves: when they are asked for, and renewed."""
