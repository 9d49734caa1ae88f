"""Log an artifact, or read one that wandkit logged: write PROJECT | read PATH."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import wandb

mode, place = sys.argv[1:]
answer: dict[str, object] = {}


def tree(root: str) -> dict[str, str]:
    """Return the files below a folder and what is in them, in hexadecimal."""
    found = [path for path in Path(root).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes().hex() for path in sorted(found)}


if mode == "write":
    source = Path("source")
    (source / "deep" / "er").mkdir(parents=True)
    (source / "a.txt").write_text("A", encoding="utf-8")
    (source / "empty").write_bytes(b"")
    (source / "deep" / "er" / "ü n.txt").write_text("ü", encoding="utf-8")
    with wandb.init(project=place) as run:
        made = wandb.Artifact("data", "dataset", description="words", metadata={"rows": 2})
        made.add_dir(str(source))
        run.log_artifact(made, aliases=["best"]).wait()
        answer["digest"] = made.digest
        answer["manifest"] = json.dumps(made.manifest.to_manifest_json(), indent=4)
else:
    api = wandb.Api(timeout=60)
    found = api.artifact(place)
    found.verify(found.download(root="got"))
    answer["files"] = tree("got")
    answer["facts"] = [found.version, found.type, found.description, found.metadata, sorted(found.aliases)]
    answer["digests"] = [found.digest, found.manifest.digest()]
    answer["size"] = found.size
    found.aliases.append("seen")
    found.save()
print("ANSWER " + json.dumps(answer))
