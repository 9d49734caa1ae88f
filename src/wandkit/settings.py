"""Settings: which server, which key, which defaults, and where each of them was found.

`Settings.resolve` is a pure function of its arguments, then the environment, then netrc, then the settings
files, with the official client's names. It writes, asks and sends nothing.

Docs: docs/api/settings.md.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wandkit._core.near import did_you_mean, near_matches
from wandkit._core.secret import Secret
from wandkit._core.setting_sources import ENVIRONMENT, Lookup, netrc_password, settings_files
from wandkit.errors import MissingKeyError, SettingsError

__all__ = ["DEFAULT_BASE_URL", "DEFAULT_TIMEOUT_S", "Settings"]

DEFAULT_BASE_URL = "https://api.wandb.ai"
DEFAULT_TIMEOUT_S = 19.0

OTHER_SPELLINGS = {
    "_proxies": "proxies",
    "_extra_http_headers": "extra_headers",
    "x_extra_http_headers": "extra_headers",
    "insecure_disable_ssl": "insecure",
    "user_email": "email",
}
OVERRIDABLE = frozenset(ENVIRONMENT) | {"run", "ca_bundle"}
# Settings of the official client that mean nothing here.
ELSEWHERE = frozenset(
    {"anonymous", "git_remote", "http_proxy", "https_proxy", "ignore_globs", "login_timeout", "root_dir"}
    | {"section", "x_graphql_timeout_seconds"}
)
MISSPELT = 0.75
"""How alike a name must be to that of a setting, of 1, to be meant as that."""


@dataclass(frozen=True, repr=False)
class Settings:
    """What a client needs to know before it sends anything. Get it from `Settings.resolve`.

    Attributes:
        base_url: The API server, without a slash at the end.
        app_url: The web address of the same server, without a slash at the end; pages live under it.
        entity: The default entity; None leaves it to the server's answer about the viewer.
        project: The default project.
        run: The default run id.
        organization: The default organization.
        api_key: The key or access token; never shown.
        timeout: Seconds for one attempt of a request.
        proxies: Proxy URLs by scheme (`http`, `https`); empty leaves it to the usual proxy variables.
        extra_headers: Headers to send with each request to the server.
        username: The user's name, sent as a header where set.
        email: The user's email address, sent as a header where set.
        insecure: True switches the check of TLS certificates off.
        ca_bundle: The file of certificates to trust instead of the system's.
        cache_dir: The folder for cached data; created by whoever first writes to it.
        identity_token_file: The file of an identity token, as set; it is not read here.
        sources: For each setting that is not a default, where it was found.
        searched: The places that were searched for the key, in order.
        extra: Overrides that are none of the above, as they were given.
    """

    base_url: str = DEFAULT_BASE_URL
    app_url: str = "https://wandb.ai"
    entity: str | None = None
    project: str | None = None
    run: str | None = None
    organization: str | None = None
    api_key: str | None = None
    timeout: float = DEFAULT_TIMEOUT_S
    proxies: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    extra_headers: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    username: str | None = None
    email: str | None = None
    insecure: bool = False
    ca_bundle: Path | None = None
    cache_dir: Path = Path(".cache/wandkit")
    identity_token_file: Path | None = None
    sources: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    searched: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)

    def __post_init__(self) -> None:
        """Hide the key wherever a repr might show it."""
        if self.api_key is not None:
            object.__setattr__(self, "api_key", Secret(self.api_key))

    @classmethod
    def resolve(
        cls,
        overrides: Mapping[str, Any] | None = None,
        api_key: str | None = None,
        timeout: float | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        home: Path | None = None,
        cwd: Path | None = None,
    ) -> Settings:
        """Return the settings that these arguments, the environment and the files give.

        Args:
            overrides: Settings by name; the official client's spellings work too. They come first. What is
                the name of no setting is kept in `extra`, unless it is nearly one.
            api_key: The key to use; it comes before any other.
            timeout: Seconds for one attempt of a request.
            environ: The environment; default this process's.
            home: The home folder, for netrc and the global settings file; default the user's.
            cwd: The folder of the local settings file; default the current one.

        Raises:
            SettingsError: A setting cannot be used, or its name is misspelt; the message says which one it
                is, and where it was found.
        """
        environ = os.environ if environ is None else environ
        home = home or _home(environ)
        given = _overrides(overrides)
        look = Lookup(given, environ, settings_files(environ, home, cwd))
        base_url = _base_url(*look.text("base_url", DEFAULT_BASE_URL))
        key, searched = _find_key(look, base_url, api_key, environ, home)
        app_url = look.text("app_url", "")[0]
        return cls(
            base_url=base_url,
            app_url=app_url.rstrip("/") or app_url_of(base_url),
            entity=look.optional("entity"),
            project=look.optional("project"),
            run=look.optional("run"),
            organization=look.optional("organization"),
            api_key=key,
            timeout=look.seconds("timeout", timeout, DEFAULT_TIMEOUT_S),
            proxies=look.mapping("proxies"),
            extra_headers=look.mapping("extra_headers"),
            username=look.optional("username"),
            email=look.optional("email"),
            insecure=look.switch("insecure"),
            ca_bundle=look.path("ca_bundle", home) or _ca_bundle(environ),
            cache_dir=_cache_dir(look.path("cache_dir", home), environ, home),
            identity_token_file=look.path("identity_token_file", home),
            sources=look.sources,
            searched=searched,
            extra={name: value for name, value in given.items() if name not in OVERRIDABLE},
        )

    @property
    def verify(self) -> bool | str:
        """What httpx takes as `verify`: a file of certificates, True, or False where the check is off."""
        if self.insecure:
            return False
        return str(self.ca_bundle) if self.ca_bundle else True

    def require_key(self) -> str:
        """Return the API key.

        Raises:
            MissingKeyError: There is none; the message lists where it was looked up.
        """
        if self.api_key:
            return self.api_key
        token = (
            f" The identity token in {self.identity_token_file} (WANDB_IDENTITY_TOKEN_FILE) is not exchanged"
            " for an access token here; do that and pass the access token as the key."
            if self.identity_token_file
            else ""
        )
        raise MissingKeyError(
            f"No API key for {self.base_url}; looked in {', '.join(self.searched) or 'no place'}.",
            host=self.base_url,
            next_step=f"Set WANDB_API_KEY, pass api_key=…, or add the host to netrc.{token}",
        )

    def __repr__(self) -> str:
        """Return the settings without anything secret."""
        key = f"<set, from {self.sources.get('api_key', 'an argument')}>" if self.api_key else "None"
        return (
            f"Settings(base_url={self.base_url!r}, entity={self.entity!r}, project={self.project!r},"
            f" timeout={self.timeout!r}, api_key={key})"
        )


def app_url_of(base_url: str) -> str:
    """Return the web address that belongs to the API server `base_url`."""
    if "://api.forge.coreweave.com" in base_url:
        return base_url.replace("://api.forge.coreweave.com", "://forge.coreweave.com/wandb")
    if "://api.wandb.test" in base_url:
        return base_url.replace("://api.", "://app.")
    if "://api.wandb." in base_url:
        return base_url.replace("://api.", "://")
    return base_url.replace("://api.", "://app.")


def _overrides(overrides: Mapping[str, Any] | None) -> dict[str, Any]:
    for name in overrides or {}:
        _check_spelling(name)
    given = {OTHER_SPELLINGS.get(name, name): value for name, value in (overrides or {}).items()}
    username = given.get("username")
    if username and not given.get("entity"):
        warnings.warn('overrides={"username": …} is taken as the entity; say "entity".', stacklevel=4)
        given["entity"] = given.pop("username")
    return given


def _check_spelling(name: str) -> None:
    known = OVERRIDABLE | OTHER_SPELLINGS.keys() | ELSEWHERE
    if name in known:
        return
    near = near_matches(name, sorted(known - ELSEWHERE), close=MISSPELT)
    if near:
        raise SettingsError(f"overrides has no setting {name!r}.", next_step=did_you_mean(near))


def _base_url(value: str, source: str) -> str:
    """Return the server's address without a slash at the end, checked."""
    asked = f"base_url from {source}"
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError:
        raise SettingsError(f"{asked} is not a well-formed URL.", next_step=_BASE_URL_FORM) from None
    if url.username is not None or url.password is not None:
        raise SettingsError(f"{asked} holds a user name or password.", next_step=_BASE_URL_FORM)
    bad_host = not url.hostname or re.search(r"[\s\x00-\x1f\\]", value)
    if url.scheme not in ("http", "https") or bad_host or port == 0 or url.query or url.fragment:
        raise SettingsError(
            f"{asked} is not the address of a server: {value.split('?')[0]!r}.", next_step=_BASE_URL_FORM
        )
    if url.hostname in ("wandb.ai", "www.wandb.ai", "app.wandb.ai"):
        raise SettingsError(
            f"{asked} is the web app and not the API: {value!r}.", next_step=f"Use {DEFAULT_BASE_URL}."
        )
    return value.rstrip("/")


_BASE_URL_FORM = "Expected http://HOST or https://HOST, with a port or base path if need be."


def _find_key(
    look: Lookup, base_url: str, argument: str | None, environ: Mapping[str, str], home: Path | None
) -> tuple[str | None, tuple[str, ...]]:
    """Return the key, and the places searched for it.

    A key in a settings file belongs to the host of that file, so it counts for that host only.
    """
    searched = ["the api_key argument", "overrides", "WANDB_API_KEY"]
    key, source = (argument, "an argument") if argument else look.find("api_key", files=False)
    if not key:
        key, source, places = netrc_password(base_url, environ, home)
        searched += places
    if not key and look.file_base_url(DEFAULT_BASE_URL) == base_url:
        key, source = look.find("api_key")
        searched += look.file_names
    if not key:
        return None, tuple(searched)
    look.sources["api_key"] = source
    if not isinstance(key, str) or not re.fullmatch(r"[!-~]+", key.strip()):
        raise SettingsError(
            f"The API key from {source} holds characters that no key has (spaces, line breaks or non-ASCII).",
            next_step="Copy the key anew.",
        )
    return key.strip(), tuple(searched)


def _home(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("HOME") or environ.get("USERPROFILE")
    if named:
        return Path(named)
    try:
        return Path.home()
    except RuntimeError:
        return None


def _ca_bundle(environ: Mapping[str, str]) -> Path | None:
    named = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    return Path(named) if named else None


def _cache_dir(named: Path | None, environ: Mapping[str, str], home: Path | None) -> Path:
    """Return our own folder within the named cache folder, or the platform's cache folder for us."""
    if named:
        return named / "wandkit"
    if sys.platform not in ("win32", "darwin") and home:
        base = environ.get("XDG_CACHE_HOME")
        return Path(base) / "wandkit" if base else home / ".cache" / "wandkit"
    import platformdirs

    return Path(platformdirs.user_cache_dir("wandkit", appauthor=False))
