"""Where events, totals and documents are kept."""
