"""Read a run by `wandb.Api` and print what was found: PATH."""

from __future__ import annotations

import json
import sys
import tempfile

import wandb

api = wandb.Api(timeout=30)
run = api.run(sys.argv[1])
folder = tempfile.mkdtemp()
print(
    "ANSWER "
    + json.dumps(
        {
            "state": run.state,
            "name": run.name,
            "config": run.config,
            "summary": {key: run.summary._json_dict[key] for key in run.summary._json_dict},
            "tags": run.tags,
            "notes": run.notes,
            "group": run.group,
            "job_type": run.job_type,
            "last_step": run.lastHistoryStep,
            "scan": list(run.scan_history()),
            "keys": list(run.scan_history(keys=["_step", "loss"])),
            "history": run.history(samples=10_000, pandas=False),
            "sampled": run.history(samples=5, keys=["loss"], pandas=False),
            "system": len(run.history(stream="system", pandas=False)),
            "files": {file.name: file.size for file in run.files()},
            "contents": {
                file.name: file.download(folder).read() for file in run.files() if file.name == "note.txt"
            },
            "metadata": run.metadata is not None,
        }
    )
)
