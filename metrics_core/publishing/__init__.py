"""The newest snapshots, kept and handed to whoever listens."""
