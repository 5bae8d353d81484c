"""The forum's topics as its public facts tell them: which there are, where, and which wait for the
owners."""

from __future__ import annotations

from fivered.chassis import records
from fivered.chassis.bus import Event, Tx
from fivered.services.property import events
from fivered.services.property.errors.topics import TopicElsewhere, TopicNotWaiting, UnknownTopic
from fivered.services.property.storage import votes as stored


def consume(tx: Tx, heard: list[Event]) -> None:
    """Keep how topics stand, in whatever order it is told."""
    for event in heard:
        data = event.data
        row = records.find(tx.conn, stored.topics, data.topic_id, lock=True)
        known: dict[str, object] = (
            dict(records.values_of(row))
            if row is not None
            else {"topic_id": data.topic_id, "sequence": -1, "sequences": {}}
        )
        said = {"community": data.community, "state": _state_of(data)}
        records.put(tx.conn, stored.topics, [records.newest(known, said, event.sequence)])


def _state_of(data: object) -> str:
    """Return how a topic stands after a fact."""
    if isinstance(data, events.TopicAdoptedHeard):
        return "ADOPTED"
    if isinstance(data, events.ResolutionEffectiveHeard):
        return "BINDING" if data.binding else "RECOMMENDED"
    return "CLOSED"


def require_waiting(tx: Tx, topic_id: str, community: str) -> None:
    """Refuse a topic on which the owners of a compound have nothing to decide.

    Raises:
        UnknownTopic: It is not heard of, or not adopted.
        TopicElsewhere: It is another community's.
        TopicNotWaiting: It is no recommendation to the owners, or is decided.
    """
    row = records.find(tx.conn, stored.topics, topic_id)
    if row is None:
        raise UnknownTopic(field="topic_id", topic=topic_id)
    if row.community != community:
        raise TopicElsewhere(field="topic_id", topic=topic_id, community=row.community)
    if row.state != "RECOMMENDED":
        raise TopicNotWaiting(field="topic_id", topic=topic_id)
