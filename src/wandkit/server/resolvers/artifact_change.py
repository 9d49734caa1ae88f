"""Changes of versions: creating, committing, using, updating, deleting, and their aliases."""

from __future__ import annotations

from typing import Any

from ariadne import MutationType, SchemaBindable
from graphql import GraphQLResolveInfo
from sqlalchemy import ColumnElement, select

from wandkit.server.artifact_commit import commit, grant_aliases
from wandkit.server.artifact_deletion import delete_version
from wandkit.server.database import now
from wandkit.server.graphql import Context, context_of
from wandkit.server.manifest import ALGORITHMS
from wandkit.server.model.artifact import (
    TTL_FOREVER,
    TTL_INHERITED,
    Artifact,
    ArtifactTag,
    ArtifactUse,
    RunOutput,
)
from wandkit.server.model.collection import ArtifactSequence, Collection, CollectionMember
from wandkit.server.model.project import Project
from wandkit.server.model.run import Run, strict_json
from wandkit.server.permissions import Refusal, denied
from wandkit.server.resolvers.artifact import artifact_by_id, artifact_to_change
from wandkit.server.resolvers.artifact_type import obtain_type
from wandkit.server.versions import (
    check_collection_name,
    find_collection,
    member_of,
    remove_aliases,
    set_aliases,
)

__all__ = ["BINDABLES", "delete_outputs"]

mutation: MutationType = MutationType()

BINDABLES: list[SchemaBindable] = [mutation]


@mutation.field("createArtifact")
def resolve_create_artifact(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Make a pending version; where its sequence has one with the same contents, return that."""
    context = context_of(info)
    owner = context.access.project_to_change(input["entityName"], input["projectName"])
    if input["digestAlgorithm"] not in ALGORITHMS:
        raise Refusal(f"this server does not have the digest algorithm {input['digestAlgorithm']}")
    run = context.access.run_in(owner, input["runName"]) if input.get("runName") else None
    aliases = [[alias["artifactCollectionName"], alias["alias"]] for alias in input.get("aliases") or ()]
    again = _made_before(context, owner, input)
    if again is not None:
        if again.state == "PENDING":
            added = [pair for pair in aliases if pair not in again.wanted_aliases]
            again.wanted_aliases = [*again.wanted_aliases, *added]
            _add_tags(again, input.get("tags") or ())
        return {"artifact": again}
    sequence = _sequence(context, owner, input)
    known = _same_contents(context, sequence, input)
    if known is not None:
        grant_aliases(context.session, known, aliases)
        _add_tags(known, input.get("tags") or ())
    else:
        known = _new_version(context, sequence, run, input, aliases)
    if run is not None:
        _note_output(context, run, known)
    context.session.flush()
    return {"artifact": known}


@mutation.field("commitArtifact")
def resolve_commit_artifact(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Make a pending version permanent; a committed one stays as it is."""
    context = context_of(info)
    found = artifact_to_change(context.access, input["artifactID"])
    if found.state == "DELETED":
        raise Refusal("the version was deleted", 409)
    if found.state == "PENDING":
        commit(context.access, context.services["blobs"], found)
    return {"artifact": found}


@mutation.field("useArtifact")
def resolve_use_artifact(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Note that a run used a version."""
    context = context_of(info)
    owner = context.access.project_to_change(input["entityName"], input["projectName"])
    run = context.access.run_in(owner, input["runName"])
    if run is None:
        raise Refusal("run not found", 404)
    found = artifact_by_id(context.access, input["artifactID"])
    if found is None:
        raise Refusal("artifact not found", 404)
    use = context.session.scalars(
        select(ArtifactUse).where(ArtifactUse.run_id == run.id, ArtifactUse.artifact_id == found.id)
    ).one_or_none()
    if use is None:
        use = ArtifactUse(run_id=run.id, artifact_id=found.id, used_as=[])
        context.session.add(use)
    if input.get("usedAs") and input["usedAs"] not in use.used_as:
        use.used_as = [*use.used_as, input["usedAs"]]
    context.session.flush()
    return {"artifact": found, "run": run}


@mutation.field("updateArtifact")
def resolve_update_artifact(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Change a version; null leaves a field as it is."""
    context = context_of(info)
    found = artifact_to_change(context.access, input["artifactID"])
    if input.get("description") is not None:
        found.description = input["description"]
    if input.get("metadata") is not None:
        found.metadata_text = _json_object("metadata", input["metadata"])
    if input.get("labels") is not None:
        found.labels = _json_object("labels", input["labels"])
    if input.get("ttlDurationSeconds") is not None:
        found.ttl = _ttl(input["ttlDurationSeconds"])
    _remove_tags(found, input.get("tagsToDelete") or ())
    _add_tags(found, input.get("tagsToAdd") or ())
    if input.get("aliases") is not None:
        _replace_aliases(context, found, input["aliases"])
    found.updated_at = now()
    context.session.flush()
    return {"artifact": found}


@mutation.field("deleteArtifact")
def resolve_delete_artifact(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Delete a version and its contents; one with aliases only where they may go too."""
    context = context_of(info)
    found = artifact_to_change(context.access, input["artifactID"])
    aliases = [alias.alias for member in found.members for alias in member.aliases if not alias.is_version]
    if aliases and not input.get("deleteAliases"):
        raise Refusal(
            f"cannot delete an artifact that has aliases ({', '.join(sorted(set(aliases)))}); "
            "remove them first, or delete them with it",
            409,
        )
    delete_version(context.session, context.services["blobs"], found)
    return {"artifact": found}


@mutation.field("addAliases")
def resolve_add_aliases(_parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]) -> dict[str, Any]:
    """Point aliases to a version, in the collections that they are given for."""
    context = context_of(info)
    found = _readable(context, input["artifactID"])
    for alias in input["aliases"]:
        member = _place(context, found, alias)
        if member is None:
            raise Refusal(f"the version is not in the collection {alias['artifactCollectionName']}")
        try:
            set_aliases(context.session, member, [alias["alias"]])
        except ValueError as error:
            raise Refusal(str(error)) from None
    return {"artifact": found, "success": True}


@mutation.field("deleteAliases")
def resolve_delete_aliases(
    _parent: None, info: GraphQLResolveInfo, *, input: dict[str, Any]
) -> dict[str, Any]:
    """Take aliases from a version, in the collections that they are given for."""
    context = context_of(info)
    found = _readable(context, input["artifactID"])
    for alias in input["aliases"]:
        member = _place(context, found, alias)
        if member is not None:
            remove_aliases(context.session, member, [alias["alias"]])
    return {"success": True}


def delete_outputs(context: Context, condition: ColumnElement[bool]) -> None:
    """Delete the versions that the runs for which the condition holds were the first to make."""
    made = select(Artifact).where(
        Artifact.run_id.in_(select(Run.id).where(condition)), Artifact.state != "DELETED"
    )
    for found in context.session.scalars(made).all():
        delete_version(context.session, context.services["blobs"], found)


def _made_before(context: Context, owner: Project, input: dict[str, Any]) -> Artifact | None:
    """Return the version that an earlier request of the same client, or another writer of it, made."""
    if input.get("clientID"):
        mine = select(Artifact).where(Artifact.client_id == input["clientID"])
        found = context.session.scalars(mine).one_or_none()
        if found is not None:
            if found.sequence.project_id != owner.id or found.state == "DELETED":
                raise Refusal("the clientID belongs to another artifact", 409)
            return found
    name = _collection_name(input)
    if not input.get("distributedID") or name is None:
        return None
    sequence = find_collection(context.session, owner.id, name)
    if sequence is None:
        return None
    shared = select(Artifact).where(
        Artifact.sequence_id == sequence.id,
        Artifact.distributed_id == input["distributedID"],
        Artifact.state == "PENDING",
    )
    return context.session.scalars(shared).first()


def _collection_name(input: dict[str, Any]) -> str | None:
    names = input.get("artifactCollectionNames") or ()
    return input.get("artifactCollectionName") or (names[0] if names else None)


def _sequence(context: Context, owner: Project, input: dict[str, Any]) -> Collection:
    name, client_id = _collection_name(input), input.get("sequenceClientID")
    if name is None:
        known = select(Collection).where(Collection.client_id == client_id, Collection.project_id == owner.id)
        found = context.session.scalars(known).first() if client_id else None
        if found is None:
            raise Refusal("an artifact needs an artifactCollectionName")
        return found
    found = find_collection(context.session, owner.id, name)
    if found is not None:
        return _checked_sequence(found, input["artifactTypeName"])
    try:
        check_collection_name(name)
    except ValueError as error:
        raise Refusal(str(error)) from None
    kind = obtain_type(context.session, owner, input["artifactTypeName"])
    made = ArtifactSequence(project=owner, type=kind, name=name, client_id=client_id)
    context.session.add(made)
    context.session.flush()
    return made


def _checked_sequence(found: Collection, type_name: str) -> Collection:
    if not isinstance(found, ArtifactSequence):
        raise Refusal(f"{found.name} is a portfolio: link versions to it, or log under another name")
    if found.type.name != type_name:
        raise Refusal(
            f"artifact collection {found.name} has the type {found.type.name}; "
            f"an artifact of type {type_name} cannot be logged to it",
            409,
        )
    return found


def _same_contents(context: Context, sequence: Collection, input: dict[str, Any]) -> Artifact | None:
    if not input.get("enableDigestDeduplication"):
        return None
    same = select(Artifact).where(
        Artifact.sequence_id == sequence.id,
        Artifact.digest == input["digest"],
        Artifact.digest_algorithm == input["digestAlgorithm"],
        Artifact.state == "COMMITTED",
    )
    return context.session.scalars(same.order_by(Artifact.id.desc()).limit(1)).first()


def _new_version(
    context: Context, sequence: Collection, run: Run | None, input: dict[str, Any], aliases: list[list[str]]
) -> Artifact:
    step = input.get("historyStep")
    made = Artifact(
        sequence=sequence,
        user=context.access.require_user(),
        run=run,
        state="PENDING",
        digest=input["digest"],
        digest_algorithm=input["digestAlgorithm"],
        description=input.get("description"),
        metadata_text=_json_object("metadata", input.get("metadata")),
        labels=_json_object("labels", input.get("labels")),
        ttl=_ttl(input.get("ttlDurationSeconds") or TTL_INHERITED),
        history_step=None if step is None else int(step),
        client_id=input.get("clientID"),
        distributed_id=input.get("distributedID"),
        wanted_aliases=aliases,
        members=[],
        tags=[],
    )
    _add_tags(made, input.get("tags") or ())
    context.session.add(made)
    context.session.flush()
    return made


def _note_output(context: Context, run: Run, made: Artifact) -> None:
    noted = select(RunOutput.id).where(RunOutput.run_id == run.id, RunOutput.artifact_id == made.id)
    if context.session.scalar(noted) is None:
        context.session.add(RunOutput(run_id=run.id, artifact_id=made.id))


def _json_object(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        strict_json(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"invalid {name}: {error}") from None
    return text


def _ttl(seconds: int | str) -> int:
    wanted = int(seconds)
    if wanted <= 0 and wanted not in (TTL_INHERITED, TTL_FOREVER):
        raise Refusal(
            f"ttlDurationSeconds is {wanted}: use seconds, {TTL_INHERITED} to inherit, {TTL_FOREVER} for ever"
        )
    return wanted


def _add_tags(found: Artifact, tags: Any) -> None:
    have = {(tag.category, tag.name) for tag in found.tags}
    for tag in tags:
        key = (tag.get("tagCategoryName") or "", tag["tagName"])
        if not key[1].strip():
            raise Refusal("a tag cannot be empty")
        if key not in have:
            have.add(key)
            found.tags.append(
                ArtifactTag(name=key[1], category=key[0], attributes=tag.get("attributes") or "{}")
            )


def _remove_tags(found: Artifact, tags: Any) -> None:
    doomed = {(tag.get("tagCategoryName") or "", tag["tagName"]) for tag in tags}
    found.tags = [tag for tag in found.tags if (tag.category, tag.name) not in doomed]


def _replace_aliases(context: Context, found: Artifact, aliases: list[dict[str, Any]]) -> None:
    """Give the version these aliases in its sequence and no others, as old clients ask for it."""
    member = member_of(context.session, found.sequence, found)
    if member is None:
        found.wanted_aliases = [[alias["artifactCollectionName"], alias["alias"]] for alias in aliases]
        return
    wanted = [alias["alias"] for alias in aliases if alias["artifactCollectionName"] == found.sequence.name]
    gone = [alias.alias for alias in member.aliases if alias.alias not in wanted]
    remove_aliases(context.session, member, gone)
    grant_aliases(context.session, found, [[found.sequence.name, alias] for alias in wanted])


def _readable(context: Context, global_id: str) -> Artifact:
    context.access.require_user()
    found = artifact_by_id(context.access, global_id)
    if found is None:
        raise Refusal("artifact not found", 404)
    return found


def _place(context: Context, found: Artifact, alias: dict[str, Any]) -> CollectionMember | None:
    """Return the version's place in the collection of an alias, which the caller may change."""
    owner = context.access.project(alias["entityName"], alias["projectName"])
    collection = (
        None if owner is None else find_collection(context.session, owner.id, alias["artifactCollectionName"])
    )
    if owner is None or collection is None:
        raise Refusal(f"artifact collection {alias['artifactCollectionName']} not found", 404)
    if not context.access.writes(owner):
        raise denied()
    return member_of(context.session, collection, found)
