"""What counts as an event: the changes of stored objects, seen as they are flushed.

One place sees them all, whichever request, stream or timer makes them, and within its transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, event, inspect, select
from sqlalchemy.orm import Mapper, Session, UOWTransaction, object_session

from wandkit.server import ids
from wandkit.server.automation_event import RUN_STATE
from wandkit.server.automation_fire import (
    artifact_event_holds,
    fire,
    run_holds,
    understood_filter,
    watching,
)
from wandkit.server.database import ACTOR
from wandkit.server.model.artifact import Artifact, ArtifactTag
from wandkit.server.model.collection import (
    Alias,
    ArtifactPortfolio,
    Collection,
    CollectionMember,
    CollectionTag,
)
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run

__all__ = ["begin_flush", "run_facts", "see_changes"]

_LINK, _UNLINK, _CREATE = "LINK_MODEL", "UNLINK_ARTIFACT", "CREATE_ARTIFACT"
_ALIASES = ("ADD_ARTIFACT_ALIAS", "UPDATE_ARTIFACT_ALIAS")
_REMOVED = "removed"
_SHOWN = {_LINK: "LINK_ARTIFACT"}
_STATES = {
    "running": {"RUNNING"},
    "finished": {"FINISHED"},
    "failed": {"FAILED"},
    "crashed": {"FAILED", "CRASHED"},
}


def begin_flush(session: Session, *_: object) -> None:
    """Forget what an earlier flush, which failed, would have deleted."""
    session.info.pop(_REMOVED, None)


def see_changes(session: Session, _flush: UOWTransaction) -> None:
    """Fire the automations that watch what a flush has just written."""
    for found in [*session.new]:
        if isinstance(found, Run):
            _run_state(session, found)
        elif isinstance(found, Alias) and not found.is_version:
            _alias(session, found)
        elif isinstance(found, CollectionMember):
            _member(session, found)
        elif isinstance(found, ArtifactTag):
            _version_tag(session, found, "ADD_ARTIFACT_TAG")
        elif isinstance(found, CollectionTag):
            _collection_tag(session, found, "ADD_COLLECTION_TAG")
    for found in [*session.dirty]:
        if isinstance(found, Run) and inspect(found).attrs.state.history.added:
            _run_state(session, found)
    for found in session.info.pop(_REMOVED, ()):
        if isinstance(found, CollectionMember):
            _unlinked(session, found)
        elif isinstance(found, ArtifactTag):
            _version_tag(session, found, "REMOVE_ARTIFACT_TAG")
        elif isinstance(found, CollectionTag):
            _collection_tag(session, found, "REMOVE_COLLECTION_TAG")


@event.listens_for(CollectionMember, "after_delete")
@event.listens_for(ArtifactTag, "after_delete")
@event.listens_for(CollectionTag, "after_delete")
def _note_removal(_mapper: Mapper[Any], _connection: Connection, removed: object) -> None:
    """Remember what a flush deletes: what lost its owner is not among the session's deleted objects."""
    session = object_session(removed)
    if session is not None:
        session.info.setdefault(_REMOVED, []).append(removed)


def run_facts(session: Session, event_type: str, run: Run) -> dict[str, Any]:
    """Return what templates can say about a run's event."""
    actor: str | None = session.info.get(ACTOR)
    return {
        "event_type": event_type,
        "event_author": actor or run.user.username,
        "entity_name": run.project.entity.name,
        "project_name": run.project.name,
        "run_id": run.name,
        "run_name": run.display_name,
        "run_state": run.state,
    }


def _run_state(session: Session, run: Run) -> None:
    reached = _STATES.get(run.state)
    if reached is None:
        return
    for automation in watching(session, _project(session, run.project_id), [RUN_STATE]):
        parsed = understood_filter(automation)
        if parsed is not None and parsed.states & reached and run_holds(session, parsed, run):
            fire(session, automation, run.project, run_facts(session, RUN_STATE, run))


def _alias(session: Session, found: Alias) -> None:
    member = session.get_one(CollectionMember, found.member_id)
    _version_event(session, [member], _ALIASES, alias=found.alias)


def _member(session: Session, found: CollectionMember) -> None:
    collection = session.get_one(Collection, found.collection_id)
    if isinstance(collection, ArtifactPortfolio):
        _version_event(session, [found], [_LINK])
        return
    _version_event(session, [found], [_CREATE])
    tags = select(ArtifactTag).where(ArtifactTag.artifact_id == found.artifact_id)
    for tag in session.scalars(tags):
        _version_event(session, [found], ["ADD_ARTIFACT_TAG"], tag=tag.name)


def _unlinked(session: Session, found: CollectionMember) -> None:
    if isinstance(session.get_one(Collection, found.collection_id), ArtifactPortfolio):
        _version_event(session, [found], [_UNLINK])


def _version_tag(session: Session, found: ArtifactTag, event_type: str) -> None:
    places = select(CollectionMember).where(CollectionMember.artifact_id == found.artifact_id)
    members = session.scalars(places.order_by(CollectionMember.id)).all()
    if members and session.get_one(Artifact, found.artifact_id).state == "COMMITTED":
        _version_event(session, members, [event_type], tag=found.name)


def _collection_tag(session: Session, found: CollectionTag, event_type: str) -> None:
    collection = session.get_one(Collection, found.collection_id)
    owner = _project(session, collection.project_id)
    facts = _facts(session, event_type, collection, owner) | {"tag": found.name}
    _fire_all(session, [(collection, owner, facts)], [event_type])


def _version_event(
    session: Session,
    members: Iterable[CollectionMember],
    event_types: Iterable[str],
    *,
    alias: str | None = None,
    tag: str | None = None,
) -> None:
    """Fire what watches a version in one of these places, each automation once."""
    names = list(event_types)
    places: list[tuple[Collection, Project, dict[str, Any]]] = []
    for member in members:
        collection = session.get_one(Collection, member.collection_id)
        owner = _project(session, collection.project_id)
        version = session.get_one(Artifact, member.artifact_id)
        metadata: Any = json.loads(version.metadata_text) if version.metadata_text else {}
        text = f"{owner.entity.name}/{owner.name}/{collection.name}:{alias or f'v{member.version_index}'}"
        facts = _facts(session, names[0], collection, owner, version)
        facts |= {
            "alias": alias,
            "tag": tag,
            "artifact_metadata": metadata,
            "artifact_version": f"wandb-artifact://_id/{ids.encode('Artifact', version.id)}",
            "artifact_version_string": text,
            "artifact_version_index": member.version_index,
        }
        places.append((collection, owner, facts))
    _fire_all(session, places, names)


def _fire_all(
    session: Session, places: Iterable[tuple[Collection, Project, dict[str, Any]]], names: list[str]
) -> None:
    fired: set[int] = set()
    for collection, owner, facts in places:
        for automation in watching(session, owner, names, collection.id):
            parsed = understood_filter(automation)
            if parsed is None or automation.id in fired:
                continue
            if artifact_event_holds(session, parsed, facts):
                fired.add(automation.id)
                fire(session, automation, owner, facts)


def _facts(
    session: Session, event_type: str, collection: Collection, owner: Project, version: Artifact | None = None
) -> dict[str, Any]:
    author: str | None = session.info.get(ACTOR)
    if author is None and version is not None:
        author = version.user.username
    return {
        "event_type": _SHOWN.get(event_type, event_type),
        "event_author": author,
        "entity_name": owner.entity.name,
        "project_name": owner.name,
        "artifact_collection_name": collection.name,
    }


def _project(session: Session, number: int) -> Project:
    return session.get_one(Project, number)
