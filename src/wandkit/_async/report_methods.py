"""The methods of `AsyncApi` about reports.

Schema: schema/report.graphql. Operations: queries/report.graphql. Docs: docs/api/report.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from wandkit._async.account import AsyncAccount
from wandkit.errors import PathError
from wandkit.paths import checked_text
from wandkit.paths_report import parse_report_path

if TYPE_CHECKING:
    from wandkit._async.report import AsyncReport
    from wandkit._async.reports import AsyncReports
    from wandkit.report.block import Block
    from wandkit.report.inline import Inline

__all__ = ["AsyncReportMethods"]


class AsyncReportMethods:
    """The methods of `AsyncApi` about reports."""

    _account: AsyncAccount

    def reports(
        self,
        path: str = "",
        name: str | None = None,
        per_page: int | None = None,
        *,
        start: str | None = None,
    ) -> AsyncReports:
        """Return the published reports of a project as a listing. Nothing is sent before it is used.

        Args:
            path: `ENTITY/PROJECT`, `PROJECT` or a URL; default the settings' project.
            name: The server's short name of one report, percent-encoded or not; None lists all.
            per_page: Reports on a page; left out, the size adapts to how quickly the server answers.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            PathError: `path` names no project, and there is no default one.
        """
        from wandkit._async.reports import AsyncReports

        account = self._account
        if not checked_text(path).strip("/ ") and not account.settings.project:
            raise PathError(
                "No project was given and there is no default one.",
                next_step="Pass ENTITY/PROJECT, or set WANDB_PROJECT.",
            )
        wanted = unquote(name) if name is not None else None
        listing = AsyncReports(
            account, account.project_path(path), name=wanted, per_page=per_page, start=start
        )
        return account.keep(listing)

    async def load_report(self, path: str) -> AsyncReport:
        """Fetch one report.

        Args:
            path: `ENTITY/PROJECT/reports/TITLE--ID`, `TITLE--ID`, the id, or the URL of the report.

        Raises:
            PathError: `path` names no report.
            NotFoundError: No such report, or the API key may not see it.
        """
        from wandkit._async.report import AsyncReport

        report = await AsyncReport.fetch(self._account, parse_report_path(path))
        return report

    async def create_report(
        self,
        project: str,
        entity: str = "",
        title: str = "Untitled Report",
        description: str = "",
        width: str = "readable",
        blocks: Iterable[Block | Inline | str] | None = None,
        *,
        draft: bool = False,
    ) -> AsyncReport:
        """Make a report, save it, and return it; its project is made if there is none.

        Args:
            project: `PROJECT`, `ENTITY/PROJECT` or a URL.
            entity: Where the project names none; default the settings' entity, then the account's own.
            title: What the report is called.
            description: What stands below the title.
            width: `readable`, `fixed` or `fluid`.
            blocks: Blocks of `wandkit.report`; a plain string is a paragraph.
            draft: Save it as a draft, which nobody else sees.

        Raises:
            ArgumentError: No such width, or something that is no block; nothing was sent.
            PermissionDeniedError: The API key may not write to the project.
        """
        from wandkit._async.report import AsyncReport
        from wandkit.report.spec import ReportSpec

        account = self._account
        content = ReportSpec.of(blocks or [], width)
        path = await account.complete(account.project_path(project, entity or None))
        content.complete(path.entity, path.project)
        report = AsyncReport.from_text(account, path, json.dumps(content.checked()))
        report.display_name = title
        report.description = description
        await report.save(draft=draft)
        return report
