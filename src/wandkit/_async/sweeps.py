"""Listings of sweeps, and the methods of `AsyncApi` about sweeps.

Schema: schema/sweep.graphql. Operations: queries/sweep.graphql. Docs: docs/api/sweep.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from wandkit_generated.gql.aio import create_sweep
from wandkit_generated.gql.operations import LIST_SWEEPS

from wandkit._async.account import AsyncAccount
from wandkit._async.listing import AsyncListing
from wandkit._async.project import missing_project
from wandkit._async.sweep import AsyncSweep
from wandkit._core.jsontext import write
from wandkit._core.operation import UNSET
from wandkit._core.pagination import Page, PageRequest
from wandkit._core.sweep_config import check_sweep_config, is_mapping
from wandkit._core.sweep_yaml import dump_yaml, load_yaml
from wandkit.errors import AnswerError, ArgumentError, UnsupportedError
from wandkit.filters import Expression, Order, compile_filters, compile_order
from wandkit.paths import NeedsEntity, ProjectPath, SweepPath

__all__ = ["AsyncSweepMethods", "AsyncSweeps"]


class AsyncSweeps(AsyncListing[AsyncSweep]):
    """The sweeps of a project that a filter lets through, in order. Get it from `AsyncProject.sweeps`."""

    def __init__(
        self,
        account: AsyncAccount,
        path: ProjectPath | NeedsEntity[ProjectPath],
        *,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        super().__init__(per_page=per_page, start=start)
        self._account = account
        self._path = path
        self._filters = compile_filters(filters) if filters is not None else None
        self._order = compile_order(order) if order is not None else None

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncSweep]:
        account = self._account
        path = await account.complete(self._path)
        self._path = path
        await self._check_filters()
        variables: dict[str, Any] = {
            "entity": path.entity,
            "project": path.project,
            "filters": self._filters,
            "order": self._order,
            "first": request.size,
            "after": request.cursor,
        }
        sent = {name: value for name, value in variables.items() if value is not None}
        answer, problems = await account.gql.execute_with_problems(LIST_SWEEPS, sent)
        if answer.project is None:
            raise await missing_project(account.gql, path, "ListSweeps")
        connection = answer.project.sweeps
        nodes = [edge.node for edge in connection.edges] if connection else []
        return Page(
            items=[
                AsyncSweep(account, SweepPath(path.entity, path.project, node.name), node) for node in nodes
            ],
            keys=[node.id for node in nodes],
            cursors=[edge.cursor for edge in connection.edges] if connection else [],
            end_cursor=connection.page_info.end_cursor if connection else None,
            has_next=connection.page_info.has_next_page if connection else False,
            total=answer.project.total_sweeps if self._filters is None else None,
            problems=problems,
        )

    async def _check_filters(self) -> None:
        gql = self._account.gql
        if self._filters is not None and not await gql.supports("SWEEPS_QUERY_FILTERING"):
            raise UnsupportedError(
                "This server cannot filter sweeps.",
                operation="ListSweeps",
                host=gql.settings.base_url,
                next_step="It lacks the feature SWEEPS_QUERY_FILTERING; list them all and pick here.",
            )

    def __repr__(self) -> str:
        """Return whose sweeps these are."""
        path = self._path
        return f"<Sweeps {path}>" if isinstance(path, ProjectPath) else f"<Sweeps {path.rest[0]}>"


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
        checked, remarks = check_sweep_config(_read(config))
        account = self._account
        place = await account.complete(
            account.project_path(project or checked.get("project"), entity or checked.get("entity"))
        )
        try:
            text = dump_yaml(checked)
        except ValueError as error:
            raise ArgumentError(f"Cannot write the sweep configuration as YAML: {error}.") from None
        answer = await create_sweep(
            account.gql,
            entity=place.entity,
            project=place.project,
            config=text,
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
        for remark in dict.fromkeys([*remarks, *answer.upsert_sweep.config_validation_warnings]):
            warnings.warn(f"Sweep configuration: {remark}", UserWarning, stacklevel=2)
        owner = (made.project.entity_name, made.project.name) if made.project else place.pieces
        return AsyncSweep(account, SweepPath(owner[0], owner[1], made.name), made)


def _read(config: Mapping[str, Any] | str | PathLike[str]) -> Mapping[str, Any]:
    """Return the configuration that was given as a mapping, as YAML text or as a file of such."""
    if isinstance(config, Mapping):
        return config
    try:
        text = config if isinstance(config, str) else Path(config).read_text(encoding="utf-8")
        found = load_yaml(text)
    except OSError as error:
        raise ArgumentError(f"Cannot read the sweep configuration: {error}.") from None
    except ValueError as error:
        raise ArgumentError(f"The sweep configuration is {error}.") from None
    if not is_mapping(found):
        raise ArgumentError(
            f"The sweep configuration is no mapping but {found!r}.",
            next_step="For the name of a file, pass a pathlib.Path.",
        )
    return found
