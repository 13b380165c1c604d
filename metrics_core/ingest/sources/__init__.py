"""Places we fetch events from."""
