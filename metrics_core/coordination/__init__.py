"""Several replicas on one database that behave as one: who leads, what they tell each other, and how."""
