"""Pages for people, as people see them."""
