"""Share one version, increments, drafts and a registry, with the newest client: PROJECT ORG TEAM."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import wandb

project, organization, team = sys.argv[1:]
answer: dict[str, object] = {}
for name in "abc":
    Path(name).write_text(name, encoding="utf-8")


def artifact(*names: str, **options: bool) -> wandb.Artifact:
    """Return a draft with these files."""
    made = wandb.Artifact("shared", "model", **options)
    for each in names:
        made.add_file(each)
    return made


with wandb.init(project=project, entity=team) as run:
    for name in "ab":
        run.upsert_artifact(artifact(name), distributed_id="writers")
    whole = run.finish_artifact(artifact(), distributed_id="writers").wait()
    answer["distributed"] = sorted(whole.manifest.entries)
    more = run.log_artifact(artifact("c", incremental=True)).wait()
    answer["incremental"] = sorted(more.manifest.entries)

api = wandb.Api(timeout=60)
registry = api.create_registry(
    "models", visibility="organization", organization=organization, artifact_types=["model"]
)
answer["registry"] = [registry.full_name, registry.visibility, list(registry.artifact_types)]
source = api.artifact(f"{team}/{project}/shared:v1")
link = source.link("wandb-registry-models/best", aliases=["prod"])
answer["link"] = [link.qualified_name.partition("/")[2], sorted(link.aliases), link.is_link]
answer["download"] = sorted(path.name for path in Path(link.download(root="got")).iterdir())
registries = api.registries(organization=organization, filter={"name": "models"})
answer["registries"] = [each.name for each in registries]
answer["collections"] = [each.name for each in registries.collections(filter={"name": "best"})]
answer["searched"] = [each.name for each in registries.collections().versions(filter={"alias": "prod"})]
registry.add_members(api.team(team))
answer["members"] = [[each.user.name, each.role] for each in registry.user_members()]
answer["teams"] = [[each.team.name, each.role] for each in registry.team_members()]
draft = source.new_draft()
draft.remove("a")
with wandb.init(project=project, entity=team) as run:
    answer["draft"] = sorted(run.log_artifact(draft).wait().manifest.entries)
tagged = api.artifact(f"{team}/{project}/shared:latest")
tagged.tags = ["good", "two words"]
tagged.save()
answer["tagged"] = [
    each.version for each in api.artifacts("model", f"{team}/{project}/shared", tags=["good"])
]
link.unlink()
answer["unlinked"] = api.artifact_exists("wandb-registry-models/best:prod")
registry.delete()
print("ANSWER", json.dumps(answer))
