"""What the operator and the repository say of an app: choices, config, checks, routes, what is attached to it."""
