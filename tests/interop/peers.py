"""The official clients that wandkit is held against, each in an environment of its own.

    python tests/interop/peers.py install

makes `.nox/peers/<version>`; `WANDKIT_PEERS` names another folder. A peer that this Python cannot run is left
out, and its tests are skipped with the reason.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PEERS", "Peer", "install"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Peer:
    """One official client.

    Attributes:
        version: Its version.
        requirements: What to install, with the pins that it needs to be imported today.
        newest_python: The last Python minor version on which it runs; None for any.
    """

    version: str
    requirements: tuple[str, ...]
    newest_python: tuple[int, int] | None = None

    @property
    def folder(self) -> Path:
        """Where its environment is."""
        return Path(os.environ.get("WANDKIT_PEERS") or ROOT / ".nox" / "peers") / self.version

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def reason_missing(self) -> str:
        """Why it cannot be used here; empty where it can."""
        if self.newest_python is not None and sys.version_info[:2] > self.newest_python:
            newest = ".".join(map(str, self.newest_python))
            return f"wandb {self.version} runs on Python up to {newest}, this is {sys.version.split()[0]}"
        if not self.python.exists():
            return f"wandb {self.version} is not installed: run `python tests/interop/peers.py install`"
        return ""


PEERS = {
    peer.version: peer
    for peer in (
        Peer("0.31.0", ("wandb==0.31.0", "wandb-workspaces==0.4.13", "pandas", "pillow")),
        Peer(
            "0.16.6",
            (
                "wandb==0.16.6",
                "setuptools<80",
                "protobuf<5",
                "numpy<2",
                "pandas<3",
                "pillow",
                "tensorboard<2.20",
            ),
            (3, 12),
        ),
    )
}


def install(peer: Peer) -> None:
    """Make the peer's environment where it is missing or was made for other requirements."""
    marker = peer.folder / "requirements.txt"
    wanted = "\n".join((sys.version, *peer.requirements))
    if marker.exists() and marker.read_text() == wanted:
        print(f"wandb {peer.version}: there")
        return
    if peer.newest_python is not None and sys.version_info[:2] > peer.newest_python:
        print(f"wandb {peer.version}: left out, {peer.reason_missing}")
        return
    venv.create(peer.folder, clear=True, with_pip=True)
    command = [str(peer.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *peer.requirements], check=True)
    marker.write_text(wanted)
    print(f"wandb {peer.version}: installed")


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        sys.exit("usage: python tests/interop/peers.py install")
    for known in PEERS.values():
        install(known)
