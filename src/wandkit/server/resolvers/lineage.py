"""Lineage: whether what a version came from, and what came from it, is more than a caller wants to see."""

from __future__ import annotations

from ariadne import ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import select
from sqlalchemy.orm import Session

from wandkit.server.graphql import context_of
from wandkit.server.model.artifact import Artifact, ArtifactUse, RunOutput

__all__ = ["BINDABLES"]

artifact: ObjectType = ObjectType("Artifact")

BINDABLES: list[SchemaBindable] = [artifact]

_MAX = 10_000


@artifact.field("artifactLineageDag")
def resolve_lineage(
    parent: Artifact, info: GraphQLResolveInfo, *, limit: int, filterGeneratedArtifacts: bool = False
) -> dict[str, bool]:
    """Return whether the graph of runs and versions around this one has more than `limit` nodes."""
    return {"hitLimit": _exceeds(context_of(info).session, parent.id, min(max(limit, 0), _MAX))}


def _exceeds(session: Session, start: int, limit: int) -> bool:
    """Walk the graph level by level, two statements each, until it ends or exceeds the limit."""
    versions, runs, level = {start}, set[int](), {start}
    while level and len(versions) + len(runs) <= limit:
        made = session.scalars(select(RunOutput.run_id).where(RunOutput.artifact_id.in_(level)))
        used = session.scalars(select(ArtifactUse.run_id).where(ArtifactUse.artifact_id.in_(level)))
        new_runs = {*made, *used} - runs
        runs |= new_runs
        outputs = session.scalars(select(RunOutput.artifact_id).where(RunOutput.run_id.in_(new_runs)))
        inputs = session.scalars(select(ArtifactUse.artifact_id).where(ArtifactUse.run_id.in_(new_runs)))
        level = {*outputs, *inputs} - versions
        versions |= level
    return len(versions) + len(runs) > limit
