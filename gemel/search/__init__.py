"""A durable corpus of questions: stores, neighbours, duplicate groups."""
