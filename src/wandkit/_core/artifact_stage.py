"""Files that wait for their upload: hashed, and copied to a folder of their own where they may change."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from wandkit._core.digest import MD5, PIECE_BYTES, XXH128, b64_digest, file_digest, new_hash
from wandkit._core.manifest import ManifestEntry

__all__ = ["Staged", "is_staged", "stage", "stage_bytes", "staged_entry", "staging_folder"]


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that is ready to be uploaded.

    Attributes:
        path: Where its bytes are.
        digest: Their base64 digest.
        size: How many there are.
    """

    path: Path
    digest: str
    size: int


def staging_folder() -> Path:
    """Return the folder in which the official client keeps copies until they are uploaded."""
    base = os.environ.get("WANDB_DATA_DIR") or platformdirs.user_data_dir("wandb")
    return Path(base).expanduser() / "artifacts" / "staging"


def is_staged(path: str | os.PathLike[str]) -> bool:
    """Whether the file at `path` is a copy that nobody else needs."""
    return Path(path).parent == staging_folder()


def stage(path: Path, algorithm: str = MD5, *, copy: bool) -> Staged:
    """Return the file at `path`, hashed; with `copy`, a copy of it that is hashed on the way."""
    if not copy:
        absolute = Path(os.path.abspath(path))
        return Staged(absolute, file_digest(absolute, algorithm), absolute.stat().st_size)
    target = _new_file()
    digest, size = new_hash(algorithm), 0
    try:
        with path.open("rb") as source, target.open("xb") as copied:
            while piece := source.read(PIECE_BYTES):
                digest.update(piece)
                copied.write(piece)
                size += len(piece)
        target.chmod(0o400)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return Staged(target, b64_digest(digest.digest()), size)


def stage_bytes(content: bytes, algorithm: str = MD5) -> Staged:
    """Return a new file with `content`, ready to be uploaded."""
    target = _new_file()
    try:
        with target.open("xb") as file:
            file.write(content)
        target.chmod(0o400)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    digest = new_hash(algorithm)
    digest.update(content)
    return Staged(target, b64_digest(digest.digest()), len(content))


def staged_entry(name: str, staged: Staged, algorithm: str, skip_cache: bool = False) -> ManifestEntry:
    """Return the entry `name` of a draft for a file that is ready to be uploaded."""
    extra = {"alg": "XXH128"} if algorithm == XXH128 else {}
    return ManifestEntry(name, staged.digest, staged.size, None, None, extra, str(staged.path), skip_cache)


def _new_file() -> Path:
    folder = staging_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"wandkit-{secrets.token_hex(12)}"
