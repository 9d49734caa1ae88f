"""Log a job and the code that it runs, as a launch client does: PROJECT and the code, if not the usual."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import wandb

try:
    from wandb.sdk.artifacts._internal_artifact import InternalArtifact
except ImportError:

    def InternalArtifact(name: str, kind: str) -> wandb.Artifact:
        """Return an artifact of a type that people may not use, as versions before 0.17 make it."""
        artifact = wandb.Artifact(name, "made")
        artifact._type = kind
        return artifact


folder = Path("job")
folder.mkdir()
CODE = """
import wandb

run = wandb.init()
run.log({"loss": run.config["lr"] * len(run.config["layers"])})
run.finish()
"""
Path("train.py").write_text(sys.argv[2] if len(sys.argv) > 2 else CODE)
said = {
    "_version": "v0",
    "source_type": "artifact",
    "source": {"entrypoint": ["python", "train.py"], "notebook": False},
    "input_types": wandb.sdk.data_types._dtypes.TypeRegistry.type_of({"lr": 0.1, "layers": [1, 2]}).to_json(),
    "output_types": wandb.sdk.data_types._dtypes.TypeRegistry.type_of({"loss": 0.5}).to_json(),
    "runtime": "3.11.4",
}
run = wandb.init(project=sys.argv[1])
code = wandb.Artifact("code", "code")
code.add_file("train.py")
code = run.log_artifact(code)
code.wait()
said["source"]["artifact"] = f"wandb-artifact://_id/{code.id}"
(folder / "wandb-job.json").write_text(json.dumps(said))
(folder / "requirements.frozen.txt").write_text("numpy==2.0\n")
job = InternalArtifact("trainer", "job")
job.add_dir(str(folder))
run.log_artifact(job).wait()
run.finish()
print("ANSWER " + json.dumps({"types": said["input_types"], "code": code.id}))
