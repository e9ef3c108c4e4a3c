"""Look-alikes of the outside world for the demo and the tests; nothing here runs in production."""
