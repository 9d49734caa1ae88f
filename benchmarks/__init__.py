"""Side-by-side runs against the official client and the bare floor. `python -m benchmarks --help`."""
