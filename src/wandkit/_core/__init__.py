"""Logic without I/O: what the client knows before it sends and after it receives."""
