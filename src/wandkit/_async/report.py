"""Reports: pages about runs, read and written as typed blocks.

Schema: schema/report.graphql. Operations: queries/report.graphql. Docs: docs/api/report.md.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from wandkit_generated.gql.aio import (
    create_project,
    create_report,
    delete_report,
    get_report,
    list_drafts,
    update_report,
)

from wandkit._async.account import AsyncAccount
from wandkit._async.report_content import DRAFT, PUBLISHED, AsyncReportContent
from wandkit._core.operation import UNSET
from wandkit.errors import AnswerError, ArgumentError, ConflictError, NotFoundError
from wandkit.paths import ProjectPath
from wandkit.paths_report import ReportPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import ReportFields

    from wandkit._async.api import AsyncApi
    from wandkit.report.block import Block
    from wandkit.report.inline import Inline

__all__ = ["AsyncReport", "DRAFT", "PUBLISHED"]


class AsyncReport(AsyncReportContent):
    """One report. Get it from `AsyncApi.load_report`, `reports` or `create_report`, or make a new one.

    A new one is sent by `save`, which makes its project if there is none.

    Attributes:
        entity: The user or team of the project.
        project: The project that the report is in.
        id: The server's id; None before the report is saved.
        type: `runs` for a report, `runs/draft` for a draft.
        parent_id: The id of the report that this is a draft of; None for reports, and drafts of nothing.
        name: The server's short name of the report.
        display_name: The title. It can be set; `save` sends it.
        description: What stands below the title. It can be set; `save` sends it.
        user: Who made the report; None where the server does not say.
        created_at: When it was made; None before it is saved.
        updated_at: When it was last changed.
    """

    entity: str
    id: str | None
    display_name: str | None
    description: str | None

    def __init__(
        self,
        project: str,
        entity: str | None = None,
        title: str = "Untitled Report",
        description: str = "",
        width: str = "readable",
        blocks: Iterable[Block | Inline | str] | None = None,
        *,
        api: AsyncApi | None = None,
    ) -> None:
        """Make a report that is not saved yet. Nothing is sent.

        Args:
            project: `PROJECT`, `ENTITY/PROJECT` or a URL.
            entity: Where the project names none; default the settings' entity, then, when it is saved, the
                account's own.
            title: What the report is called.
            description: What stands below the title.
            width: `readable`, `fixed` or `fluid`.
            blocks: Blocks of `wandkit.report`; a plain string is a paragraph.
            api: Whose account to save it with; default that of the environment.

        Raises:
            ArgumentError: No such width, or something that is no block.
            PathError: `project` names no project.
        """
        from wandkit._async.api import AsyncApi
        from wandkit.report.spec import ReportSpec

        account = (api or AsyncApi())._account  # pyright: ignore[reportPrivateUsage]
        path = account.project_path(project, entity or None)
        content = ReportSpec.of(blocks or [], width)
        text = json.dumps(content.checked())
        if isinstance(path, ProjectPath):
            super().__init__(account, path.entity, path.project, text)
        else:
            super().__init__(account, "", path.rest[0], text)
        self._content = content
        self.display_name = title
        self.description = description

    @classmethod
    def from_text(cls, account: AsyncAccount, path: ProjectPath, text: str) -> AsyncReport:
        """Return a report that is not saved yet, with this spec."""
        report = cls.__new__(cls)
        AsyncReportContent.__init__(report, account, path.entity, path.project, text)
        return report

    @classmethod
    def from_fields(cls, account: AsyncAccount, fields: ReportFields) -> AsyncReport:
        """Return the report that an answer describes."""
        path = ProjectPath(fields.entity_name, fields.project_name)
        report = cls.from_text(account, path, fields.spec or "{}")
        report._take(fields)
        return report

    @classmethod
    async def fetch(cls, account: AsyncAccount, path: ReportPath) -> AsyncReport:
        """Fetch the report that `path` names.

        Raises:
            NotFoundError: No such report, or the API key may not see it.
        """
        answer = await get_report(account.gql, id=path.id)
        if answer.view is None or answer.view.type_ not in (PUBLISHED, DRAFT):
            raise _missing(account, str(path), "GetReport")
        report = cls.from_fields(account, answer.view)
        return report

    @classmethod
    async def from_url(cls, url: str, *, api: AsyncApi | None = None) -> AsyncReport:
        """Fetch the report at a URL; the same as `api.load_report(url)`, by default on `AsyncApi()`.

        Args:
            url: As for `load_report`.
            api: Whom to ask; default that of the environment.

        Raises:
            PathError: `url` names no report.
            NotFoundError: No such report, or the API key may not see it.
        """
        from wandkit._async.api import AsyncApi

        report = await (api or AsyncApi()).load_report(url)
        return report

    async def save(self, draft: bool = False, clone: bool = False) -> AsyncReport:
        """Send what was changed, and return the report; a new one is made, with its project if need be.

        Nothing is sent where nothing was changed.

        Args:
            draft: Save it as a draft, which nobody else sees; a report that was published is so no more.
                False publishes it: a draft of another report is put onto that one, see `publish`.
            clone: Make a new report and leave the one that was loaded as it is.

        Raises:
            ArgumentError: Something in the content has a value of a wrong type; nothing was sent.
            PermissionDeniedError: The API key may not write to the project.
            NotFoundError: The report is gone; `save(clone=True)` makes a new one of it.
            ConflictError: The report that this is a draft of was changed since the draft was made.
        """
        kind = DRAFT if draft else PUBLISHED
        if self._deleted and not clone:
            raise NotFoundError(
                f"The report {self.display_name!r} was deleted; nothing was sent.",
                operation="UpdateReport",
                next_step="report.save(clone=True) makes a new one of it.",
            )
        if not self.entity:
            self.entity = await self._account.require_entity()
        self._check()
        if self.parent_id is not None and not draft and not clone:
            return await self.publish()
        values = self._values()
        if self.id is None or clone:
            fields = await self._create(kind, values)
            self._take(fields)
        elif values != self._sent or kind != self.type:
            changed = _changed(values, self._sent)
            fields = await self._update(self.id, changed, kind if kind != self.type else None)
            self._take(fields)
        return self

    async def create_draft(self) -> AsyncReport:
        """Make a draft of this report, which nobody else sees, and return it; the report stays as it is.

        The draft has the content of this object, with what was changed in it and not saved.

        Raises:
            ArgumentError: The report was never saved, or is a draft itself.
            PermissionDeniedError: The API key may not write to the project.
        """
        if self.id is None or self.type == DRAFT:
            raise ArgumentError(
                "Only a published report has drafts.", next_step="Publish it first, with report.save()."
            )
        self._check()
        fields = await self._create(DRAFT, self._values(), parent_id=self.id)
        return AsyncReport.from_fields(self._account, fields)

    async def drafts(self) -> list[AsyncReport]:
        """Return your drafts of this report, the newest first.

        Raises:
            ArgumentError: The report was never saved.
            NotFoundError: The report is gone.
        """
        if self.id is None:
            raise ArgumentError("The report is not saved; it has no drafts.")
        answer = await list_drafts(self._account.gql, id=self.id)
        if answer.view is None:
            raise _missing(self._account, self.id, "ListDrafts")
        edges = answer.view.children.edges if answer.view.children else []
        return [AsyncReport.from_fields(self._account, edge.node) for edge in edges if edge.node]

    async def publish(self, *, force: bool = False) -> AsyncReport:
        """Put a draft onto the report that it is of, delete the draft, and return the report: this object.

        A draft of nothing, and a report, are saved as a report of their own.

        Args:
            force: Do so although the report was changed since the draft was made; those changes are lost.

        Raises:
            ConflictError: The report was changed since the draft was made; nothing was sent.
            NotFoundError: The report is gone; `save(clone=True)` makes a new one of the draft.
            PermissionDeniedError: The API key may not write to the project.
        """
        if self.parent_id is None or self.id is None:
            return await self.save()
        self._check()
        draft_id, values, gql = self.id, self._values(), self._account.gql
        answer = await get_report(gql, id=self.parent_id)
        if answer.view is None:
            raise _missing(self._account, self.parent_id, "GetReport")
        fields, theirs = answer.view, _values_of(answer.view)
        if values != theirs:
            if not force and self._is_behind(fields):
                raise self._conflict(fields)
            fields = await self._update(self.parent_id, _changed(values, theirs))
        with contextlib.suppress(NotFoundError):  # deleted before, by a request whose answer was lost
            await self._delete(draft_id)
        self._take(fields)
        return self

    async def delete(self) -> None:
        """Delete the report and its drafts.

        Raises:
            ArgumentError: It was never saved, or is deleted already.
            NotFoundError: It is gone.
        """
        if self.id is None:
            raise ArgumentError("The report is not saved; there is nothing to delete.")
        await self._delete(self.id)
        self.id = None
        self._deleted = True

    async def _create(
        self, kind: str, values: Mapping[str, str | None], parent_id: str | None = None
    ) -> ReportFields:
        gql = self._account.gql
        if parent_id is None:
            await create_project(gql, entity=self.entity, name=self.project)
        answer = await create_report(
            gql,
            entity=self.entity,
            project=self.project,
            name=secrets.token_hex(6),
            type=kind,
            display_name=values["displayName"],
            description=values["description"],
            spec=values["spec"] or "{}",
            parent_id=parent_id if parent_id is not None else UNSET,
        )
        view = answer.upsert_view.view if answer.upsert_view else None
        if view is None:
            raise self._unanswered("CreateReport")
        return view

    async def _update(
        self, report_id: str, changed: Mapping[str, str | None], kind: str | None = None
    ) -> ReportFields:
        spec, title = changed.get("spec"), changed.get("displayName")
        answer = await update_report(
            self._account.gql,
            id=report_id,
            type=kind if kind is not None else UNSET,
            display_name=title if title is not None else UNSET,
            description=changed["description"] or "" if "description" in changed else UNSET,
            spec=spec if spec is not None else UNSET,
        )
        view = answer.upsert_view.view if answer.upsert_view else None
        if view is None:
            raise self._unanswered("UpdateReport")
        return view

    async def _delete(self, report_id: str) -> None:
        answer = await delete_report(self._account.gql, id=report_id)
        if answer.delete_view is None or not answer.delete_view.success:
            raise self._unanswered("DeleteReport")

    def _is_behind(self, report: ReportFields) -> bool:
        """Whether the report was changed after this draft of it was made."""
        changed, made = report.updated_at, self.created_at
        return changed is not None and made is not None and changed > made

    def _conflict(self, report: ReportFields) -> ConflictError:
        return ConflictError(
            f"The report {report.display_name!r} was changed at {report.updated_at}, after this draft was"
            " made; nothing was sent.",
            operation="UpdateReport",
            host=self._account.settings.base_url,
            next_step="Look at both; draft.publish(force=True) puts the draft in its place.",
        )

    def _unanswered(self, operation: str) -> AnswerError:
        return AnswerError(
            f"The server did not say what became of the report {self.display_name!r}.",
            operation=operation,
            host=self._account.settings.base_url,
            next_step="Look for it with api.reports().",
        )


def _missing(account: AsyncAccount, name: str, operation: str) -> NotFoundError:
    return NotFoundError(
        f"No report '{name}', or the API key may not see it.",
        operation=operation,
        host=account.settings.base_url,
        next_step="List the reports of a project with api.reports().",
    )


def _values_of(fields: ReportFields) -> dict[str, str | None]:
    return {"displayName": fields.display_name, "description": fields.description, "spec": fields.spec}


def _changed(values: Mapping[str, str | None], sent: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: value for name, value in values.items() if value != sent.get(name)}
