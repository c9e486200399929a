"""The pages on which a project's owners, its maintainers and administrators work on it."""
