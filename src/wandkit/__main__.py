"""`python -m wandkit`: the command line."""

from __future__ import annotations

from wandkit.cli import main

if __name__ == "__main__":
    main()
