"""A twine subcommand that sends large files straight to an index's storage."""
