"""Work off the request path, one job a file."""
