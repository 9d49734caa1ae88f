"""Log, use, link, change, download, verify and delete artifacts, with either official client: PROJECT."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import wandb

project = sys.argv[1]
folder = Path("data")
(folder / "deep" / "er").mkdir(parents=True)
(folder / "a.txt").write_text("A", encoding="utf-8")
(folder / "empty").write_bytes(b"")
(folder / "deep" / "er" / "ü n.txt").write_text("ü", encoding="utf-8")
Path("far.bin").write_bytes(b"far")
answer: dict[str, object] = {}


def tree(root: str) -> dict[str, int]:
    """Return the files below a folder and their sizes."""
    found = [path for path in Path(root).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.stat().st_size for path in sorted(found)}


with wandb.init(project=project) as run:
    first = wandb.Artifact("data", "dataset", description="first", metadata={"rows": 2})
    first.add_dir(str(folder), "data")
    first.add_reference(Path("far.bin").resolve().as_uri(), "far")
    run.log_artifact(first, aliases=["best"]).wait()
    answer["digest"] = first.digest
    again = wandb.Artifact("data", "dataset")
    again.add_dir(str(folder), "data")
    again.add_reference(Path("far.bin").resolve().as_uri(), "far")
    run.log_artifact(again).wait()
    second = wandb.Artifact("data", "dataset")
    second.add_file(str(folder / "a.txt"), "a.txt")
    run.log_artifact(second).wait()
    many = wandb.Artifact("many", "dataset")
    for number in range(1000):
        with many.new_file(f"part/{number:03}") as file:
            file.write(str(number))
    run.log_artifact(many).wait()
    answer["versions"] = [first.version, again.version, second.version, many.version]
    run.use_artifact("data:v0")
    run.link_artifact(first, "portfolio", aliases=["prod"])

api = wandb.Api(timeout=60)
found = api.artifact(f"{project}/data:best")
found.aliases.append("better")
found.description = "changed"
found.metadata["more"] = [1]
found.save()
found = api.artifact(f"{project}/data:better")
answer["found"] = [found.description, found.metadata, sorted(found.aliases), found.size, found.file_count]
found.verify(found.download(root="got"))
answer["got"] = tree("got")
big = api.artifact(f"{project}/many:latest")
big.verify(big.download(root="many"))
answer["many"] = len(tree("many"))
linked = api.artifact(f"{project}/portfolio:prod")
answer["linked"] = [linked.version, linked.source_name, sorted(linked.aliases)]
answer["files"] = sorted(file.name for file in found.files())
answer["types"] = [kind.name for kind in api.artifact_types(project)]
kind = api.artifact_type("dataset", project)
answer["collections"] = {each.name: each.is_sequence() for each in kind.collections()}
answer["listed"] = [each.version for each in api.artifacts("dataset", f"{project}/data")]
logged = api.run(f"{project}/{run.id}")
answer["outputs"] = sorted(each.name for each in logged.logged_artifacts())
answer["inputs"] = [each.name for each in logged.used_artifacts()]
answer["used_by"] = [user.id for user in found.used_by()] == [run.id] == [found.logged_by().id]
try:
    found.delete()
except Exception as error:
    answer["refused"] = type(error).__name__
found.delete(delete_aliases=True)
answer["left"] = [each.version for each in api.artifacts("dataset", f"{project}/data")]
print("ANSWER", json.dumps(answer))
