"""How fast the index answers, measured on the server that `make serve` runs. Run: `make bench`."""
