"""Certificates: what is known of each, where they are kept, and which of them a host name is served with."""
