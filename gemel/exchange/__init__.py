"""What other tools read, written; what other tools wrote, read."""
