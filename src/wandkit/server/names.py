"""Names that the server makes up: run ids, and display names such as `fresh-river-12`."""

from __future__ import annotations

import secrets
import string

__all__ = ["check_name", "made_up_name", "new_run_name"]

_FORBIDDEN = "/\\#?%:\r\n"
_FIRST_WORDS = (
    "amber autumn bold brave bright brisk calm clear clever cool cosmic crimson crisp dawn deep early eager "
    "electric ember fair fresh frosty gentle glad golden grand green happy hidden honest icy jolly keen kind "
    "light lively lucky lunar mellow misty noble polar proud quick quiet rapid royal rustic scarlet serene "
    "silent silver smart smooth snowy solar spring still stoic sunny swift tidy upbeat vivid warm wild wise"
)
_SECOND_WORDS = (
    "acorn anchor aspen aurora badger bay beacon birch bird blossom breeze brook canyon cedar cliff cloud "
    "comet coral creek crow delta dew dune eagle elm falcon feather fern field fire flame flower fog forest "
    "fox garden glacier grove harbor hawk hill island jungle lake lantern leaf maple meadow moon moss "
    "mountain oak ocean otter owl peak pine plain planet pond rain reef ridge river sea shadow sky snow "
    "spark star stone storm stream summit sun surf thunder tree valley wave willow wind wolf wood"
)


def new_run_name() -> str:
    """Return a random run id of eight lowercase letters and digits."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))


def made_up_name(number: int) -> str:
    """Return a display name for the project's `number`-th run."""
    return f"{secrets.choice(_FIRST_WORDS.split())}-{secrets.choice(_SECOND_WORDS.split())}-{number}"


def check_name(kind: str, name: str) -> None:
    """Return if `name` can name a project or a run.

    Raises:
        ValueError: It cannot; the message says why.
    """
    if not name:
        raise ValueError(f"invalid {kind} name: it is empty")
    for character in name:
        if character in _FORBIDDEN:
            raise ValueError(f'invalid {kind} name {name}, cannot contain character "{character}"')
    if len(name) > 128:
        raise ValueError(f"invalid {kind} name {name}, must be 128 characters or less")
