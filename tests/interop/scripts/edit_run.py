"""Change a run by `wandb.Api`: PATH. Upload a file, delete another, edit config, summary and tags."""

from __future__ import annotations

import sys
from pathlib import Path

import wandb

run = wandb.Api(timeout=30).run(sys.argv[1])
run.config["lr"] = 0.5
run.config["added"] = {"deep": [1]}
run.summary["added"] = 3
run.tags.append("edited")
run.notes = "new notes"
run.update()
Path("up.txt").write_text("from the official client", encoding="utf-8")
run.upload_file("up.txt")
run.file("doomed.txt").delete()
