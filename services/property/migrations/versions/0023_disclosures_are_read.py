"""What disclosures say, version by version; of those of before the digests come over."""

import json

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0023"
down_revision = "0022"


def upgrade():
    op.create_table(
        "disclosure_versions",
        sa.Column("disclosure_id", sa.String(length=64), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("doc_sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("figures", store.Json, nullable=False),
        sa.Column("files", store.Json, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("published_at", store.UtcDateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("disclosure_id", "edition", name=op.f("pk_disclosure_versions")),
    )
    _fill(op.get_bind())


def _fill(conn):
    rows = conn.execute(
        sa.text(
            "SELECT disclosure_id, doc_sha256, former, published_at, published_by FROM disclosures"
            " WHERE doc_sha256 IS NOT NULL"
        )
    ).all()
    written = sa.text(
        "INSERT INTO disclosure_versions (disclosure_id, edition, doc_sha256, text, figures, files,"
        " note, published_at, published_by) VALUES (:id, :number, :digest, '', '[]', '[]', :note,"
        " :at, :by)"
    )
    for row in rows:
        former = json.loads(row.former) if isinstance(row.former, str) else row.former
        digests = [one["doc_sha256"] for one in former or []] + [row.doc_sha256]
        # Why a version was replaced is the note of the next one.
        notes = [None] + [one["reason"] for one in former or []]
        for number, (digest, note) in enumerate(zip(digests, notes, strict=True), 1):
            conn.execute(
                written,
                {
                    "id": row.disclosure_id,
                    "number": number,
                    "digest": digest,
                    "note": note,
                    "at": row.published_at if number == 1 else None,
                    "by": row.published_by if number == 1 else None,
                },
            )
