"""Which files belong to which thing of a service; what they hold lies in the folder of files."""

from __future__ import annotations

import sqlalchemy as sa

from fivered.chassis.column_types import Id, UtcDateTime


def files(metadata: sa.MetaData) -> sa.Table:
    """Add the table to a service's metadata and return it."""
    return sa.Table(
        "files",
        metadata,
        # The member by which a request names the thing, and the thing's id.
        sa.Column("thing", sa.String(60), primary_key=True),
        sa.Column("thing_id", sa.String(120), primary_key=True),
        sa.Column("file_id", Id, primary_key=True),
        # What it is called in the folder: its digest, and whose it is (`fivered.chassis.blobs`).
        sa.Column("sha256", sa.String(81), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        # Of whom it tells, where it is no paper of an office: it goes with that person's data.
        sa.Column("person_id", Id, index=True),
        sa.Column("added_by", Id, nullable=False),
        sa.Column("added_at", UtcDateTime, nullable=False),
        sa.Index("ix_files_file_id", "file_id"),
        sa.Index("ix_files_thing_id", "thing_id"),
        sa.Index("ix_files_sha256", "sha256"),
    )


__all__ = ["files"]
