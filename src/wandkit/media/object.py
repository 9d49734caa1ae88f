"""Which class an object of an artifact is of, and the names and bytes of their entries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from wandkit.media.cell import media_of
from wandkit.media.media import Home, Media, Origin
from wandkit.media.table import JoinedTable, PartitionedTable, Table

__all__ = ["MediaObject", "entry_of", "object_name", "printed", "read_object"]

KINDS: tuple[str, ...] = (
    "table", "joined-table", "partitioned-table", "image-file", "audio-file", "video-file", "html-file",
    "object3D-file", "molecule-file", "bokeh-file", "classes", "mask",
)  # fmt: skip
"""What can be added, which is also the end of the entry's name."""


@runtime_checkable
class MediaObject(Protocol):
    """What an artifact can hold besides plain files."""

    @property
    def type(self) -> str:
        """Its `_type`."""
        ...

    source: Origin | None

    def files(self) -> Iterator[Media]:
        """Yield the files that go with it."""
        ...

    def to_json(self, home: Home) -> dict[str, Any]:
        """Return what an artifact says of it, its files being put there."""
        ...


def read_object(fields: Mapping[str, Any], name: str = "") -> MediaObject:
    """Return the object that an entry's JSON describes; older tables are known by the `name` alone."""
    kind = str(fields.get("_type") or ("table" if name.endswith("table.json") else ""))
    if kind == Table.kind:
        return Table.of(fields)
    if kind == JoinedTable.kind:
        return JoinedTable.of(fields)
    if kind == PartitionedTable.kind:
        return PartitionedTable.of(fields)
    return media_of(fields)


def object_name(name: str, kind: str) -> str:
    """Return the name of the entry for an object that is added as `name`."""
    suffix = f"{kind}.json" if kind else "json"
    return name if name.endswith(suffix) else f"{name}.{suffix}"


def entry_of(name: str, entries: Mapping[str, Any]) -> str | None:
    """Return which of `entries` holds the object that was added as `name`; None without one."""
    if name.endswith(".json") and name in entries:
        return name
    for kind in KINDS:
        found = object_name(name, kind)
        if found in entries:
            return found
    others = [path for path in entries if path.startswith(f"{name}.") and path.endswith(".json")]
    near = [path for path in others if "/" not in path[len(name) :]]
    return near[0] if len(near) == 1 else None


def printed(value: Any, home: Home) -> bytes:
    """Return the bytes of an object's entry, which are those of the official client."""
    fields = value.to_json(home)
    return json.dumps(fields, sort_keys=True).encode("ascii")
