"""Serve a queue by the official launch agent until it is stopped: QUEUE."""

from __future__ import annotations

import os
import sys
from pathlib import Path

programs = Path(sys.executable).parent
os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
os.environ["WANDB_SILENT"] = "false"
os.execv(programs / "wandb", ["wandb", "launch-agent", "-q", sys.argv[1], "-e", "ada"])
