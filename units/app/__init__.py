"""One process of a release, from its start to its end: mooring-app@, mooring-run@, mooring-release@."""
