"""Volumes: folders of the server's that apps keep their files in."""
