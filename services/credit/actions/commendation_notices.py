"""The notice of a commendation: it hangs for five working days before anybody is commended."""

from __future__ import annotations

from collections.abc import Sequence

from fivered.chassis.bus import Due, Tx
from fivered.chassis.records import Row
from fivered.services.credit import replies
from fivered.services.credit.actions import (
    nominees,
    publishing,
    telling,
)
from fivered.services.credit.errors import (
    CommendationApproved,
    NobodyLeft,
    QuotaExceeded,
)
from fivered.services.credit.rules import commendations as rules
from fivered.services.credit.storage import candidates as candidate_store
from fivered.services.credit.storage import honours as store
from fivered.services.credit.storage import notices as notice_store
from fivered.services.credit.storage import registry


def publicise_commendation(tx: Tx, payload: nominees.WhichCommendation) -> replies.CommendationDone:
    """表彰公示 / Publish for five working days.

    Publish for 5 working days who shall be commended.

    Raises:
        NotFound: There is no such commendation.
        RoleDenied: It lies outside the caller's scope.
        StateConflict: It is not reviewed.
        NobodyLeft: Nobody is supported.
        QuotaExceeded: More are supported than the quota allows.
    """
    known = nominees.locked(tx, payload.commendation_id, "REVIEWED")
    # Who has withdrawn the consent, or was deducted meanwhile, is not published.
    nominees.check(tx, known, nominees.standing(tx, known))
    shown = [
        nominee
        for nominee in store.nominees(tx.conn, known.commendation_id, states=("SUPPORTED", "HELD"))
        if nominee.supported
    ]
    if not any(nominee.state == "SUPPORTED" for nominee in shown):
        raise NobodyLeft
    if len(shown) > known.quota:
        raise QuotaExceeded(count=len(shown), quota=known.quota)
    until = tx.calendar.due(tx.now, rules.NOTICE_WORKING_DAYS)
    period = tx.calendar.period(tx.now)
    notice_id = publishing.put_up(
        tx,
        kind="COMMENDATION",
        area=known.area,
        period=period,
        body=_body(tx, known, shown),
        until=until,
        commendation_id=known.commendation_id,
        corrects=known.notice_id,
    )
    if known.notice_id is not None:
        # One that was taken down before names the one that stands for it.
        notice_store.change(tx.conn, known.notice_id, corrected_by=notice_id)
    publishing.tell(tx, notice_id, kind="COMMENDATION", area=known.area, until=until, period=period)
    public = store.change(
        tx.conn,
        known,
        state="PUBLICISED",
        notice_id=notice_id,
        publicised_at=tx.now,
        public_until=until,
    )
    tx.arm("commendation_end", known.commendation_id, until)
    for nominee in shown:
        last = telling.last_day(until)
        nominees.tell(tx, "COMMENDATION_PUBLIC", known, nominee.subject_id, until=last)
        if nominee.state == "HELD":
            nominees.tell_state(tx, known, nominee, "HELD")
    return nominees.done(public, due=until, notice_id=notice_id)


def _body(tx: Tx, known: Row, shown: Sequence[Row]) -> dict[str, object]:
    """Return what the notice says; of people their ids only."""
    return {
        "commendation_id": known.commendation_id,
        "number": known.number,
        "title": known.title,
        "form": known.form,
        "level": known.level,
        "criteria": known.criteria,
        "area": known.area,
        "approval_doc_no": known.approval_doc_no,
        "nominees": [
            {
                "subject": nominee.subject_id,
                "kind": known.kind,
                "ref": nominee.subject_id.partition(":")[2],
                "person_id": _person_of(tx, nominee.subject_id),
                "reason": nominee.reason,
            }
            for nominee in shown
        ],
    }


def _person_of(tx: Tx, subject_id: str) -> str | None:
    """Return the person whose name stands for a subject: of a resident, household or steward."""
    if subject_id.partition(":")[0] not in candidate_store.NAMED_PERSONS:
        return None
    subject = registry.subject(tx.conn, subject_id)
    return subject.holder if subject is not None else None


def tell_longer(tx: Tx, commendation_id: str, until: str) -> None:
    """Tell the nominees of a notice that it hangs longer, because the working days have changed."""
    known = store.known(tx.conn, commendation_id)
    for nominee in nominees.public(tx, known):
        nominees.tell(tx, "COMMENDATION_LONGER", known, nominee.subject_id, until=until)


def lock_of_notice(tx: Tx, notice: Row | None) -> Row | None:
    """Return and lock the commendation whose notice this is, before the notice itself; or None."""
    if notice is None or notice.commendation_id is None:
        return None
    return store.commendation(tx.conn, notice.commendation_id, lock=True)


def notice_withdrawn(tx: Tx, known: Row, notice_id: str, reason: str) -> None:
    """Bring a commendation back before its notice, when that is taken down: it has no effect any
    more. It goes up anew, or the commendation is cancelled.

    Raises:
        CommendationApproved: Somebody is commended by it.
    """
    if known.notice_id != notice_id:
        return
    if known.state in ("APPROVED", "GRANTED"):
        raise CommendationApproved(state=known.state, number=known.number)
    if known.state != "PUBLICISED":
        return
    tx.disarm("commendation_end", known.commendation_id)
    for nominee in nominees.public(tx, known):
        nominees.tell(tx, "COMMENDATION_NOTICE_DOWN", known, nominee.subject_id, reasons=reason)
    store.change(tx.conn, known, state="REVIEWED", publicised_at=None, public_until=None)


def on_notice_end(tx: Tx, due: Due) -> None:
    """The notice of a commendation has ended; now it may be approved."""
    known = store.commendation(tx.conn, due.ref, lock=True)
    if known is None or known.notice_id is None:
        return
    notice = notice_store.known(tx.conn, known.notice_id)
    if notice.state == "PUBLISHED":
        notice_store.change(tx.conn, known.notice_id, state="ENDED")
