"""A release: its record, its processes, what decides them, and what it was in the course of its app."""
