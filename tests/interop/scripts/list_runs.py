"""List runs by `wandb.Api` and print their ids: PROJECT, filter as JSON, order."""

from __future__ import annotations

import json
import sys

import wandb

project, filters, order = sys.argv[1:]
runs = wandb.Api(timeout=30).runs(project, filters=json.loads(filters), order=order, per_page=2)
print("ANSWER " + json.dumps({"ids": [run.id for run in runs], "count": len(runs)}))
