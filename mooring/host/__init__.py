"""The server below everything: paths, files, programs, systemd, settings, names, and the one way to refuse."""
