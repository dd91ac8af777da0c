"""The only place that knows what a container is: Docker, what runs, and with which environment and address."""
