"""Paths: how projects and runs are named in text, one grammar for every method that takes a path.

    PROJECT                  the project of the default entity
    ENTITY/PROJECT
    RUN                      the run of the default project
    PROJECT/RUN              the project of the default entity
    PROJECT:RUN
    ENTITY/PROJECT/RUN       also with `/runs/` or `/sweeps/` before the id
    ENTITY/PROJECT:RUN
    https://HOST/[BASE/]ENTITY/PROJECT[/TAB]            with any query and fragment, percent-encoded
    https://HOST/[BASE/]ENTITY/PROJECT/runs/RUN[/TAB]

A sweep is named as a run is, with `/sweeps/` in place of `/runs/` where something has to say which.

Slashes and spaces around a path or a piece do not count. Parsing is pure: where a path needs the default
entity and none is set, the answer is a `NeedsEntity`, which a client completes with the viewer's entity.
Every path prints back to a text that parses to the same path.

Docs: docs/api/path.md.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import astuple, dataclass
from typing import ClassVar, Generic, TypeVar
from urllib.parse import quote, unquote, urlsplit

from typing_extensions import Self

from wandkit.errors import PathError

__all__ = [
    "NeedsEntity",
    "ObjectPath",
    "ProjectPath",
    "RunPath",
    "SweepPath",
    "parse_path",
    "parse_project_path",
    "parse_run_path",
    "parse_sweep_path",
]

DEFAULT_PROJECT = "uncategorized"
RUN_MARKERS = frozenset({"runs", "sweeps"})
URL_START = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
URL_CREDENTIALS = re.compile(r"(://)[^/@]*@")


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """What all paths share: an entity, a printed form, a page. Build a `ProjectPath` or `RunPath`."""

    EXPECTED: ClassVar[str] = "ENTITY/…"

    entity: str

    def __post_init__(self) -> None:
        """Refuse pieces that no server could have named."""
        for piece in self.pieces:
            _check_piece(piece, "/".join(self.pieces), self.EXPECTED)
        if "/" in self.entity:
            raise _bad("/".join(self.pieces), "its entity holds a slash", self.EXPECTED)

    @classmethod
    def from_pieces(cls, *pieces: str) -> Self:
        """Return the path of `pieces`, from the entity downwards."""
        return cls(*pieces)

    @property
    def pieces(self) -> tuple[str, ...]:
        """The pieces from the entity downwards, unquoted."""
        return astuple(self)

    @property
    def quoted(self) -> list[str]:
        """The pieces percent-encoded (a space is `%20`), as `Run.path` lists them."""
        return [quote(piece, safe="") for piece in self.pieces]


@dataclass(frozen=True, slots=True)
class ProjectPath(ObjectPath):
    """A project: `ENTITY/PROJECT`."""

    EXPECTED: ClassVar[str] = "PROJECT, ENTITY/PROJECT or https://HOST/ENTITY/PROJECT"

    project: str

    def __str__(self) -> str:
        """Return `ENTITY/PROJECT`."""
        return f"{self.entity}/{self.project}"

    def url(self, app_url: str) -> str:
        """Return the project's page under the web address `app_url`."""
        return "/".join([app_url.rstrip("/"), *self.quoted])


@dataclass(frozen=True, slots=True)
class RunPath(ObjectPath):
    """A run: `ENTITY/PROJECT/RUN`, where RUN is the id and not the display name."""

    EXPECTED: ClassVar[str] = (
        "RUN, PROJECT/RUN, ENTITY/PROJECT/RUN, ENTITY/PROJECT:RUN or https://HOST/ENTITY/PROJECT/runs/RUN"
    )

    project: str
    run: str

    def __post_init__(self) -> None:
        """Refuse pieces that no server could have named."""
        ObjectPath.__post_init__(self)
        if "/" in self.project or "/" in self.run:
            raise _bad("/".join(self.pieces), "a project or run id holds a slash", self.EXPECTED)

    def __str__(self) -> str:
        """Return `ENTITY/PROJECT/RUN`, with `/runs/` where the project's name would read as that word."""
        marker = "/runs" if self.project in RUN_MARKERS else ""
        return f"{self.entity}/{self.project}{marker}/{self.run}"

    @property
    def project_path(self) -> ProjectPath:
        """The run's project."""
        return ProjectPath(self.entity, self.project)

    def url(self, app_url: str) -> str:
        """Return the run's page under the web address `app_url`."""
        entity, project, run = self.quoted
        return "/".join([app_url.rstrip("/"), entity, project, "runs", run])


@dataclass(frozen=True, slots=True)
class SweepPath(ObjectPath):
    """A sweep: `ENTITY/PROJECT/sweeps/SWEEP`, where SWEEP is the id and not the display name."""

    EXPECTED: ClassVar[str] = (
        "SWEEP, PROJECT/SWEEP, ENTITY/PROJECT/SWEEP, ENTITY/PROJECT:SWEEP "
        "or https://HOST/ENTITY/PROJECT/sweeps/SWEEP"
    )

    project: str
    sweep: str

    def __post_init__(self) -> None:
        """Refuse pieces that no server could have named."""
        ObjectPath.__post_init__(self)
        if "/" in self.project or "/" in self.sweep:
            raise _bad("/".join(self.pieces), "a project or sweep id holds a slash", self.EXPECTED)

    def __str__(self) -> str:
        """Return `ENTITY/PROJECT/sweeps/SWEEP`."""
        return f"{self.entity}/{self.project}/sweeps/{self.sweep}"

    @property
    def project_path(self) -> ProjectPath:
        """The sweep's project."""
        return ProjectPath(self.entity, self.project)

    def url(self, app_url: str) -> str:
        """Return the sweep's page under the web address `app_url`."""
        entity, project, sweep = self.quoted
        return "/".join([app_url.rstrip("/"), entity, project, "sweeps", sweep])


P_co = TypeVar("P_co", bound=ObjectPath, covariant=True)


@dataclass(frozen=True, slots=True)
class NeedsEntity(Generic[P_co]):
    """A path whose text names no entity, while none is set: complete it with the viewer's.

    Attributes:
        kind: The class of the finished path.
        rest: The pieces below the entity.
        text: The path as it was written.
    """

    kind: type[P_co]
    rest: tuple[str, ...]
    text: str

    def complete(self, entity: str | None) -> P_co:
        """Return the path with `entity`.

        Raises:
            PathError: `entity` is None or empty.
        """
        if not entity:
            raise _bad(self.text, "it names no entity and there is no default entity", self.kind.EXPECTED)
        return self.kind.from_pieces(entity, *self.rest)


def checked_text(text: str) -> str:
    """Return a path without the space around it; what is no text is a PathError."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise PathError(f"A path is a text, not {type(text).__name__}: {text!r}.")
    return text.strip()


def parse_project_path(
    text: str | None,
    *,
    entity: str | None = None,
    project: str | None = None,
    app_url: str | None = None,
) -> ProjectPath | NeedsEntity[ProjectPath]:
    """Return the project that `text` names.

    Args:
        text: A path or URL; None or empty means the default project, or `uncategorized` without one.
        entity: The default entity.
        project: The default project.
        app_url: The web address whose base path is left out of URLs; not needed for the usual ones.

    Raises:
        PathError: The text names no project.
    """
    if text and _is_url(text):
        found = _parse_url(text, app_url, ProjectPath.EXPECTED)
        return ProjectPath(found[0], found[1])
    pieces = _split(text or "", ProjectPath.EXPECTED)
    if not pieces:
        return _finish(ProjectPath, entity, (project or DEFAULT_PROJECT,), text or "")
    if len(pieces) == 1:
        return _finish(ProjectPath, entity, (pieces[0],), text or "")
    return ProjectPath(pieces[0], "/".join(pieces[1:]))


def parse_run_path(
    text: str | None,
    *,
    entity: str | None = None,
    project: str | None = None,
    run: str | None = None,
    app_url: str | None = None,
) -> RunPath | NeedsEntity[RunPath]:
    """Return the run that `text` names.

    Args:
        text: A path or URL; None or empty means the default run.
        entity: The default entity.
        project: The default project.
        run: The default run id.
        app_url: The web address whose base path is left out of URLs; not needed for the usual ones.

    Raises:
        PathError: The text names no run, or its project is left out and there is no default project.
    """
    return _member(RunPath, text, entity, project, run, app_url)


def parse_sweep_path(
    text: str | None,
    *,
    entity: str | None = None,
    project: str | None = None,
    sweep: str | None = None,
    app_url: str | None = None,
) -> SweepPath | NeedsEntity[SweepPath]:
    """Return the sweep that `text` names.

    Args:
        text: A path or URL; None or empty means the default sweep.
        entity: The default entity.
        project: The default project.
        sweep: The default sweep id.
        app_url: The web address whose base path is left out of URLs; not needed for the usual ones.

    Raises:
        PathError: The text names no sweep, or its project is left out and there is no default project.
    """
    return _member(SweepPath, text, entity, project, sweep, app_url)


def parse_path(
    text: str,
    *,
    entity: str | None = None,
    project: str | None = None,
    app_url: str | None = None,
) -> (
    ProjectPath
    | RunPath
    | SweepPath
    | NeedsEntity[ProjectPath]
    | NeedsEntity[RunPath]
    | NeedsEntity[SweepPath]
):
    """Return the project, run or sweep that `text` names, as `Api.from_path` reads it.

    One or two pieces are a project, three are a run, and with four the third says what it is. Reports are
    read by `parse_report_path`.

    Raises:
        PathError: The text names none of them.
    """
    expected = (
        "PROJECT, ENTITY/PROJECT, ENTITY/PROJECT/RUN, ENTITY/PROJECT/runs/RUN, ENTITY/PROJECT/sweeps/SWEEP, "
        "ENTITY/PROJECT/reports/TITLE--ID or the URL of one"
    )
    if _is_url(text):
        owner, name, *rest = _parse_url(text, app_url, expected)
        if rest[:1] == ["sweeps"] and len(rest) > 1:
            return _member_of_url(SweepPath, text, app_url)
        if rest[:1] == ["runs"]:
            return _member_of_url(RunPath, text, app_url)
        return ProjectPath(owner, name)
    pieces = _split(text, expected)
    if len(pieces) in (1, 2):
        return parse_project_path(text, entity=entity, project=project)
    if len(pieces) == 3:
        return parse_run_path(text, entity=entity, project=project)
    if len(pieces) == 4 and pieces[2].startswith("run"):
        return RunPath(pieces[0], pieces[1], pieces[3])
    if len(pieces) == 4 and pieces[2].startswith("sweep"):
        return SweepPath(pieces[0], pieces[1], pieces[3])
    raise _bad(text, "it names no project, run, sweep or report", expected)


_P = TypeVar("_P", bound=ObjectPath)


def _member(
    kind: type[_P],
    text: str | None,
    entity: str | None,
    project: str | None,
    default: str | None,
    app_url: str | None,
) -> _P | NeedsEntity[_P]:
    """Return the run or sweep that `text` names: `kind` says which of the two."""
    if text and _is_url(text):
        return _member_of_url(kind, text, app_url)
    written = text or ""
    pieces = _without_markers(written, _split(written, kind.EXPECTED))
    if not pieces and default:
        pieces = [default]
    if not pieces:
        raise _bad(written, f"it is empty and there is no default {_WORDS[kind]}", kind.EXPECTED)
    if len(pieces) < 3 and ":" in pieces[-1]:
        pieces[-1:] = [piece.strip() for piece in pieces[-1].split(":", 1)]
    if len(pieces) == 1:
        if not project:
            raise _bad(written, "it names no project and there is no default project", kind.EXPECTED)
        pieces.insert(0, project)
    if len(pieces) == 2:
        return _finish(kind, entity, (pieces[0], pieces[1]), written)
    if len(pieces) == 3:
        return kind.from_pieces(*pieces)
    raise _bad(written, f"it has {len(pieces)} pieces", kind.EXPECTED)


_WORDS: dict[type[ObjectPath], str] = {RunPath: "run", SweepPath: "sweep"}


def _finish(kind: type[_P], entity: str | None, rest: tuple[str, ...], text: str) -> _P | NeedsEntity[_P]:
    for piece in rest:
        _check_piece(piece, text, kind.EXPECTED)
    return kind.from_pieces(entity, *rest) if entity else NeedsEntity(kind, rest, text)


def _split(text: str, expected: str) -> list[str]:
    """Return the pieces between slashes, stripped, without the empty ones at either end."""
    pieces = [piece.strip() for piece in text.split("/")]
    while pieces and not pieces[0]:
        pieces.pop(0)
    while pieces and not pieces[-1]:
        pieces.pop()
    for piece in pieces:
        _check_piece(piece, text, expected)
    return pieces


def _without_markers(text: str, pieces: list[str]) -> list[str]:
    """Leave out `runs` and `sweeps` where they say what follows, not where they name a project."""
    if len(pieces) == 4 and pieces[2] in RUN_MARKERS:
        return [*pieces[:2], pieces[3]]
    rooted = text.lstrip().startswith("/")
    return [
        piece
        for at, piece in enumerate(pieces)
        if piece not in RUN_MARKERS or at == len(pieces) - 1 or (at == 0 and not rooted)
    ]


# The pages below a project, in any version of the web app: where one of them follows two pieces, those are
# the entity and the project, whatever base path the app is served under.
PROJECT_TABS = RUN_MARKERS | {
    "artifacts", "automations", "files", "groups", "jobs", "launch", "logs", "overview", "registry",
    "reports", "settings", "table", "weave", "workspace",
}  # fmt: skip


def _parse_url(text: str, app_url: str | None, expected: str) -> tuple[str, ...]:
    """Return the entity, the project and what follows them in the URL's path."""
    try:
        url = urlsplit(text.strip())
        host = url.hostname
    except ValueError:
        raise _bad(text, "it is not a well-formed URL", expected) from None
    if url.scheme.lower() not in ("http", "https") or not host:
        raise _bad(text, "only http and https URLs name objects", expected)
    pieces = [unquote(piece).strip() for piece in url.path.split("/") if piece.strip()]
    base = _base_path(host, app_url)
    if base and pieces[: len(base)] == base:
        pieces = pieces[len(base) :]
    tab = next((at for at in range(2, len(pieces)) if pieces[at] in PROJECT_TABS), None)
    if tab is not None:
        pieces = pieces[tab - 2 :]
    elif len(pieces) != 2:
        raise _bad(text, "its path does not lead to a project or below one", expected)
    return tuple(pieces)


def _base_path(host: str, app_url: str | None) -> list[str]:
    """Return the leading pieces that belong to the web app and not to the object."""
    if app_url:
        app = urlsplit(app_url)
        if app.hostname == host:
            return [piece for piece in app.path.split("/") if piece]
    return ["wandb"] if host == "forge.coreweave.com" else []


def _member_of_url(kind: type[_P], text: str, app_url: str | None) -> _P:
    word = _WORDS[kind]
    found = _parse_url(text, app_url, kind.EXPECTED)
    if len(found) < 4 or found[2] != f"{word}s":
        what = f"it leads to {found[2]}" if len(found) > 2 else "it leads to a project"
        raise _bad(text, f"{what}, not to a {word}", kind.EXPECTED)
    return kind.from_pieces(found[0], found[1], found[3])


def _is_url(text: str) -> bool:
    return URL_START.match(checked_text(text)) is not None


def _check_piece(piece: str, text: str, expected: str) -> None:
    if not piece or piece != piece.strip():
        raise _bad(text, "a piece of it is empty", expected)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in piece):
        raise _bad(text, "it holds a control character", expected)


def _bad(text: str, why: str, expected: str) -> PathError:
    shown = URL_CREDENTIALS.sub(r"\1***@", text)
    return PathError(f"Cannot use the path {shown!r}: {why}.", next_step=f"Expected {expected}.")
