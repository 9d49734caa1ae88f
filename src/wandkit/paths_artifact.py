"""Paths of artifacts: how collections and their versions are named in text.

    NAME                                 the newest version of a collection of the default project
    NAME:ALIAS, NAME:vN                  the version that an alias points to, or that has a number
    PROJECT/NAME[:ALIAS]
    ENTITY/PROJECT/NAME[:ALIAS]
    wandb-registry-X/NAME[:ALIAS]        in the registry X of the default organization
    ORG/wandb-registry-X/NAME[:ALIAS]
    https://HOST/[BASE/]ENTITY/PROJECT/artifacts/TYPE/NAME[/VERSION[/TAB]]
    https://HOST/orgs/ORG/registry/X?selectionPath=ENTITY/PROJECT/NAME&version=VERSION

What follows the first colon is the alias, slashes included. Parsing is pure, as in `paths`.

Docs: docs/api/path.md, docs/api/artifact.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from wandkit.errors import PathError
from wandkit.paths import (
    DEFAULT_PROJECT,
    URL_CREDENTIALS,
    URL_START,
    NeedsEntity,
    ObjectPath,
    ProjectPath,
    checked_text,
)

__all__ = ["REGISTRY_PREFIX", "ArtifactPath", "is_registry", "parse_artifact_path"]

REGISTRY_PREFIX = "wandb-registry-"


@dataclass(frozen=True, slots=True)
class ArtifactPath(ObjectPath):
    """A collection, or with an alias a version in it: `ENTITY/PROJECT/NAME[:ALIAS]`.

    Attributes:
        collection: The collection's name.
        alias: The alias or `vN`; empty for the collection itself, or its newest version.
    """

    EXPECTED: ClassVar[str] = "NAME, PROJECT/NAME or ENTITY/PROJECT/NAME, each with :ALIAS or :vN if you like"

    project: str
    collection: str
    alias: str = ""

    def __post_init__(self) -> None:
        """Refuse pieces that no server could have named."""
        ObjectPath.__post_init__(self)
        if "/" in self.project or "/" in self.collection or ":" in self.collection:
            raise _bad(str(self), "a project or collection holds a slash or colon")

    @property
    def pieces(self) -> tuple[str, ...]:
        """The entity, the project, the collection, and the alias where there is one."""
        pieces = (self.entity, self.project, self.collection)
        return (*pieces, self.alias) if self.alias else pieces

    @property
    def name(self) -> str:
        """`NAME`, or `NAME:ALIAS`."""
        return f"{self.collection}:{self.alias}" if self.alias else self.collection

    @property
    def project_path(self) -> ProjectPath:
        """The project or registry that it is in."""
        return ProjectPath(self.entity, self.project)

    def __str__(self) -> str:
        """Return `ENTITY/PROJECT/NAME[:ALIAS]`."""
        return f"{self.entity}/{self.project}/{self.name}"


def is_registry(project: str) -> bool:
    """Whether a project of this name is a registry."""
    return project.startswith(REGISTRY_PREFIX) and project != REGISTRY_PREFIX


def parse_artifact_path(
    text: str, *, entity: str | None = None, project: str | None = None, app_url: str | None = None
) -> ArtifactPath | NeedsEntity[ArtifactPath]:
    """Return the collection or version that `text` names.

    The entity of a registry whose text names none is left open, whatever the default: it is its
    organization's.

    Args:
        text: A path or URL.
        entity: The default entity.
        project: The default project.
        app_url: The web address whose base path is left out of URLs; not needed for the usual ones.

    Raises:
        PathError: The text names no artifact.
    """
    written = checked_text(text)
    if not written:
        raise _bad(text, "it is empty")
    if URL_START.match(written):
        return _parse_url(written, app_url)
    place, _, alias = written.partition(":")
    pieces = [piece.strip() for piece in place.strip("/").split("/")]
    if len(pieces) > 3 or not all(pieces):
        raise _bad(text, f"it has {len(pieces)} pieces" if all(pieces) else "a piece of it is empty")
    collection = pieces[-1]
    within = pieces[-2] if len(pieces) > 1 else project or DEFAULT_PROJECT
    owner = pieces[0] if len(pieces) > 2 else None
    if owner is None and not is_registry(within):
        owner = entity
    if owner:
        return ArtifactPath(owner, within, collection, alias.strip())
    ArtifactPath("-", within, collection, alias.strip())
    return NeedsEntity(ArtifactPath, (within, collection, alias.strip()), text)


def _parse_url(text: str, app_url: str | None) -> ArtifactPath:
    """Return what the URL of a page in the web app shows."""
    try:
        url = urlsplit(text)
        host = url.hostname
    except ValueError:
        raise _bad(text, "it is not a well-formed URL") from None
    if url.scheme.lower() not in ("http", "https") or not host:
        raise _bad(text, "only http and https URLs name artifacts")
    chosen = parse_qs(url.query)
    if "selectionPath" in chosen:
        pieces = chosen["selectionPath"][0].strip("/").split("/")
        if len(pieces) != 3:
            raise _bad(text, "its selectionPath has not three pieces")
        return ArtifactPath(pieces[0], pieces[1], pieces[2], chosen.get("version", [""])[0])
    base = urlsplit(app_url).path if app_url and urlsplit(app_url).hostname == host else ""
    path = url.path[len(base.rstrip("/")) :] if base and url.path.startswith(base) else url.path
    pieces = [unquote(piece).strip() for piece in path.split("/") if piece.strip()]
    at = next((at for at in range(2, len(pieces)) if pieces[at] == "artifacts"), None)
    if at is None or len(pieces) < at + 3:
        raise _bad(text, "it does not lead to an artifact")
    return ArtifactPath(pieces[at - 2], pieces[at - 1], pieces[at + 2], "".join(pieces[at + 3 : at + 4]))


def _bad(text: str, why: str) -> PathError:
    shown = URL_CREDENTIALS.sub(r"\1***@", text)
    return PathError(
        f"Cannot use the artifact path {shown!r}: {why}.", next_step=f"Expected {ArtifactPath.EXPECTED}."
    )
