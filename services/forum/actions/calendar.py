"""What a year's working days make later in the forum."""

from __future__ import annotations

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.deadlines import Move
from fivered.services.forum import storage
from fivered.services.forum.actions.record import tell


def deadline_moved(tx: Tx, move: Move) -> None:
    """Write into the history of a topic or task that it has more time, and tell everyone
    concerned."""
    detail = {"timer": move.what, "due": move.before.isoformat(), "until": move.after.isoformat()}
    task = records.find(tx.conn, storage.tables.tasks, move.ref)
    topic = records.find(tx.conn, storage.tables.topics, task.topic_id if task else move.ref)
    if topic is None:
        return
    table = storage.tables.tasks if task else storage.tables.topics
    records.note(tx, table, task or topic, step="deadline_moved", note=detail)
    people = storage.topics.participants_of(tx.conn, topic)
    tell(tx, "DEADLINE_MOVED", topic.topic_id, people, ref=move.ref)
