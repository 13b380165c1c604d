"""Questions and answers: what is asked is checked, counted and told."""
