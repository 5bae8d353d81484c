"""Awards that are taken back: by another event, by a decision, or by a rule that excludes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fivered.chassis.calendar import Calendar
from fivered.chassis.records import Row
from fivered.services.credit.actions import amounts, months, repair_ends
from fivered.services.credit.rules import awards as rules
from fivered.services.credit.rules.causes import CORRECTED, EXCLUDED, Cause
from fivered.services.credit.rules.model import Rule
from fivered.services.credit.storage import awards as store
from fivered.services.credit.storage import registry
from fivered.services.credit.storage.in_force import InForce, rules_in_force

if TYPE_CHECKING:
    from fivered.chassis.bus import Event, Tx


def give_way(
    tx: Tx, fired: Sequence[tuple[str, str, Rule]], in_force: InForce
) -> dict[tuple[str, str, str], str]:
    """Reverse the stored awards that yield to rules that are awarded now.

    Args:
        tx: The transaction.
        fired: (subject, deed, rule) of what is awarded now.
        in_force: The rule sets.

    Returns:
        (subject, deed, rule code) of what yields -> the rule to which it yields.
    """
    # Two workers may hear the two events of one deed: the second one waits, and sees the first.
    registry.lock_subjects(tx.conn, {subject_id for subject_id, _, _ in fired})
    deeds: dict[tuple[str, str], list[Rule]] = defaultdict(list)
    for subject_id, deed, rule in fired:
        deeds[subject_id, deed].append(rule)
    contested = in_force.contested()
    stored = [
        known
        for known in store.by_deeds(tx.conn, {deed for _, deed in deeds}, store.STATES)
        if known.rule_code in contested and (known.subject_id, known.deed) in deeds
    ]
    for known in stored:
        if rules.takes_deed(known.state, by_event=known.event_id is not None):
            rule = in_force.rule_in(known.rule_set, known.rule_code)
            deeds[known.subject_id, known.deed].append(rule)
    lost = {
        (subject_id, deed, code): winner
        for (subject_id, deed), awarded in deeds.items()
        for code, winner in rules.excluded(awarded).items()
    }
    for known in stored:
        winner = lost.get((known.subject_id, known.deed, known.rule_code))
        if winner is not None and known.state in store.STANDING:
            reverse(tx, known, cause=Cause(EXCLUDED, winner), by=None)
    return lost


def _forget_repeat(tx: Tx, known: Row) -> None:
    """End the vetoes for repetition that stand no more without an award that is taken back."""
    rule = rules_in_force(tx.conn).rule_in(known.rule_set, known.rule_code)
    if rule.repeat_veto is None:
        return
    periods = store.negatives_of_rule(tx.conn, known.subject_id, rule.code)
    for veto in store.vetoes_of_rule(tx.conn, known.subject_id, rule.code):
        if rules.repeat_veto(rule, periods, veto.period) is None:
            store.end_veto(tx.conn, str(veto.award_id))


def reverse_deed(tx: Tx, deed: str, by_set: Mapping[str, frozenset[str]], event: Event) -> None:
    """Take back what was given for a deed by some rules of each set."""
    found = store.by_deeds(tx.conn, [deed])
    found = [known for known in found if known.rule_code in by_set.get(known.rule_set, ())]
    _reverse_each(tx, event, found)


def take_back(
    tx: Tx,
    event: Event,
    *,
    deed: str,
    person_id: str | None = None,
    given_only: bool = False,
) -> None:
    """Take back what followed from a deed.

    Args:
        tx: The transaction.
        event: That says so.
        deed: Which one.
        person_id: Of a deed that others did as well, whose part.
        given_only: What was given, not what was taken for it.
    """
    of = None if person_id is None else f"RES:{registry.kept(tx.conn, person_id)}"
    found = store.by_deeds(tx.conn, [deed])
    found = [
        known
        for known in found
        if (of is None or known.subject_id == of)
        and (not given_only or known.score > 0 or known.points > 0)
    ]
    _reverse_each(tx, event, found)


def _reverse_each(tx: Tx, event: Event, found: Sequence[Row]) -> None:
    """Take awards back, each of them once: some may go with others that are the same."""
    gone: set[str] = set()
    for known in found:
        if str(known.award_id) not in gone:
            gone |= reverse(
                tx, known, cause=Cause(CORRECTED, f"{event.source}.{event.fact}"), by=event.actor_id
            )


def reverse(
    tx: Tx, known: Row, *, cause: Cause, by: str | None, opened: str | None = None
) -> set[str]:
    """Take an award back, and those that are the same of a person who was registered twice. In
    months that are final it keeps counting; from the open month on it does not (finalised months
    are never reopened).

    Args:
        tx: The transaction; it holds the award's row.
        known: The award.
        cause: Why.
        by: Who.
        opened: The month from which it does not count; default the subject's open month.

    Returns:
        The ids of what is taken back by this.
    """
    _reverse(tx, known, cause=cause, by=by, opened=opened)
    others = same_of_merged(tx, known)
    for other in others:
        _reverse(tx, other, cause=cause, by=by, opened=None)
    return {str(one.award_id) for one in (known, *others)}


def reverse_standing(tx: Tx, known: Row, *, cause: Cause, by: str | None) -> None:
    """Take an award back where it still counts: as itself, or as what the account that was kept has
    of it since its person was registered twice."""
    standing = [one for one in (known, *same_of_merged(tx, known)) if one.state == "APPROVED"]
    gone: set[str] = set()
    for one in standing:
        if str(one.award_id) not in gone:
            gone |= reverse(tx, one, cause=cause, by=by)


def _reverse(tx: Tx, known: Row, *, cause: Cause, by: str | None, opened: str | None) -> None:
    if opened is None:
        opened = months.open_period(tx, known.subject_id, known.period)
    end = min(known.to_period, Calendar.next_period(opened, -1))
    store.change(
        tx.conn,
        str(known.award_id),
        state="REVERSED",
        to_period=end,
        decided_by=by,
        decided_at=tx.now,
        **cause.columns(),
        approved_by=known.decided_by,
    )
    store.end_veto(tx.conn, str(known.award_id))
    if known.deduction and known.effective:
        _forget_repeat(tx, known)
        repair_ends.item_gone(tx, known, by=by)
    if known.cap_window is not None:
        # It has left room in its window; the draft decides who has it.
        store.recount_window(tx.conn, (known.subject_id, known.rule_code, known.cap_window), opened)
    if known.points > 0 and known.state == "APPROVED":
        amounts.take_points(tx, known, known.points)
    months.draft_again(tx, known.subject_id, opened)


def same_of_merged(tx: Tx, known: Row) -> list[Row]:
    """Return and lock the awards that stand and are the same as one, of a person who was registered
    twice: what came over from it, and where it came from. What is decided of one holds for all."""
    kind, _, person = known.subject_id.partition(":")
    if kind != "RES" or not registry.any_merged(tx.conn):
        return []
    kept = registry.kept(tx.conn, person)
    accounts = [f"RES:{one}" for one in (kept, *registry.given_up_for(tx.conn, [kept]))]
    found, looked_at = {str(known.award_id): known}, [known]
    while looked_at:
        one = looked_at.pop()
        award_id, corrects = str(one.award_id), str(one.corrects or "")
        wanted = {rules.carried_id(one.rule_code, account, award_id) for account in accounts}
        if rules.is_carried(award_id, one.rule_code, one.subject_id, corrects):
            wanted.add(corrects)
        for other in sorted(wanted - found.keys()):
            row = store.award(tx.conn, other, lock=True)
            if row is not None:
                found[other] = row
                looked_at.append(row)
    del found[str(known.award_id)]
    return [row for _, row in sorted(found.items()) if row.state in store.STANDING]
