"""The official client in an environment of its own, so that nothing of it reaches ours."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["REQUIREMENTS", "find_peer"]

REQUIREMENTS = ("wandb==0.31.0", "pandas>=2.1")
_HOME = Path(__file__).parent.parent / ".nox" / "bench-peer"


def find_peer(given: str | None) -> tuple[str | None, str]:
    """The interpreter of the peer's environment, made if need be; or None and why there is none."""
    if given:
        return given, ""
    python = _HOME / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = _HOME / "ready"
    wanted = "\n".join(REQUIREMENTS)
    if ready.exists() and ready.read_text() == wanted:
        return str(python), ""
    print(f"making the official client's environment in {_HOME}", file=sys.stderr)
    venv.create(_HOME, with_pip=True, clear=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or ["pip failed"])[-1]
    ready.write_text(wanted)
    return str(python), ""
