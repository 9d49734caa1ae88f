"""Log a file in parts with the oldest official client, whose threshold is lowered: PROJECT."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["WANDB_DISABLE_SERVICE"] = "true"  # so that the uploads are made where the threshold is lowered

import wandb
from wandb.sdk.artifacts.storage_policies import wandb_storage_policy as policy

policy.S3_MIN_MULTI_UPLOAD_SIZE = 500_000
policy.WandbStoragePolicy.calc_chunk_size = lambda self, file_size: 300_000
send = policy.WandbStoragePolicy.s3_multipart_file_upload
parts: list[int] = []


def counting(self: object, *arguments: object) -> list[dict[str, object]]:
    """Send a file in parts and note how many."""
    sent = send(self, *arguments)
    parts.append(len(sent))
    return sent


policy.WandbStoragePolicy.s3_multipart_file_upload = counting
Path("big").write_bytes(os.urandom(768_000))  # what the server has already, no client sends
Path("small").write_bytes(b"1")
with wandb.init(project=sys.argv[1], settings=wandb.Settings(start_method="thread")) as run:
    made = wandb.Artifact("data", "dataset")
    made.add_file("big")
    made.add_file("small")
    run.log_artifact(made).wait()
found = wandb.Api(timeout=60).artifact(f"{sys.argv[1]}/data:latest")
found.verify(found.download(root="got"))
answer = {"digest": found.digest, "size": Path("got/big").stat().st_size, "parts": parts}
print("ANSWER " + json.dumps(answer))
