"""The service: questions over HTTP, and the page that goes with it."""
