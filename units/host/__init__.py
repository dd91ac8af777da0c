"""What runs once for the server: at boot, every night, and mooring.target."""
