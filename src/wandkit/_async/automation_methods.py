"""The methods of `AsyncApi` about automations.

Schema: schema/automation.graphql. Operations: queries/automation.graphql. Docs: docs/api/automation.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wandkit._async.account import AsyncAccount
from wandkit.errors import AnswerError, ArgumentError, ArgumentTypeError, ConflictError, NotFoundError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from wandkit._async.automation import AsyncAutomations
    from wandkit.automation.automation import Automation, AutomationChanges, NewAutomation

__all__ = ["AsyncAutomationMethods"]


class AsyncAutomationMethods:
    """The methods of `AsyncApi` about automations."""

    _account: AsyncAccount

    async def automation(self, name: str, *, entity: str | None = None) -> Automation:
        """Fetch the one automation of this name.

        Args:
            name: What it is called.
            entity: The user or team that it belongs to; default all projects of the account.

        Raises:
            NotFoundError: There is none.
            ArgumentError: There are several.
        """
        found = await self.automations(entity, name=name).load_all()
        where = f" in {entity!r}" if entity else ""
        if not found:
            raise NotFoundError(
                f"No automations found that are called {name!r}{where}.",
                operation="ListAutomations",
                host=self._account.settings.base_url,
                next_step="Pass entity=… for one of a whole team; api.automations() lists the others.",
            )
        if len(found) > 1:
            raise ArgumentError(
                f"Multiple automations found that are called {name!r}{where}: "
                + ", ".join(f"{one.id} of {one.scope.name}" for one in found)
                + ".",
                next_step="Take one from api.automations(name=…) by its scope.",
            )
        return found[0]

    def automations(
        self,
        entity: str | None = None,
        *,
        name: str | None = None,
        per_page: int | None = None,
        start: str | None = None,
    ) -> AsyncAutomations:
        """Return automations as a listing. Nothing is sent before it is used.

        Args:
            entity: The user or team whose they are; default all projects of the account.
            name: What they are called; default all.
            per_page: How many on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            NotFoundError: No such entity; raised when the listing is used.
        """
        from wandkit._async.automation import AsyncAutomations

        listing = AsyncAutomations(self._account, entity, name=name, per_page=per_page, start=start)
        return self._account.keep(listing)

    async def create_automation(
        self, obj: NewAutomation, *, fetch_existing: bool = False, **kwargs: Unpack[AutomationChanges]
    ) -> Automation:
        """Save a new automation and return it.

        Args:
            obj: What `event >> action` made.
            fetch_existing: Return the automation of this name that is there already, instead of an error.
            kwargs: `name`, `description`, `enabled`, `scope`, `event`, `action`, instead of those of `obj`.

        Raises:
            ArgumentError: It has no name, event or action, or one of a kind that cannot be made.
            ConflictError: There is one of this name already.
            ArgumentTypeError: `obj` is no automation, or `kwargs` name something else.
            PermissionDeniedError: The API key may not write to the scope.
            UnsupportedError: The server does not know such an event, action or scope; the message names the
                feature that it lacks.
        """
        from wandkit._async.automation_change import create, existing
        from wandkit.automation.wire import assigned

        new = assigned(obj, kwargs)
        try:
            made = await create(self._account, new)
        except ConflictError as error:
            if fetch_existing:
                found = await existing(self._account, new)
                if found is not None:
                    return found
            raise ConflictError(
                f"An automation called {new.name!r} cannot be made. {error.message}",
                operation="CreateAutomation",
                host=error.host,
                status=error.status,
                next_step="Take another name, or pass fetch_existing=True.",
            ) from None
        return made

    async def update_automation(
        self, obj: Automation, *, create_missing: bool = False, **kwargs: Unpack[AutomationChanges]
    ) -> Automation:
        """Send what was changed of an automation and return it as the server has it then.

        Args:
            obj: An automation that the server gave, and that was changed.
            create_missing: Save it as a new one where the server does not have it any more.
            kwargs: `name`, `description`, `enabled`, `scope`, `event`, `action`, instead of those of `obj`.

        Raises:
            NotFoundError: The server does not have it, and `create_missing` is not set.
            ArgumentTypeError: `obj` is no automation, or `kwargs` name something else.
            PermissionDeniedError: The API key may not change it.
            ArgumentError: It was given an event or action of a kind that cannot be made.
            UnsupportedError: The server does not know such an event, action or scope; the message names the
                feature that it lacks.
        """
        from wandkit._async.automation_change import create, update
        from wandkit.automation.wire import assigned

        changed = assigned(obj, kwargs)
        try:
            updated = await update(self._account, changed)
        except NotFoundError as error:
            if error.operation != "UpdateAutomation":
                raise
            if create_missing:
                made = await create(self._account, changed)
                return made
            raise NotFoundError(
                f"The automation {changed.name!r} ({obj.id}) was not updated: {error.message}",
                operation="UpdateAutomation",
                host=error.host,
                status=error.status,
                next_step="If it is gone, create_missing=True saves it as a new one.",
            ) from None
        return updated

    async def delete_automation(self, obj: Automation | str) -> bool:
        """Delete an automation; True.

        Args:
            obj: The automation, or its id.

        Raises:
            NotFoundError: The server does not have it.
            PermissionDeniedError: The API key may not delete it.
            ArgumentTypeError: `obj` is no saved automation and no id.
        """
        from wandkit_generated.gql.aio import delete_automation

        id = obj if isinstance(obj, str) else getattr(obj, "id", None)
        if not isinstance(id, str):
            raise ArgumentTypeError(
                f"A saved automation, or its id, is deleted, not a {type(obj).__name__}.",
                next_step="Get one with api.automation(name).",
            )
        answer = await delete_automation(self._account.gql, id=id)
        if not answer.delete_trigger.success:
            raise AnswerError(
                f"The server did not delete the automation {id!r}, and does not say why.",
                operation="DeleteAutomation",
                host=self._account.settings.base_url,
                next_step="Look whether it is there still: api.automations().",
            )
        return True
