"""What is kept of the facts that other services say."""

from collections.abc import Sequence

from fivered.chassis import identities, records
from fivered.chassis.bus import Event, Tx
from fivered.services.partner import events
from fivered.services.partner.actions import partners as register
from fivered.services.partner.actions import people
from fivered.services.partner.actions import redemptions as saga
from fivered.services.partner.storage import partners as store
from fivered.services.partner.storage.tables import areas


def consume_steward(tx: Tx, heard: Sequence[Event]) -> None:
    """Keep areas, stewards and people; end what is open of those who are no longer registered."""
    records.put(
        tx.conn,
        areas,
        [
            {"code": e.data.code, "kind": e.data.kind[:30], "parent": e.data.parent}
            for e in heard
            if isinstance(e.data, events.AreaDefinedHeard)
        ],
    )
    enrolled = [e for e in heard if isinstance(e.data, events.StewardEnrolledHeard)]
    enrolled = identities.redirected(enrolled, lambda ids: store.kept_ids(tx.conn, ids), own=())
    store.save_stewards(
        tx.conn,
        [
            {
                "steward_id": e.data.steward_id,
                "person_id": e.data.person_id,
                "community": e.data.community,
                "spendable": e.data.spendable,
                "left_at": None,
                "sequence": e.sequence,
            }
            for e in enrolled
        ],
    )
    people.consume(tx, [e for e in heard if isinstance(e.data, _OF_A_PERSON)])
    for event in heard:
        if isinstance(event.data, events.StewardLeftHeard):
            store.steward_left(tx.conn, event.data.steward_id, event.occurred_at, event.sequence)
        elif isinstance(event.data, events.ResidentDeactivatedHeard):
            # Partner before redemption: suspending locks them in this order too.
            if event.data.reason == "DECEASED":
                register.end_for_dead(tx, event.data.person_id)
            saga.cancel_open(
                tx, holder=event.data.person_id, by="SYSTEM", reason="HOLDER_DEACTIVATED"
            )
        elif isinstance(event.data, events.PersonMergedHeard):
            store.person_merged(tx.conn, event.data.person_id, event.data.into)


_OF_A_PERSON = (
    events.PersonRegisteredHeard,
    events.ResidentRegisteredHeard,
    events.ResidentReturnedHeard,
    events.ResidentCorrectedHeard,
    events.ResidentMovedHeard,
    events.ResidentCameOfAgeHeard,
    events.ResidentDeactivatedHeard,
)


def consume_credit(tx: Tx, heard: Sequence[Event]) -> None:
    """Take answers about points into effect, and put final grades onto partners' cards."""
    points = [e for e in heard if not isinstance(e.data, events.SettlementFinalisedHeard)]
    if points:
        saga.consume_points(tx, points)
    for event in heard:
        if isinstance(event.data, events.SettlementFinalisedHeard):
            store.save_grades(
                tx.conn,
                event.data.period,
                [
                    {
                        "b_partner_id": entry.ref,
                        "b_grade": entry.grade,
                        "b_score": entry.score,
                        "b_gates": entry.gates_failed,
                    }
                    for entry in event.data.entries
                    if entry.kind == "PTN"
                ],
            )
