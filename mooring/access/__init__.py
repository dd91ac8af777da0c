"""Who may do what: the keys, and who gives the command that runs."""
