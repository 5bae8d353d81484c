"""What was escalated before escalations had a state, and has moved since, waits for nobody."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

WAITING = {
    "topic_screen": ("COLLECTED",),
    "topic_session": ("ADOPTED", "SCHEDULED"),
    "opinion_draft": ("OPINION_DUE",),
    "task_assign": ("RESOLVED",),
}


def upgrade():
    conn = op.get_bind()
    done = "UPDATE escalations SET state = 'DONE', outcome = 'ACTED' WHERE source IS NULL"
    conn.execute(
        sa.text(
            f"{done} AND task_id IS NOT NULL AND task_id NOT IN"
            " (SELECT task_id FROM tasks WHERE state IN ('ASSIGNED', 'DOING', 'REWORK'))"
        )
    )
    for deadline, states in WAITING.items():
        open_topics = sa.text(
            f"{done} AND task_id IS NULL AND deadline = :deadline AND topic_id NOT IN"
            " (SELECT topic_id FROM topics WHERE state IN :states)"
        ).bindparams(sa.bindparam("states", expanding=True))
        conn.execute(open_topics, {"deadline": deadline, "states": list(states)})
