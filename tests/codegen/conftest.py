"""The compiler's tests run against the checkout, from its root."""

from __future__ import annotations

import sys
from pathlib import Path

for folder in (Path(__file__).parents[2], Path(__file__).parent):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

collect_ignore = ["golden"]
