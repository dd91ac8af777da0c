"""The stages that start and end a release's processes, and the path units that begin every stage."""
