"""A person who was registered twice is one person: where the forum names people."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fivered.chassis import identities, records, telling
from fivered.chassis import storage as store
from fivered.services.forum.storage import tables as t
from fivered.services.forum.storage.heard import MERGED

# Where a person stands alone in a row, or in a list.
MOVED: tuple[store.Column, ...] = (
    t.topics.c.proposer,
    t.topics.c.entered_by,
    t.officials.c.person_id,
    t.liaisons.c.person_id,
    t.deputies.c.person_id,
    t.projects.c.manager,
    t.project_posts.c.person_id,
    t.opt_ins.c.entered_by,
    t.opt_ins.c.withdrawn_by,
    t.analyses.c.decided_by,
    t.sessions.c.host_id,
    t.invitations.c.delegate,
    t.opinions.c.drafted_by,
    t.objection_decisions.c.person_id,
    t.owners_votes.c.recorded_by,
    t.tasks.c.supervisor_accepted,
    t.tasks.c.cadre_accepted,
    t.supervisions.c.person_id,
    t.escalations.c.person_id,
    t.escalations.c.reporter_id,
    t.escalations.c.barred,
    t.escalations.c.concerned,
    t.escalations.c.done_by,
    t.messages.c.person_id,
    t.chassis.jobs.c.requested_by,
    t.residents.c.merged_into,
)
# Where a key holds a person with something else: what both ids have stays once.
MOVED_ONCE: tuple[tuple[store.Column, tuple[str, ...]], ...] = (
    (t.opt_ins.c.person_id, ()),
    (t.cosigners.c.person_id, ("topic_id",)),
    (t.invitations.c.person_id, ("session_id",)),
    (t.votes.c.person_id, ("session_id", "topic_id")),
    (t.sealed_votes.c.person_id, ("session_id", "topic_id")),
    (t.roll.c.person_id, ("session_id", "topic_id")),
    (t.objections.c.person_id, ("opinion_id",)),
    (t.supervisors.c.person_id, ("task_id",)),
    (t.polls.c.person_id, ("topic_id",)),
    (t.org_people.c.person_id, ("org_id",)),
)


def kept(conn: Connection, person_ids: Collection[str]) -> dict[str, str]:
    """Return, for those of some ids that were given up, the id that is kept."""
    return identities.kept(conn, t.residents, person_ids)


def merge_person(conn: Connection, old: str, into: str, sequence: int) -> str:
    """Let everything that one id of a person has be of the other id; what both have stays once.

    A second merge of the same person may be heard before the first one.

    Returns:
        The id that is kept.
    """
    into = kept(conn, [into]).get(into, into)
    if into == old:
        return into
    identities.hand_over(conn, MOVED, old, into)
    telling.hand_over(conn, t.chassis, old, into)
    _keep_the_better(conn, old, into)
    for column, within in MOVED_ONCE:
        identities.hand_over_once(conn, column, old, into, within=within)
    signed = t.cosigners.c
    proposed = sa.select(t.topics.c.topic_id).where(t.topics.c.proposer == into)
    conn.execute(
        sa.delete(t.cosigners).where(signed.person_id == into, signed.topic_id.in_(proposed))
    )
    gone = {"active": False, "ended": MERGED, "merged_into": into}
    blank = {"community": "", "is_adult": False, "sequence": sequence, "sequences": {}}
    records.put(
        conn,
        t.residents,
        [{"person_id": old, **blank, **gone}],
        keep=tuple(blank),
    )
    return into


def _keep_the_better(conn: Connection, old: str, into: str) -> None:
    """Where both ids are invited, or object, drop the kept one's row if the other one says more: it
    was there, or it is somebody whom the matter touches."""
    came, asked = t.invitations.alias("came"), t.invitations
    more = sa.exists().where(
        came.c.session_id == asked.c.session_id,
        came.c.person_id == old,
        came.c.revoked_at.is_(None),
        sa.or_(
            asked.c.revoked_at.is_not(None),
            sa.and_(asked.c.attended_at.is_(None), came.c.attended_at.is_not(None)),
        ),
    )
    conn.execute(sa.delete(asked).where(asked.c.person_id == into, more))
    touched, noted = t.objections.alias("touched"), t.objections
    more = sa.exists().where(
        touched.c.opinion_id == noted.c.opinion_id,
        touched.c.person_id == old,
        touched.c.directly_affected.is_(True),
        noted.c.directly_affected.is_(False),
        noted.c.outcome.is_(None),
    )
    conn.execute(sa.delete(noted).where(noted.c.person_id == into, more))
