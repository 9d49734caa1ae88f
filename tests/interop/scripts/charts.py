"""Make a custom chart by the official client, and log a table that refers to it: ENTITY PROJECT NAME."""

from __future__ import annotations

import json
import sys

import wandb

entity, project, name = sys.argv[1:]
spec = {"mark": "bar", "data": {"name": "wandb"}, "encoding": {"x": {"field": "${field:x}"}}}
api = wandb.Api(timeout=30)
made = api.create_custom_chart(entity, name, "Bars", "vega2", "public", spec)
try:
    api.create_custom_chart(entity, name, "Bars", "vega2", "public", spec)
    again = "made"
except Exception as error:
    again = str(error)
with wandb.init(project=project, entity=entity) as run:
    table = wandb.Table(columns=["x"], data=[[1], [2]])
    run.log({"chart": wandb.plot_table(vega_spec_name=made, data_table=table, fields={"x": "x"})})
    run_id = run.id
print("ANSWER " + json.dumps({"id": made, "again": again, "run": run_id}))
