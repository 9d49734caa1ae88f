"""The files of a run, as stored; their contents are blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wandkit.server.database import Base, Timestamp, now

if TYPE_CHECKING:
    from wandkit.server.model.run import Run

__all__ = ["RunFile"]


class RunFile(Base):
    """One file of a run, there since its first whole upload.

    Attributes:
        blob: The key of the content in the blob store; a new upload brings a new one.
        md5: Base64 of the content's MD5 digest.
    """

    __tablename__ = "run_file"
    __table_args__: Any = (UniqueConstraint("run_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    blob: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    md5: Mapped[str] = mapped_column(String(24))
    mimetype: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[Timestamp] = mapped_column(default=now)
    updated_at: Mapped[Timestamp] = mapped_column(default=now)

    run: Mapped[Run] = relationship()
