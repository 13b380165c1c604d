"""The ClickHouse store: facts, totals and sets in ClickHouse, numbers and documents in a companion SQL database."""
