"""Commands for the terminal: setup, generate, simulate, verify, sample, import, export."""
