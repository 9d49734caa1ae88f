"""The methods of `AsyncApi` about sweeps.

Schema: schema/sweep.graphql. Operations: queries/sweep.graphql. Docs: docs/api/sweep.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandkit_generated.gql.aio import create_sweep

from wandkit._async.account import AsyncAccount
from wandkit._core.jsontext import write
from wandkit._core.operation import UNSET
from wandkit.errors import AnswerError, ArgumentError, ArgumentTypeError
from wandkit.paths import SweepPath

if TYPE_CHECKING:
    from wandkit._async.sweep import AsyncSweep

__all__ = ["AsyncSweepMethods"]


class AsyncSweepMethods:
    """The methods of `AsyncApi` about sweeps."""

    _account: AsyncAccount

    async def sweep(self, path: str = "") -> AsyncSweep:
        """Fetch one sweep.

        Args:
            path: `ENTITY/PROJECT/SWEEP`, `PROJECT/SWEEP`, `SWEEP` or a URL; the settings complete it.

        Raises:
            PathError: `path` names no sweep.
            NotFoundError: No such sweep, or the API key may not see it; names near ones.
        """
        from wandkit._async.sweep import AsyncSweep

        found = await self._account.complete(self._account.sweep_path(path))
        sweep = await AsyncSweep.fetch(self._account, found)
        return sweep

    async def create_sweep(
        self,
        config: Mapping[str, Any] | str | PathLike[str],
        project: str | None = None,
        entity: str | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        prior_runs: Sequence[str] | None = None,
    ) -> AsyncSweep:
        """Create a sweep, and its project if need be, and return it; agents can start on it at once.

        What is odd about the configuration, but no error, is told as a `UserWarning`.

        Args:
            config: The configuration as a mapping or as YAML text, or the path of a YAML file.
            project: The project; default the configuration's, then the settings', then `uncategorized`.
            entity: The user or team; default the configuration's, then the settings', then the account's own.
            name: The name to show; default the configuration's.
            description: What it says about itself; default the configuration's.
            prior_runs: Ids of runs of the project to make part of the sweep; a grid skips their points.

        Raises:
            ArgumentError: The configuration cannot be used; the message names the offending key.
            PermissionDeniedError: The API key may not log to the project.
        """
        from wandkit._async.sweep import AsyncSweep
        from wandkit._core.sweep_config import check_sweep_config

        checked, remarks = check_sweep_config(_read(config))
        if isinstance(prior_runs, str):
            raise ArgumentTypeError(f"prior_runs is a list of run ids, not {prior_runs!r}.")
        account = self._account
        place = await account.complete(
            account.project_path(project or checked.get("project"), entity or checked.get("entity"))
        )
        answer = await create_sweep(
            account.gql,
            entity=place.entity,
            project=place.project,
            config=_written(checked),
            display_name=name or UNSET,
            description=description or checked.get("description") or UNSET,
            prior_runs_filters=write({"$or": [{"name": run} for run in prior_runs]}) if prior_runs else UNSET,
        )
        made = answer.upsert_sweep.sweep if answer.upsert_sweep else None
        if answer.upsert_sweep is None or made is None:
            raise AnswerError(
                f"The server did not say what became of the new sweep in {str(place)!r}.",
                operation="CreateSweep",
                host=account.settings.base_url,
                next_step="Look for it with api.project(...).sweeps().",
            )
        taken, wanted = answer.upsert_sweep.inserted_prior_runs, len(set(prior_runs or ()))
        if taken is not None and taken < wanted:
            remarks.append(f"prior_runs: of {wanted} runs, {taken} were found in the project")
        for remark in dict.fromkeys([*remarks, *answer.upsert_sweep.config_validation_warnings]):
            warnings.warn(f"Sweep configuration: {remark}", UserWarning, stacklevel=2)
        owner = (made.project.entity_name, made.project.name) if made.project else place.pieces
        return AsyncSweep(account, SweepPath(owner[0], owner[1], made.name), made)


def _written(checked: Mapping[str, Any]) -> str:
    """Return a configuration as the YAML text that crosses the wire."""
    from wandkit._core.sweep_yaml import dump_yaml

    try:
        return dump_yaml(checked)
    except ValueError as error:
        raise ArgumentError(
            f"Cannot write the sweep configuration as YAML: {error}.",
            next_step="Use texts, numbers, lists and mappings only.",
        ) from None


def _read(config: Mapping[str, Any] | str | PathLike[str]) -> Mapping[str, Any]:
    """Return the configuration that was given as a mapping, as YAML text or as a file of such."""
    from wandkit._core.sweep_config import is_mapping
    from wandkit._core.sweep_yaml import load_yaml

    if isinstance(config, Mapping):
        return config
    if not isinstance(config, (str, PathLike)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentTypeError(
            f"A sweep configuration is a mapping, YAML text or the path of a file, not {config!r}."
        )
    try:
        text = config if isinstance(config, str) else Path(config).read_text(encoding="utf-8")
        found = load_yaml(text)
    except OSError as error:
        raise ArgumentError(
            f"Cannot read the sweep configuration: {error}.",
            next_step="Pass the path of a YAML file, YAML text or a mapping.",
        ) from None
    except ValueError as error:
        raise ArgumentError(
            f"The sweep configuration is {error}.", next_step="Mend the YAML text, or pass a mapping."
        ) from None
    if not is_mapping(found):
        raise ArgumentError(
            f"The sweep configuration is no mapping but {found!r}.",
            next_step="For the name of a file, pass a pathlib.Path.",
        )
    return found
