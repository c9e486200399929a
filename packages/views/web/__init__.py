"""Pages for people: browse, publish and administer in a browser."""
