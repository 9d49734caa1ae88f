"""Log media objects, or read those that wandkit logged: write PROJECT FOLDER | read PATH."""

from __future__ import annotations

import datetime
import json
import sys

import wandb

mode, place, *rest = sys.argv[1:]
answer: dict[str, object] = {}
TIME = datetime.datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=datetime.timezone.utc)


def make(folder: str) -> dict[str, object]:
    """Return objects of each kind by name."""
    picture = f"{folder}/one.png"
    labels = {1: "tree", 2: "car"}
    box = {"position": {"middle": [1, 2], "width": 3, "height": 4}, "class_id": 1, "scores": {"s": 0.5}}
    rows = [
        [1, "a", True, TIME, [1, 2], {"k": 1.5}, wandb.Image(picture, caption="one")],
        [2.5, None, False, None, [3, 4, 5], {"k": 2}, None],
    ]
    table = wandb.Table(columns=["n", "s", "b", "t", "l", "d", "p"], data=rows)
    other = wandb.Table(columns=["n", "x"], data=[[1, float("nan")], [2.5, 0.25]])
    return {
        "rows": table,
        "deep/other": other,
        "both": wandb.JoinedTable(table, other, "n"),
        "parts": wandb.data_types.PartitionedTable("deep"),
        "plain": wandb.Image(picture),
        "marked": wandb.Image(
            picture,
            masks={"m": {"path": f"{folder}/mask.png"}},
            boxes={"b": {"box_data": [box], "class_labels": labels}},
            classes=wandb.Classes([{"id": 1, "name": "tree"}, {"id": 2, "name": "car"}]),
        ),
        "sound": wandb.Audio(f"{folder}/beep.wav", caption="beep"),
        "film": wandb.Video(f"{folder}/film.mp4"),
        "page": wandb.Html("<p>hi</p>", inject=False),
        "points": wandb.Object3D(f"{folder}/cloud.pts.json"),
        "labels": wandb.Classes([{"id": 1, "name": "tree"}]),
    }


if mode == "write":
    with wandb.init(project=place) as run:
        made = wandb.Artifact("media", "dataset")
        for name, value in make(rest[0]).items():
            made.add(value, name)
        run.log_artifact(made).wait()
        answer["entries"] = {entry.path: entry.digest for entry in made.manifest.entries.values()}
else:
    found = wandb.Api(timeout=60).artifact(place)
    table = found.get("rows")
    image = found.get("marked")
    answer["rows"] = [
        [cell if isinstance(cell, (int, str)) else str(type(cell).__name__) for cell in row]
        for row in table.data
    ]
    answer["time"] = table.data[0][3].isoformat()
    answer["picture"] = [table.data[0][6]._caption, table.data[0][6]._width, table.data[0][6]._sha256]
    answer["marked"] = [sorted(image._masks), sorted(image._boxes), image._classes._class_set]
    answer["others"] = {
        name: type(found.get(name)).__name__
        for name in ("both", "parts", "plain", "sound", "film", "page", "points", "labels")
    }
    answer["parts"] = [row for _, row in found.get("parts").iterrows()][1]
print("ANSWER " + json.dumps(answer))
