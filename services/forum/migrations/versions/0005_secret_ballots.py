"""Open votes are sealed; a closed vote is two lists that share nothing but the topic."""

import secrets

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0005"
down_revision = "0004"


def upgrade():
    op.create_table(
        "sealed_votes",
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("sealed", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("session_id", "topic_id", "person_id", name="pk_sealed_votes"),
    )
    op.create_table(
        "roll",
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "topic_id", "person_id", name="pk_roll"),
    )
    op.create_table(
        "ballots",
        sa.Column("ballot_id", store.Id, nullable=False),
        sa.Column("session_id", store.Id, nullable=False),
        sa.Column("topic_id", store.Id, nullable=False),
        sa.Column("choice", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("ballot_id", name="pk_ballots"),
    )
    op.create_index("ix_ballots_topic_id", "ballots", ["topic_id", "session_id"])
    _part_closed_votes(op.get_bind())


_CLOSED = """
    SELECT 1 FROM session_topics AS st WHERE st.session_id = votes.session_id
    AND st.topic_id = votes.topic_id AND st.closed_at IS NOT NULL
"""


def _part_closed_votes(conn):
    """Who voted and what was voted are parted for the votes that are over."""
    found = conn.execute(
        sa.text(
            "SELECT session_id, topic_id, choice, count(*) AS n FROM votes"
            f" WHERE EXISTS ({_CLOSED}) GROUP BY session_id, topic_id, choice"
        )
    ).all()
    ballots = [
        {"b": secrets.token_hex(16), "s": row.session_id, "t": row.topic_id, "c": row.choice}
        for row in found
        for _ in range(row.n)
    ]
    if not ballots:
        return
    conn.execute(
        sa.text(
            "INSERT INTO ballots (ballot_id, session_id, topic_id, choice) VALUES (:b, :s, :t, :c)"
        ),
        sorted(ballots, key=lambda row: row["b"]),
    )
    conn.execute(
        sa.text(
            "INSERT INTO roll (session_id, topic_id, person_id)"
            f" SELECT session_id, topic_id, person_id FROM votes WHERE EXISTS ({_CLOSED})"
            " ORDER BY session_id, topic_id, person_id"
        )
    )
    conn.execute(sa.text(f"DELETE FROM votes WHERE EXISTS ({_CLOSED})"))
