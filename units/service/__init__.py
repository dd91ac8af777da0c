"""A service, from its start to its end: mooring-service@."""
