"""A backup, on time or when it is asked for, and the proof of one: mooring-backup@, mooring-verify@."""
