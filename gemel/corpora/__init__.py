"""Public files of question pairs: where they lie, under which terms, fetched and checked."""
