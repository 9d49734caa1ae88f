"""References from one version's entries to another's: `wandb-artifact://<hex of the version's id>/<name>`."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from wandkit.server import ids
from wandkit.server.model.artifact import Artifact, ArtifactFile
from wandkit.server.model.collection import Collection
from wandkit.server.permissions import Access

__all__ = ["resolve_references"]

_SCHEME = "wandb-artifact://"
_MAX_STEPS = 5


def resolve_references(access: Access, refs: Iterable[str]) -> dict[str, ArtifactFile]:
    """Return the entries with contents behind references, as far as the caller may read them.

    References to references are followed, level by level, two statements each.
    """
    found: dict[str, ArtifactFile] = {}
    waiting = {ref: ref for ref in refs if ref.startswith(_SCHEME)}  # where the search is, by what was asked
    for _step in range(_MAX_STEPS):
        places = {ref: place for ref, at in waiting.items() if (place := _place(at)) is not None}
        if not places:
            break
        files = _files(access, set(places.values()))
        waiting = {}
        for ref, place in places.items():
            file = files.get(place)
            if file is not None and file.ref is not None:
                waiting[ref] = file.ref
            elif file is not None:
                found[ref] = file
    return found


def _place(ref: str) -> tuple[int, str] | None:
    if not ref.startswith(_SCHEME):
        return None
    digits, _, name = ref.removeprefix(_SCHEME).partition("/")
    try:
        return ids.number("Artifact", b64encode(bytes.fromhex(digits)).decode()), name
    except ValueError:
        return None


def _files(access: Access, places: set[tuple[int, str]]) -> dict[tuple[int, str], ArtifactFile]:
    numbers = func.json_each(json.dumps(sorted({number for number, _ in places}))).table_valued(
        "value", name=None
    )
    names = func.json_each(json.dumps(sorted({name for _, name in places}))).table_valued("value", name=None)
    owner = joinedload(ArtifactFile.artifact).joinedload(Artifact.sequence).joinedload(Collection.project)
    statement = (
        select(ArtifactFile)
        .where(ArtifactFile.artifact_id.in_(select(numbers.c.value)))
        .where(ArtifactFile.name.in_(select(names.c.value)))
        .options(owner, joinedload(ArtifactFile.blob))
    )
    return {
        (file.artifact_id, file.name): file
        for file in access.session.scalars(statement)
        if access.reads(file.artifact.sequence.project)
    }
