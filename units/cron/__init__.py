"""The jobs of apps: a timer and a service for each."""
