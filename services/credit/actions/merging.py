"""One person, registered twice: what hangs on the id that is given up is the kept one's.

Points move by a posting between the two accounts, so that every sum stays. Months that are
confirmed stay as they are under the id that they name; what counts on from them goes on under the
kept id as an entry of its open month, without points of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fivered.chassis import records
from fivered.chassis.bus import Event, Tx
from fivered.chassis.records import Row
from fivered.services.credit.actions import amounts, months, reversals, telling
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules.award import Award
from fivered.services.credit.rules.causes import MERGED, Cause
from fivered.services.credit.storage import awards as award_store
from fivered.services.credit.storage import consent_acts, registry
from fivered.services.credit.storage import ledger as points
from fivered.services.credit.storage import merging as store
from fivered.services.credit.storage.in_force import rules_in_force


def merge(tx: Tx, event: Event) -> None:
    """Two registrations are one person: everything is the kept id's from now on."""
    old, into = event.data.person_id, registry.kept(tx.conn, event.data.into)
    if old == into or registry.kept(tx.conn, old) != old:
        return
    store.remember(tx.conn, old, into, event.occurred_at)
    registry.consume_person(tx.conn, old, event.sequence, state=registry.ENDED)
    store.hand_over(tx.conn, old, into)
    for post in store.posts_of(tx.conn, old):
        registry.open_post(
            tx.conn, post.subject_id, into, post.post_ref, max(post.since, event.occurred_at)
        )
        registry.close_post(tx.conn, post, event.occurred_at)
    _merge_accounts(tx, event, f"RES:{old}", f"RES:{into}")
    telling.tell(tx, "PERSON_MERGED", person_id=into, ref=old)


def _merge_accounts(tx: Tx, event: Event, old: str, new: str) -> None:
    known = registry.subject(tx.conn, old, lock=True)
    if known is None:
        return
    at = event.occurred_at
    if registry.subject(tx.conn, new, lock=True) is None:
        row = registry.stub(new, at) | {
            name: getattr(known, name)
            for name in ("area", "grid", "area_before", "area_since", "opened_at")
        }
        registry.put_subject(tx.conn, row | {"spendable_until": known.spendable_until})
    _merge_consents(tx, old, new, at)
    moved = _merge_awards(tx, known, old, new)
    transfer(tx, old, new)
    store.hand_over_account(tx.conn, old, new)
    open_months = _not_confirmed(tx, old, store.objection_periods(tx.conn, old))
    store.put_objections(tx.conn, old, new, moved, sorted(open_months))
    registry.change_subject(
        tx.conn, old, state="CLOSED", closed_at=at, spendable=False, spendable_until=None
    )
    # Every draft that is not published counts on from what has moved, also that of a month long ago
    # which nobody has confirmed yet.
    months.draft_again(tx, [old, new], tx.calendar.period(known.opened_at))


def _not_confirmed(tx: Tx, subject_id: str, periods: set[str]) -> set[str]:
    return {period for period in periods if months.open_period(tx, subject_id, period) == period}


def _merge_consents(tx: Tx, old: str, new: str, at: datetime) -> None:
    """What the kept id consented to or withdrew stands, for the past too: what it was given then
    does not change. Only where it never said anything, what the other one said does."""
    registry.end_proposal(tx.conn, old, state="LAPSED", by=None, at=at)
    given = registry.consent(tx.conn, subject_id=old)
    if given is None:
        return
    own = registry.consent(tx.conn, subject_id=new)
    if own is None:
        store.copy_spans(tx.conn, old, new)
    registry.close_spans(tx.conn, old, given.purposes, at)
    if own is None:
        registry.change_consent(tx.conn, given, subject_id=new)
    elif given.state != "CLOSED":
        closed = registry.change_consent(
            tx.conn,
            given,
            state="CLOSED",
            withdrawn_at=given.withdrawn_at or at,
        )
        consent_acts.ended(tx.conn, closed, by=None, at=at)


def _merge_awards(tx: Tx, known: Row, old: str, new: str) -> dict[str, str]:
    """Let what counts or waits count and wait for the kept id. Returns old ids -> new ones."""
    amounts.recount_windows(tx, old)
    there = store.same_deeds(tx.conn, new)
    moved: dict[str, str] = {}
    carried: list[Award] = []
    for award in store.awards_of(tx.conn, old):
        if award.deed is not None and (award.rule_code, award.deed) in there:
            # Both were given it for one deed: it counts once.
            reversals.reverse(tx, award, cause=Cause(MERGED, new), by=None)
            continue
        period = months.open_period(tx, new, award.period)
        if award.state == "PROPOSED" and award.decides == "PERSON":
            moved[str(award.award_id)] = _move(tx, award, new, period)
            continue
        is_open = months.open_period(tx, old, award.period) == award.period
        if award.to_period < period:
            continue
        copy = _carried(award, known, new, period, with_points=is_open)
        carried.append(copy)
        if is_open:
            # Its points go over by the transfer; here it counts no more.
            moved[str(award.award_id)] = copy.award_id
            award_store.change(
                tx.conn,
                str(award.award_id),
                state="REVERSED",
                decided_at=tx.now,
                # With its id it was given up; what was decided of it before stands.
                **(Cause(MERGED, new).columns() | {"objection_no": award.objection_no}),
            )
    award_store.add(tx.conn, carried)
    return moved


def _move(tx: Tx, award: Row, new: str, period: str) -> str:
    rule = rules_in_force(tx.conn).rule_of(award)
    source = str(award.event_id or award.deed)
    if award.event_id is None and rule is not None:
        source = rules.evidence_key(rule, str(award.deed), award.level)
    award_id = rules.award_id(award.rule_code, new, source)
    store.put_award(
        tx.conn,
        str(award.award_id),
        {
            "award_id": award_id,
            "subject_id": new,
            "period": period,
            "points_period": period,
            "late": award.late or period != award.period,
        },
    )
    return award_id


def _carried(award: Row, known: Row, new: str, period: str, *, with_points: bool) -> Award:
    """Return what goes on counting for the kept id: an entry of its open month."""
    points_kept = award.points if with_points else 0
    # In its own month it stands with what the kept id has of the rule, under one cap.
    same_window = with_points and period == award.period
    uncut = same_window and award.cap_window is not None and not amounts.amended(award)
    return Award.like(
        records.values_of(award),
        award_id=rules.carried_id(award.rule_code, new, str(award.award_id)),
        subject_id=new,
        period=period,
        points_period=period,
        cap_window=award.cap_window if same_window else None,
        # The cap of both cuts what it gives whole, not what the other id's own cap had left of it.
        score_raw=award.score_raw if uncut else award.score,
        points_raw=award.points_raw if uncut else points_kept,
        points=points_kept,
        capped=False,
        recount=same_window and award.cap_window is not None,
        correction=True,
        corrects=award.award_id,
        area=known.area,
        version=1,
        **Cause(MERGED, award.subject_id).columns(),
    )


def transfer(tx: Tx, old: str, new: str) -> None:
    """Put the points of an account that was given up on the kept one, by postings.

    Points that a month which is confirmed will release stay until it does; then they follow.
    """
    at, period_now = tx.now, tx.calendar.period(tx.now)
    pending = points.pending_of(tx.conn, old)
    wallet = points.lock_wallets(tx.conn, [old, new])[old]
    postings = []
    for period, amount in pending.items():
        if months.open_period(tx, old, period) != period:
            continue
        target = months.open_period(tx, new, period)
        lines: tuple[points.Line, ...] = (
            points.Line(old, "PENDING", -amount, period),
            points.Line(new, "PENDING", amount, target),
        )
        postings.append(points.Posting("TRANSFER", old[:120], new, period_now, at, lines))
    sides = [
        (side, amount)
        for side, amount in (
            ("AVAILABLE", wallet.available),
            ("HELD", wallet.held),
            ("CLAWBACK", wallet.clawback),
        )
        if amount
    ]
    if sides:
        lines = tuple(
            line
            for side, amount in sides
            for line in (points.Line(old, side, -amount), points.Line(new, side, amount))
        )
        postings.append(points.Posting("TRANSFER", old[:120], new, period_now, at, lines))
    points.post(tx.conn, postings)


def follow(tx: Tx, subject_ids: Sequence[str]) -> None:
    """Let points that were released to accounts which were given up follow to the kept ones."""
    if not registry.any_merged(tx.conn):
        return
    persons = [one.removeprefix("RES:") for one in subject_ids if one.startswith("RES:")]
    for person, into in sorted(registry.merged(tx.conn, persons).items()):
        transfer(tx, f"RES:{person}", f"RES:{into}")
        store.hand_over_account(tx.conn, f"RES:{person}", f"RES:{into}")
