"""Log a run: ID, PROJECT, the number of steps, then optionally `resume`, `raise` or an exit code."""

from __future__ import annotations

import sys
from pathlib import Path

import wandb
from logged import CONFIG, SUMMARY, TAGS, row

run_id, project, steps, *mode = sys.argv[1:]
resume = "must" if mode == ["resume"] else None
run = wandb.init(
    project=project, id=run_id, name="Display ü", config=CONFIG, tags=TAGS, notes="some notes", group="g",
    job_type="train", resume=resume,
)  # fmt: skip
first = run.starting_step
last = first + int(steps) - 1
for step in range(first, last + 1):
    run.log({**row(step), "hist": wandb.Histogram([1, 2, 2, 3])} if step == last else row(step))
print("console line")
if resume is None:
    for key, value in SUMMARY.items():
        run.summary[key] = value
Path("note.txt").write_text("a note\n" * 1000, encoding="utf-8")
run.save(str(Path("note.txt").absolute()), base_path=str(Path.cwd()))
if mode == ["raise"]:
    raise RuntimeError("the training went wrong")
run.finish(exit_code=int(mode[0]) if mode and mode[0].isdigit() else 0)
