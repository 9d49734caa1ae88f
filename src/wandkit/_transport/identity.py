"""Who asks: the headers of each request, and the guard that keeps credentials at one host.

The `Authorization` header and everything else that tells who the user is go to the scheme, host and port of
the base URL. Any other address (a signed URL, the target of a redirect) sees the user agent alone.
"""

from __future__ import annotations

import re
from base64 import b64encode

from wandkit import __version__
from wandkit._core.failure import Asked
from wandkit._core.secret import Secret
from wandkit._transport.exchange import Origin, resolve
from wandkit.errors import MissingKeyError
from wandkit.settings import Settings

__all__ = ["USER_AGENT", "Identity"]

USER_AGENT = f"wandkit/{__version__}"

_ACCESS_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


class Identity:
    """One user's credentials for one server."""

    def __init__(self, settings: Settings, user_agent: str | None = None) -> None:
        self.settings = settings
        self.user_agent = user_agent or USER_AGENT
        origin, path = resolve(settings.base_url)
        self.origin: Origin = origin
        self._base_path = path.rstrip("/")

    def place(self, path_or_url: str) -> tuple[Origin, str]:
        """Return the origin and target of a path below the base URL, or of a whole URL."""
        if "://" in path_or_url.split("?", 1)[0]:
            return resolve(path_or_url)
        return resolve(f"{self.origin}{self._base_path}/{path_or_url.lstrip('/')}")

    def is_home(self, origin: Origin) -> bool:
        """Whether `origin` may see the credentials."""
        return origin == self.origin

    def headers(self, origin: Origin, operation: str) -> dict[str, str]:
        """Return the headers that tell `origin` who asks for `operation`.

        Raises:
            MissingKeyError: There is no key; the message lists where it was looked up.
        """
        headers = {"User-Agent": self.user_agent, "Accept": "*/*"}
        if not self.is_home(origin):
            return headers
        settings = self.settings
        try:
            key = settings.require_key()
        except MissingKeyError as error:
            error.operation = operation
            raise
        headers["Authorization"] = _authorization(key)
        headers["Use-Admin-Privileges"] = "true"
        if settings.username:
            headers["X-Wandb-Username"] = settings.username
        if settings.email:
            headers["X-Wandb-User-Email"] = settings.email
        headers.update(settings.extra_headers)
        return headers

    def asked(self, operation: str, origin: Origin, *, timeout_s: float, known: bool = True) -> Asked:
        """Return the facts of a request that its errors name."""
        home = self.is_home(origin)
        return Asked(
            operation=operation,
            host=str(origin),
            key_source=self.settings.sources.get("api_key", "") if home else "",
            key_page=f"{self.settings.app_url}/authorize",
            timeout_s=timeout_s,
            known=known,
            home=home,
            secrets=self._secrets(),
        )

    def _secrets(self) -> tuple[str, ...]:
        key = self.settings.api_key
        return (key, Secret(_authorization(key).split(" ", 1)[1])) if key else ()


def _authorization(key: str) -> Secret:
    """Return how a key is shown to the server: an access token as Bearer, a key as Basic `api:key`."""
    if _ACCESS_TOKEN.fullmatch(key):
        return Secret(f"Bearer {key}")
    return Secret(f"Basic {b64encode(f'api:{key}'.encode()).decode()}")
