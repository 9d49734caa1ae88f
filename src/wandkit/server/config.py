"""What an embedded server can be told: where it stores and listens, what it offers and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["DEFAULT_FEATURES", "ServerConfig"]

DEFAULT_FEATURES: frozenset[str] = frozenset(
    {
        "ARTIFACT_COLLECTIONS_FILTERING_SORTING",
        "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
        "ARTIFACT_COLLECTION_MEMBERSHIP_FILE_DOWNLOAD_HANDLER",
        "ARTIFACT_DIGEST_ALGORITHM",
        "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
        "ARTIFACT_REGISTRY_SEARCH",
        "ARTIFACT_TAGS",
        "ARTIFACT_V2_DOWNLOAD_HANDLER_SUPPORTS_ARTIFACT_ID",
        "AUTOMATIONS_ON_ORGANIZATION",
        "AUTOMATION_ACTION_ARIA",
        "AUTOMATION_ACTION_NO_OP",
        "AUTOMATION_EVENT_ADD_ARTIFACT_TAG",
        "AUTOMATION_EVENT_ADD_COLLECTION_TAG",
        "AUTOMATION_EVENT_REMOVE_ARTIFACT_TAG",
        "AUTOMATION_EVENT_REMOVE_COLLECTION_TAG",
        "AUTOMATION_EVENT_RUN_METRIC",
        "AUTOMATION_EVENT_RUN_METRIC_CHANGE",
        "AUTOMATION_EVENT_RUN_METRIC_ZSCORE",
        "AUTOMATION_EVENT_RUN_STATE",
        "AUTOMATION_EVENT_UNLINK_ARTIFACT",
        "AUTOMATION_SCOPE_ENTITY",
        "CLIENT_IDS",
        "FILESTREAM_GZIP",
        "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION",
        "LARGE_FILENAMES",
        "MARK_RUN_FILES_UPLOADED",
        "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
        "QUERY_AUTOMATIONS_ON_ENTITY",
        "STRUCTURED_CONSOLE_LOGS",
        "SWEEPS_LOCAL_SCHEDULER",
        "SWEEPS_QUERY_FILTERING",
        "TOTAL_COUNT_IN_FILE_CONNECTION",
        "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
    }
)
"""The `ServerInfo.features` that this server really has; the rest of the known names count as off."""


@dataclass(frozen=True)
class ServerConfig:
    """The settings of one server; everything but `data_dir` has a usable default.

    Attributes:
        data_dir: The folder of the database, the files and the signing secret.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        base_url: The URL under which clients reach the server, without a trailing slash. Empty: the URL of
            the request at hand, so that links work from wherever they are asked for.
        features: The names that `serverInfo.features` reports as enabled.
        hidden: Schema coordinates (`Run.parquetHistory`, `UpsertModelInput.icon`) that this server pretends
            not to know, as an older server would.
        schema_file: SDL to serve instead of the packaged contract.
        heartbeat_timeout_s: A running run that has been silent for longer counts as crashed.
        settle_interval_s: The least time between two looks for crashed runs.
        queue_lease_s: A popped queue item that no agent acknowledged for so long can be popped again.
        max_config_bytes: The largest run config.
        max_summary_bytes: The largest run summary.
        max_request_bytes: The largest GraphQL or file_stream request body.
        max_file_bytes: The largest uploaded file.
        max_page_size: The most nodes in one page of a listing.
        url_lifetime_s: How long a signed URL stays valid.
        export_after_s: How long after a run's end its history is exported to parquet; None for never.
        keep_deleted_s: How long a deleted run can be brought back; then its files and rows are freed, and
            what a deleted project had.
        synchronous: SQLite's `synchronous` pragma. NORMAL keeps every acknowledged write when the process is
            killed; FULL also when the machine loses power.
        allow_private_webhooks: Whether webhooks may go to private, link-local and loopback addresses. Who may
            make a webhook can then reach what this machine can reach.
        webhook_timeout_s: How long one try of a webhook may take.
        webhook_attempts: How often a webhook is tried at most.
        webhook_retry_s: The wait before the second try; it doubles for each further one.
        keep_deliveries_s: How long the log keeps a delivery after it is over.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8080
    base_url: str = ""
    features: frozenset[str] = field(default=DEFAULT_FEATURES)
    hidden: frozenset[str] = frozenset()
    schema_file: Path | None = None
    heartbeat_timeout_s: float = 300.0
    settle_interval_s: float = 5.0
    queue_lease_s: float = 60.0
    max_config_bytes: int = 15 * 1024 * 1024
    max_summary_bytes: int = 64 * 1024 * 1024
    max_request_bytes: int = 128 * 1024 * 1024
    max_file_bytes: int = 64 * 1024 * 1024 * 1024
    max_page_size: int = 1000
    url_lifetime_s: float = 86400.0
    export_after_s: float | None = None
    keep_deleted_s: float = 7 * 86400.0
    synchronous: str = "NORMAL"
    allow_private_webhooks: bool = False
    webhook_timeout_s: float = 10.0
    webhook_attempts: int = 5
    webhook_retry_s: float = 5.0
    keep_deliveries_s: float = 30 * 86400.0

    @property
    def database_file(self) -> Path:
        """The path of the SQLite database."""
        return self.data_dir / "wandkit.sqlite3"

    @property
    def blob_dir(self) -> Path:
        """The folder of the stored files."""
        return self.data_dir / "blobs"
