"""The marker of a month: what partner counts, for every community and every partner."""

from fivered.chassis.bus import Due, Tx
from fivered.chassis.facts import fact_of
from fivered.services.partner import events
from fivered.services.partner.storage import offers as offer_store
from fivered.services.partner.storage import partners as partner_store
from fivered.services.partner.storage import redemptions as redemption_store

DISTRICT = "370811"


def measure(tx: Tx, due: Due) -> None:
    """Say the marker once per partition, zeros included.

    A partition holds the communities and partners whose area hashes into it. What was said in a
    partition before the marker counts in the month.
    """
    period = due.ref
    begin, end = tx.calendar.month_bounds(period)
    counts = redemption_store.by_community(tx.conn, begin, end)
    communities = sorted(
        set(partner_store.communities(tx.conn)) | {code for code in counts if len(code) == 12}
    )
    measured = _partners(tx, period)
    for partition in range(tx.partitions):
        tx.publish(
            events.MonthMeasured(
                period=period,
                partition=partition,
                partitions=tx.partitions,
                communities=[
                    events.CommunityMonth(code, counts.get(code, 0))
                    for code in communities
                    if tx.partition_of(code) == partition
                ],
                partners=[one for one in measured if tx.partition_of(one.area) == partition],
            ),
            subject=period,
            scope=DISTRICT,
            sequence=1,
            partition=partition,
            period=period,
        )


def _partners(tx: Tx, period: str) -> list[events.PartnerMonth]:
    begin, end = tx.calendar.month_bounds(period)
    states = partner_store.states_at(tx.conn, end)
    sums = redemption_store.by_partner(tx.conn, begin, end)
    ratings = redemption_store.ratings_by_partner(tx.conn, begin, end)
    services = offer_store.new_services(tx.conn, begin, end)
    found = []
    for row in partner_store.admitted_by(tx.conn, end, begin):
        own = sums.get(row.partner_id)
        rated, satisfied = ratings.get(row.partner_id, (0, 0))
        found.append(
            fact_of(
                events.PartnerMonth,
                row,
                active=states.get(row.partner_id) == "ACTIVE",
                points_redeemed=int(own.points) if own else 0,
                redeemed=own.redeemed if own else 0,
                new_service_offers=services.get(row.partner_id, 0),
                rated=rated,
                satisfied=satisfied,
                sponsor_fen=int(own.sponsor_fen) if own else 0,
            )
        )
    return found
