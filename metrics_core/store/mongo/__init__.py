"""Facts, totals, sets and documents in MongoDB, on a replica set and on a standalone server."""
