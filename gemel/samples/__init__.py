"""Hand-written questions that come with gemel."""
