"""The pages on which administrators keep the index in order."""
