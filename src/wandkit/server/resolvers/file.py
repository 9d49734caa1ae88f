"""The files of a run: listing them, links to their contents, asking for uploads, deleting.

Schema: schema/file.graphql. Contents: server/routes/storage.py.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from ariadne import MutationType, ObjectType, SchemaBindable
from graphql import GraphQLResolveInfo

from wandkit.server import ids
from wandkit.server.files import (
    check_name,
    find_file,
    mimetype_of,
    remove_blobs_after_commit,
    run_file_target,
)
from wandkit.server.graphql import Context, context_of
from wandkit.server.model.file import RunFile
from wandkit.server.model.run import Run
from wandkit.server.permissions import Refusal, denied

__all__ = ["BINDABLES"]

DEFAULT_FIRST = 100

run_type: ObjectType = ObjectType("Run")
file_type: ObjectType = ObjectType("File")
mutation: MutationType = MutationType()

_Resolver = TypeVar("_Resolver", bound=Callable[..., Any])


@dataclass(frozen=True)
class FileNode:
    """One file of a run by its name; `stored` is None before its first upload."""

    run: Run
    name: str
    stored: RunFile | None


@dataclass(frozen=True)
class FilePage:
    """A page of files and how many there are in all."""

    nodes: Sequence[FileNode]
    total: int
    has_next: bool
    has_previous: bool


@run_type.field("files")
def resolve_files(
    run: Run, info: GraphQLResolveInfo, first: int | None = None, after: str | None = None,
    last: int | None = None, before: str | None = None, names: Sequence[str | None] | None = None,
    pattern: str | None = None, contentType: Sequence[str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the files by name; where names are asked for, one node each in that order, uploaded or not."""
    context = context_of(info)
    asked = [name for name in names or () if name is not None]
    if asked:
        page = _named_page(context, run, asked, first, after)
    else:
        page = _listed_page(context, run, pattern, contentType, first or last, after)
    return {
        "edges": [{"cursor": _cursor(node.name), "node": node} for node in page.nodes],
        "pageInfo": {
            "hasNextPage": page.has_next,
            "hasPreviousPage": page.has_previous,
            "startCursor": _cursor(page.nodes[0].name) if page.nodes else None,
            "endCursor": _cursor(page.nodes[-1].name) if page.nodes else None,
        },
        "totalCount": page.total,
        "uploadHeaders": [],
    }


@run_type.field("fileCount")
def resolve_file_count(run: Run, info: GraphQLResolveInfo) -> int:
    """Return how many files were uploaded."""
    count = sa.select(sa.func.count()).select_from(RunFile).where(RunFile.run_id == run.id)
    return context_of(info).session.scalar(count) or 0


@run_type.field("storageBytes")
def resolve_storage_bytes(run: Run, info: GraphQLResolveInfo) -> int:
    """Return how many bytes the uploaded files have."""
    size = sa.select(sa.func.sum(RunFile.size)).where(RunFile.run_id == run.id)
    return context_of(info).session.scalar(size) or 0


def _field(name: str) -> Callable[[_Resolver], _Resolver]:
    """Bind a resolver to the files of runs; a file of another kind is an object that holds its fields."""

    def bind(resolve: _Resolver) -> _Resolver:
        def either(node: FileNode | dict[str, Any], info: GraphQLResolveInfo, **arguments: Any) -> Any:
            if isinstance(node, FileNode):
                return resolve(node, info, **arguments)
            value = node.get(name)
            return value() if callable(value) else value

        file_type.field(name)(either)
        return resolve

    return bind


@_field("id")
def resolve_id(node: FileNode, info: GraphQLResolveInfo) -> str:
    """Return the id, which a file has before its upload too."""
    return ids.encode("RunFile", node.run.id, base64.urlsafe_b64encode(node.name.encode()).decode())


@_field("url")
def resolve_url(node: FileNode, info: GraphQLResolveInfo, upload: bool | None = None) -> str:
    """Return a link to download, or to upload where that is asked for and allowed."""
    return _link(context_of(info), node, "PUT" if upload else "GET")


@_field("directUrl")
def resolve_direct_url(node: FileNode, info: GraphQLResolveInfo) -> str:
    """Return a link to download."""
    return _link(context_of(info), node, "GET")


@_field("uploadUrl")
def resolve_upload_url(node: FileNode, info: GraphQLResolveInfo) -> str:
    """Return a link to upload."""
    return _link(context_of(info), node, "PUT")


@_field("displayName")
def resolve_display_name(node: FileNode, info: GraphQLResolveInfo) -> str:
    """Return the last part of the name."""
    return node.name.rpartition("/")[2]


@_field("sizeBytes")
def resolve_size_bytes(node: FileNode, info: GraphQLResolveInfo) -> int:
    """Return the size; 0 before the upload."""
    return node.stored.size if node.stored else 0


@_field("md5")
@_field("digest")
def resolve_md5(node: FileNode, info: GraphQLResolveInfo) -> str | None:
    """Return base64 of the content's MD5 digest."""
    return node.stored.md5 if node.stored else None


@_field("mimetype")
def resolve_mimetype(node: FileNode, info: GraphQLResolveInfo) -> str:
    """Return the media type; before the upload what the name suggests."""
    return node.stored.mimetype if node.stored else mimetype_of(node.name)


@_field("updatedAt")
def resolve_updated_at(node: FileNode, info: GraphQLResolveInfo) -> str | None:
    """Return when the content was last uploaded."""
    return node.stored.updated_at if node.stored else None


@_field("createdAt")
def resolve_created_at(node: FileNode, info: GraphQLResolveInfo) -> str | None:
    """Return when the file was first uploaded."""
    return node.stored.created_at if node.stored else None


@_field("exists")
def resolve_exists(node: FileNode, info: GraphQLResolveInfo) -> bool:
    """Return whether the file was uploaded."""
    return node.stored is not None


@_field("isReference")
@_field("archived")
@_field("special")
def resolve_never(node: FileNode, info: GraphQLResolveInfo) -> bool:
    """Return False: the files of runs are always contents of this server."""
    return False


@_field("uploadHeaders")
def resolve_upload_headers(node: FileNode, info: GraphQLResolveInfo) -> list[str]:
    """Return no headers: a signed link is enough."""
    return []


@mutation.field("createRunFiles")
def create_run_files(_: None, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
    """Return upload links for names, in their order."""
    run = _run_to_change(context_of(info), input)
    try:
        nodes = [FileNode(run, check_name(name), None) for name in input["files"]]
    except ValueError as error:
        raise Refusal(str(error)) from None
    return {"runID": ids.run_id(run), "uploadHeaders": [], "files": nodes}


@mutation.field("markRunFilesUploaded")
def mark_run_files_uploaded(_: None, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
    """Return whether every named file is there whole."""
    context = context_of(info)
    run = _run_to_change(context, input)
    return {"success": all(find_file(context.session, run.id, name) is not None for name in input["files"])}


@mutation.field("deleteFiles")
def delete_files(_: None, info: GraphQLResolveInfo, input: dict[str, Any]) -> dict[str, Any]:
    """Delete files by id; all of them or, where one may not be deleted, none."""
    context = context_of(info)
    doomed = [_file_to_delete(context, file_id) for file_id in input["files"]]
    for file in doomed:
        context.session.delete(file)
    remove_blobs_after_commit(context.session, context.services["blobs"], [file.blob for file in doomed])
    return {"success": True, "clientMutationId": input.get("clientMutationId")}


def _named_page(
    context: Context, run: Run, names: Sequence[str], first: int | None, after: str | None
) -> FilePage:
    names = list(dict.fromkeys(names))
    start = names.index(_name(after)) + 1 if after and _name(after) in names else 0
    shown = names[start : start + _limit(context, first)]
    stored = sa.select(RunFile).where(RunFile.run_id == run.id, RunFile.name.in_(shown))
    by_name = {file.name: file for file in context.session.scalars(stored)}
    nodes = [FileNode(run, name, by_name.get(name)) for name in shown]
    return FilePage(nodes, len(names), start + len(shown) < len(names), start > 0)


def _listed_page(
    context: Context,
    run: Run,
    pattern: str | None,
    mimetypes: Sequence[str] | None,
    first: int | None,
    after: str | None,
) -> FilePage:
    conditions = [RunFile.run_id == run.id]
    if pattern:
        conditions.append(RunFile.name.like(pattern, escape="\\"))
    if mimetypes:
        conditions.append(RunFile.mimetype.in_(mimetypes))
    total = context.session.scalar(sa.select(sa.func.count()).select_from(RunFile).where(*conditions)) or 0
    if after:
        conditions.append(RunFile.name > _name(after))
    limit = _limit(context, first)
    listed = sa.select(RunFile).where(*conditions).order_by(RunFile.name).limit(limit + 1)
    found = context.session.scalars(listed).all()
    nodes = [FileNode(run, file.name, file) for file in found[:limit]]
    return FilePage(nodes, total, len(found) > limit, bool(after))


def _limit(context: Context, first: int | None) -> int:
    return min(DEFAULT_FIRST if first is None else max(first, 0), context.config.max_page_size)


def _link(context: Context, node: FileNode, method: str) -> str:
    if method == "PUT" and not context.access.writes(node.run.project):
        raise denied()
    url: str = context.services["signer"].url(
        context.base_url, method, run_file_target(node.run.id, node.name)
    )
    return url


def _run_to_change(context: Context, input: dict[str, Any]) -> Run:
    project = context.access.project_to_change(input["entityName"], input["projectName"])
    run = context.access.run_in(project, input["runName"])
    if run is None:
        raise Refusal("run not found", 404)
    return run


def _file_to_delete(context: Context, file_id: str) -> RunFile:
    context.access.require_user()
    try:
        number, encoded = ids.decode("RunFile", file_id)
        run = context.session.get(Run, int(number))
        name = base64.urlsafe_b64decode(encoded).decode()
    except ValueError:
        raise Refusal(f"invalid file id {file_id!r}") from None
    if run is None or run.deleted_at is not None or not context.access.reads(run.project):
        raise Refusal("file not found", 404)
    if not context.access.writes(run.project):
        raise denied()
    file = find_file(context.session, run.id, name)
    if file is None:
        raise Refusal("file not found", 404)
    return file


def _cursor(name: str) -> str:
    return ids.encode("FileCursor", base64.urlsafe_b64encode(name.encode()).decode())


def _name(cursor: str) -> str:
    try:
        (encoded,) = ids.decode("FileCursor", cursor)
        return base64.urlsafe_b64decode(encoded).decode()
    except ValueError:
        raise Refusal(f"invalid cursor {cursor!r}") from None


BINDABLES: list[SchemaBindable] = [run_type, file_type, mutation]
