"""Paths of reports: what the address of a report, or a part of it, says.

    ENTITY/PROJECT/reports/TITLE--ID
    ENTITY/PROJECT/reports/ID
    TITLE--ID, ID
    https://HOST/[BASE/]ENTITY/PROJECT/reports/TITLE--ID    with any query and fragment, also with /edit

An id is what the server calls the report, without the `=` at its end. Parsing is pure.

Docs: docs/api/path.md.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from wandkit.errors import PathError
from wandkit.paths import URL_CREDENTIALS, URL_START, checked_text

__all__ = ["ReportPath", "is_report_path", "parse_report_path", "report_url"]

_EXPECTED = "ENTITY/PROJECT/reports/TITLE--ID, TITLE--ID, ID or the URL of a report"
_KIND = re.compile(r"[A-Za-z]+:[^\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class ReportPath:
    """A report: its id, and what else its address says.

    Attributes:
        id: The server's id, padded.
        title: The title, as far as the address shows it.
        entity: The user or team; None where only the report is named.
        project: The project; None where only the report is named.
    """

    id: str
    title: str | None = None
    entity: str | None = None
    project: str | None = None

    def __str__(self) -> str:
        """Return the path without a host."""
        token = self.id.rstrip("=")
        if self.title is not None:
            token = f"{_slug(self.title)}--{token}"
        return f"{self.entity}/{self.project}/reports/{token}" if self.entity and self.project else token


def parse_report_path(text: str) -> ReportPath:
    """Return the report that `text` names.

    Raises:
        PathError: It names none.
    """
    written = checked_text(text)
    place = written.partition("?")[0].partition("#")[0]
    if URL_START.match(written):
        place = _path_of_url(text, written)
    pieces = [piece.strip() for piece in place.split("/") if piece.strip()]
    if len(pieces) > 1 and pieces[-1] == "edit":
        pieces.pop()
    if len(pieces) == 1 and not URL_START.match(written):
        return _report(text, pieces[0])
    if len(pieces) < 4 or not pieces[-2].startswith("report"):
        raise _bad(text, "it does not lead to a report")
    if len(pieces) > 4 and not URL_START.match(written):
        raise _bad(text, f"it has {len(pieces)} pieces")
    return _report(text, pieces[-1], unquote(pieces[-4]), unquote(pieces[-3]))


def is_report_path(text: str) -> bool:
    """Whether `text` is the path or URL of a report by its form."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        return False
    place = text.strip().partition("?")[0].partition("#")[0]
    pieces = [piece for piece in place.split("/") if piece.strip()]
    if len(pieces) > 4 and pieces[-1] == "edit":
        pieces.pop()
    if URL_START.match(text.strip()):
        return len(pieces) > 5 and pieces[-2] == "reports"
    return len(pieces) == 4 and pieces[2].startswith("report")


def report_url(app_url: str, entity: str, project: str, title: str, report_id: str) -> str:
    """Return the address of a report's page under the web address `app_url`."""
    place = "/".join([app_url.rstrip("/"), quote(entity, safe=""), quote(project, safe=""), "reports"])
    return f"{place}/{_slug(title)}--{quote(report_id.rstrip('='), safe='')}"


def _slug(title: str) -> str:
    return quote(re.sub(r"-+", "-", re.sub(r"\W", "-", title)), safe="")


def _path_of_url(text: str, written: str) -> str:
    try:
        url = urlsplit(written)
        host = url.hostname
    except ValueError:
        raise _bad(text, "it is not a well-formed URL") from None
    if url.scheme.lower() not in ("http", "https") or not host:
        raise _bad(text, "only http and https URLs name reports")
    return url.path


def _report(text: str, token: str, entity: str | None = None, project: str | None = None) -> ReportPath:
    title, dashes, last = token.replace("---", "--").rpartition("--")
    if not dashes and "-" in last:
        raise _bad(text, "it has no `--` before the id")
    shown = unquote(title).replace("-", " ") if dashes else None
    return ReportPath(_full_id(text, unquote(last)), shown, entity, project)


def _full_id(text: str, token: str) -> str:
    bare = token.rstrip("=")
    try:
        decoded = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
        readable = _KIND.fullmatch(decoded.decode("ascii")) is not None
    except (binascii.Error, ValueError):
        readable = False
        decoded = b""
    if not readable:
        raise _bad(text, f"{token!r} is no id of a report")
    return base64.b64encode(decoded).decode()


def _bad(text: str, why: str) -> PathError:
    shown = URL_CREDENTIALS.sub(r"\1***@", text)
    return PathError(f"Cannot use the path {shown!r}: {why}.", next_step=f"Expected {_EXPECTED}.")
