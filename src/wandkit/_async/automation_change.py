"""Saving automations: what the server must know for it, where they watch, and what is sent.

Schema: schema/automation.graphql. Operations: queries/automation.graphql. Docs: docs/api/automation.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wandkit_generated.gql.aio import get_project, get_team
from wandkit_generated.gql.operations import CREATE_AUTOMATION, UPDATE_AUTOMATION

from wandkit._async.account import AsyncAccount
from wandkit._async.automation import AsyncAutomations, missing_entity, read_automation
from wandkit._async.project import missing_project
from wandkit.automation.automation import Automation, NewAutomation
from wandkit.automation.scope import EntityScope, ProjectScope, RegistryScope, Scope
from wandkit.automation.wire import features_needed, variables_to_create, variables_to_update
from wandkit.errors import AnswerError, ArgumentError, UnsupportedError
from wandkit.paths import ProjectPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import AutomationFields

__all__ = ["create", "existing", "update"]


async def create(account: AsyncAccount, automation: NewAutomation | Automation) -> Automation:
    """Save an automation as a new one and return it as the server has it.

    Raises:
        ArgumentError: Something is missing or cannot be made.
        UnsupportedError: The server lacks a feature that it needs.
    """
    variables = variables_to_create(automation)
    await _check_features(account, features_needed(automation), "CreateAutomation")
    if automation.scope is not None:
        variables["scopeId"] = await _scope_id(account, automation.scope)
    answer = await account.gql.execute(CREATE_AUTOMATION, variables)
    payload = answer.create_filter_trigger
    return _read(account, payload.trigger if payload else None, automation, "CreateAutomation")


async def update(account: AsyncAccount, automation: Automation) -> Automation:
    """Send what was changed of an automation and return it as the server has it.

    Raises:
        ArgumentError: It was given something that cannot be made.
        UnsupportedError: The server lacks a feature that the change needs.
    """
    variables = variables_to_update(automation)
    if automation.changed() & {"scope", "event", "action"}:
        await _check_features(account, features_needed(automation), "UpdateAutomation")
    if "scope" in automation.changed():
        variables["scopeId"] = await _scope_id(account, automation.scope)
    answer = await account.gql.execute(UPDATE_AUTOMATION, {"id": automation.id, **variables})
    payload = answer.update_filter_trigger
    return _read(account, payload.trigger if payload else None, automation, "UpdateAutomation")


async def existing(account: AsyncAccount, automation: NewAutomation) -> Automation | None:
    """Return the automation of this name that is there, first that of the same scope; None without one."""
    scope = automation.scope
    entity = scope.name if isinstance(scope, EntityScope) else getattr(scope, "entity", None)
    found = await AsyncAutomations(account, entity, name=automation.name).load_all()
    if not found and entity is not None:
        found = await AsyncAutomations(account, name=automation.name).load_all()
    found.sort(key=lambda one: (one.scope.scope_type, one.scope.name) != _called(scope))
    return found[0] if found else None


def _called(scope: Scope | None) -> tuple[object, str]:
    return (scope.scope_type, scope.name) if scope is not None else (None, "")


async def _check_features(account: AsyncAccount, features: Sequence[str], operation: str) -> None:
    for feature in features:
        if not await account.gql.supports(feature):
            raise UnsupportedError(
                f"This server cannot save such an automation: it lacks the feature {feature}.",
                operation=operation,
                host=account.settings.base_url,
                next_step="A newer server has it; or take another event, action or scope.",
            )


async def _scope_id(account: AsyncAccount, scope: Scope) -> str:
    """Return the id of a scope, asked by name where it is not known.

    Raises:
        NotFoundError: There is no such project or entity.
        ArgumentError: The scope has no id and cannot be found by its name.
    """
    if scope.id is not None:
        return scope.id
    if isinstance(scope, (ProjectScope, RegistryScope)):
        entity = await account.require_entity(scope.entity)
        project = await get_project(account.gql, entity=entity, name=scope.name)
        if project.project is None:
            raise await missing_project(account.gql, ProjectPath(entity, scope.name), "GetProject")
        return project.project.id
    if isinstance(scope, EntityScope):
        team = await get_team(account.gql, name=scope.name)
        if team.entity is None:
            raise missing_entity(account, scope.name, "GetTeam")
        return team.entity.id
    raise ArgumentError(
        f"The scope {scope.name!r} has no id.", next_step="Give the collection itself, from the API."
    )


def _read(
    account: AsyncAccount,
    fields: AutomationFields | None,
    automation: NewAutomation | Automation,
    operation: str,
) -> Automation:
    if fields is None:
        raise AnswerError(
            f"The server did not say what became of the automation {automation.name!r}.",
            operation=operation,
            host=account.settings.base_url,
            next_step="Look for it in api.automations().",
        )
    return read_automation(fields)
