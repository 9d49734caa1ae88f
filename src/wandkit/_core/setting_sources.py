"""Where settings come from: overrides, the environment, netrc and the settings files. Reading only."""

from __future__ import annotations

import configparser
import json
import netrc
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from wandkit.errors import SettingsError

__all__ = ["ENVIRONMENT", "Lookup", "netrc_password", "settings_files"]

ENVIRONMENT = {
    "base_url": "WANDB_BASE_URL",
    "app_url": "WANDB_APP_URL",
    "api_key": "WANDB_API_KEY",
    "entity": "WANDB_ENTITY",
    "project": "WANDB_PROJECT",
    "organization": "WANDB_ORGANIZATION",
    "username": "WANDB_USERNAME",
    "email": "WANDB_USER_EMAIL",
    "timeout": "WANDB_HTTP_TIMEOUT",
    "insecure": "WANDB_INSECURE_DISABLE_SSL",
    "cache_dir": "WANDB_CACHE_DIR",
    "proxies": "WANDB__PROXIES",
    "extra_headers": "WANDB__EXTRA_HTTP_HEADERS",
    "identity_token_file": "WANDB_IDENTITY_TOKEN_FILE",
}


class Lookup:
    """Finds a setting in the overrides, the environment and the settings files, and remembers where.

    Attributes:
        sources: For each setting found, where.
        file_names: The settings files there are, the local one first.
    """

    def __init__(
        self,
        overrides: Mapping[str, Any],
        environ: Mapping[str, str],
        files: list[tuple[Path, Mapping[str, str]]],
    ) -> None:
        self._given: list[tuple[str, Mapping[str, Any]]] = [
            ("overrides", overrides),
            *(
                (variable, {name: environ[variable].strip()})
                for name, variable in ENVIRONMENT.items()
                if variable in environ
            ),
        ]
        self._files: list[tuple[str, Mapping[str, Any]]] = [(str(path), values) for path, values in files]
        self.sources: dict[str, str] = {}
        self.file_names = [name for name, _ in self._files]

    def find(self, name: str, *, files: bool = True) -> tuple[Any, str]:
        """Return the value of the first layer that has one, and the layer's name; None where none has."""
        for source, values in [*self._given, *(self._files if files else [])]:
            value = values.get(name)
            if value is not None and value != "":
                self.sources[name] = source
                return value, source
        return None, "the defaults"

    def file_base_url(self, default: str) -> str:
        """Return the server that the settings files are about."""
        for _, values in self._files:
            if values.get("base_url"):
                return str(values["base_url"]).strip().rstrip("/")
        return default

    def text(self, name: str, default: str) -> tuple[str, str]:
        """Return a text and where it was found."""
        value, source = self.find(name)
        if value is None:
            return default, source
        if not isinstance(value, str):
            raise SettingsError(f"{name} from {source} must be text, not {type(value).__name__}.")
        return value.strip(), source

    def optional(self, name: str) -> str | None:
        """Return a text, or None where it is not set or blank."""
        return self.text(name, "")[0] or None

    def path(self, name: str, home: Path | None) -> Path | None:
        """Return a path, `~` resolved, or None."""
        value, source = self.find(name)
        if value is None:
            return None
        if not isinstance(value, (str, os.PathLike)):
            raise SettingsError(f"{name} from {source} must be a path, not {type(value).__name__}.")
        return expanded(os.fspath(value), home)

    def switch(self, name: str) -> bool:
        """Return whether a yes-or-no setting is on."""
        value = self.find(name)[0]
        return str(value).strip().lower() not in ("", "0", "false", "no", "off", "none")

    def seconds(self, name: str, argument: float | None, default: float) -> float:
        """Return a number of seconds above 0."""
        value, source = (argument, "an argument") if argument is not None else self.find(name)
        if value is None:
            return default
        try:
            seconds = float(value)
        except (TypeError, ValueError):
            seconds = 0.0
        if not seconds > 0:
            raise SettingsError(f"{name} from {source} must be a number of seconds above 0, not {value!r}.")
        return seconds

    def mapping(self, name: str) -> dict[str, str]:
        """Return names and texts, given as a mapping or as a JSON object."""
        value, source = self.find(name)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                value = False
        if value is None:
            return {}
        entries = cast("Mapping[object, object]", value) if isinstance(value, Mapping) else None
        if entries is None:
            raise SettingsError(
                f"{name} from {source} is not a JSON object.", next_step='Write it as {"name": "value"}.'
            )
        return {str(key): str(text) for key, text in entries.items()}


def settings_files(
    environ: Mapping[str, str], home: Path | None, cwd: Path | None
) -> list[tuple[Path, Mapping[str, str]]]:
    """Return the settings files that exist and what they hold, the local one first."""
    folder = environ.get("WANDB_DIR")
    base = expanded(folder, home) if folder else cwd or _current_folder()
    found = _first_file([base / "wandb" / "settings", base / ".wandb" / "settings"]) if base else []
    config = environ.get("WANDB_CONFIG_DIR")
    if config:
        found += _first_file([expanded(config, home) / "settings"])
    elif home:
        found += _first_file([home / ".config" / "wandb" / "settings"])
    return [(path, _read_settings_file(path, text)) for path, text in found]


def netrc_password(
    base_url: str, environ: Mapping[str, str], home: Path | None
) -> tuple[str | None, str, list[str]]:
    """Return the password for the server's host, where it was found, and the places searched.

    The host with its port comes before the host alone. A `default` entry never counts: it is for no host in
    particular, and a password must not go to a host that its owner did not name.
    """
    url = urlsplit(base_url)
    hosts = list(dict.fromkeys(host for host in (url.netloc, url.hostname) if host))
    named = environ.get("NETRC")
    paths = [expanded(named, home)] if named else [home / ".netrc", home / "_netrc"] if home else []
    searched: list[str] = []
    for path, text in _first_file(paths) or [(path, "") for path in paths[:1]]:
        searched.append(f"{path} (machine {' or '.join(hosts)})")
        try:
            entries = netrc.netrc(path).hosts if text else {}
        except (OSError, netrc.NetrcParseError, ValueError):
            searched[-1] += ", which cannot be read"
            continue
        for host in hosts:
            if host in entries and entries[host][2]:
                return entries[host][2], f"{path} (machine {host})", searched
    return None, "", searched


def expanded(path: str, home: Path | None) -> Path:
    """Return the path with a leading `~` resolved against `home`."""
    if home and (path == "~" or path.startswith("~/")):
        return home / path[2:]
    return Path(path)


def _first_file(paths: list[Path]) -> list[tuple[Path, str]]:
    """Return the first of the files that can be read, with its text, as a list of one or none."""
    for path in paths:
        try:
            return [(path, path.read_text(encoding="utf-8"))]
        except (OSError, ValueError):
            continue
    return []


def _read_settings_file(path: Path, text: str) -> Mapping[str, str]:
    parser = configparser.ConfigParser(interpolation=None, default_section="default", strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {type(error).__name__}.",
            next_step="Write lines `name = value` under a line `[default]`.",
        ) from None
    return dict(parser.defaults())


def _current_folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:
        return None
