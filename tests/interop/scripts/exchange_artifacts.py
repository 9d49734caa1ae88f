"""Log an artifact, or read one that wandkit logged: write PROJECT | read PATH | cross PROJECT.

With `XXH128` behind it, `write` uses these digests, which only the newest client has. `cross` uses a version
of wandkit's, logs one with references, links it, and tells what it sees of wandkit's own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import wandb

mode, place, *options = sys.argv[1:]
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
        more = {"digest_algorithm": options[0]} if options else {}
        made = wandb.Artifact("data", "dataset", description="words", metadata={"rows": 2}, **more)
        made.add_dir(str(source))
        run.log_artifact(made, aliases=["best"]).wait()
        answer["digest"] = made.digest
        answer["manifest"] = json.dumps(made.manifest.to_manifest_json(), indent=4)
elif mode == "cross":
    Path("far").mkdir()
    Path("far/a.bin").write_bytes(b"far")
    with wandb.init(project=place, id="theirs") as run:
        used = run.use_artifact("ours:latest")
        made = wandb.Artifact("theirs", "dataset")
        made.add_reference(Path("far").resolve().as_uri())  # 0.16.6 doubles a name of its own
        made.add_reference(used.get_entry("a.txt").ref_url(), "borrowed.txt")
        run.log_artifact(made, aliases=["prod"]).wait()
        run.link_artifact(made, "shelf", aliases=["chosen"])
    api = wandb.Api(timeout=60)
    found = api.artifact(f"{place}/ours:latest")
    answer["references"] = {
        name: [entry.ref, entry.digest, entry.size]
        for name, entry in found.manifest.entries.items()
        if entry.ref is not None
    }
    found.download(root="got")
    answer["files"] = tree("got")
    answer["link"] = api.artifact(f"{place}/ours-shelf:best").source_name
    answer["users"] = sorted(user.id for user in found.used_by())
    answer["maker"] = found.logged_by().id
    answer["tags"] = list(getattr(found, "tags", []))
    answer["theirs"] = {
        name: [entry.ref, entry.digest, entry.size] for name, entry in made.manifest.entries.items()
    }
    answer["digest"] = made.digest
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
