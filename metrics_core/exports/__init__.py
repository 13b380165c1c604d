"""What is kept, written out for other programs."""
