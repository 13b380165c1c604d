"""The reference store: everything in this process's memory, in the plainest code. For tests and for trying things out."""
