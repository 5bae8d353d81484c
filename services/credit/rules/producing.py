"""The events to which a rule can be bound: their fields, and whose act each of them is.

Credit knows an event only by this card; a rule that names another event or field is refused when
it is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class EventType:
    """A producing event as the rules see it.

    Attributes:
        fields: Members of its data to which a rule may refer.
        actors: Fields that name who acted. No deduction may fall on them.
        filing: It is the filing of a request, complaint, objection or opinion, a vote, or taking
            part in deliberation: no deduction may be bound to it at all.
        rows: For a month marker: member of its data -> fields of its rows.
    """

    fields: frozenset[str]
    actors: frozenset[str] = frozenset()
    filing: bool = False
    rows: tuple[tuple[str, frozenset[str]], ...] = ()

    def row_fields(self, name: str) -> frozenset[str] | None:
        """Return the fields of the rows of that name, or None."""
        return dict(self.rows).get(name)


def _of(
    fields: str,
    actors: str = "",
    *,
    filing: bool = False,
    **rows: str,
) -> EventType:
    return EventType(
        frozenset(fields.split()),
        frozenset(actors.split()),
        filing,
        tuple((name, frozenset(members.split())) for name, members in rows.items()),
    )


PRODUCERS: Final[dict[str, EventType]] = {
    # Acts of residents: nothing may ever be deducted for them (REQ-L14, FEATURES c.5).
    "steward.request_submitted.v1": _of(
        "request_id number channel kind category priority grid project_id reporter_id",
        "reporter_id",
        filing=True,
    ),
    "steward.request_reopened.v1": _of("request_id reopen_count project_id", filing=True),
    "property.complaint_accepted.v1": _of(
        "complaint_id project_id community category", filing=True
    ),
    "forum.topic_adopted.v1": _of(
        "topic_id community proposer level owners_matter", "proposer", filing=True
    ),
    "forum.attendance_recorded.v1": _of(
        "session_id topic_id person_id capacity", "person_id", filing=True
    ),
    "forum.supervision_fulfilled.v1": _of("topic_id person_id records", "person_id", filing=True),
    "credit.objection_filed.v1": _of(
        "objection_id subject appellant target", "appellant subject", filing=True
    ),
    # Facts of service.
    "steward.request_rated.v1": _of(
        "request_id handler handler_person rater stars solved project_id", "rater"
    ),
    "steward.request_deadline_missed.v1": _of("request_id which handler handler_person on_shift"),
    "steward.bad_rating_upheld.v1": _of("request_id handler handler_person"),
    "steward.request_self_found_closed.v1": _of(
        "request_id handler handler_person", "handler handler_person"
    ),
    "steward.emergency_arrival.v1": _of(
        "request_id handler handler_person minutes", "handler handler_person"
    ),
    "steward.volunteer_hours_confirmed.v1": _of(
        "record_id person_id minutes source date", "person_id"
    ),
    "steward.volunteer_hours_corrected.v1": _of(
        "record_id person_id minutes previous_minutes source date", "person_id"
    ),
    "steward.hazard_verified.v1": _of("hazard_id reporter category verified", "reporter"),
    "property.rectification_passed.v1": _of("rectification_id project_id severity late"),
    "property.rectification_overdue.v1": _of("rectification_id project_id severity"),
    "property.rectification_escalated.v1": _of(
        "rectification_id project_id severity level official_id"
    ),
    "property.rectification_withdrawn.v1": _of("rectification_id project_id"),
    "property.disclosure_published.v1": _of("disclosure_id project_id kind", "project_id"),
    "property.disclosure_overdue.v1": _of("disclosure_id project_id kind"),
    "partner.redemption_requested.v1": _of(
        "redemption_id wallet holder partner_id offer_id points", "holder wallet"
    ),
    "partner.redemption_cancelled.v1": _of(
        "redemption_id wallet partner_id points by reason", "by wallet"
    ),
    # Month markers.
    "steward.month_measured.v1": _of(
        "period partition partitions",
        communities="community requests rated hours_minutes",
        stewards="steward_id person_id community duty type orders accepted_on_time"
        " proactive_closed visits visit_quota attendance_full on_roster",
        projects="project_id community requests contacted_on_time due_resolutions"
        " resolved_on_time rated satisfied",
    ),
    "property.month_measured.v1": _of(
        "period partition partitions",
        communities="community complaints_valid",
        projects="project_id company_id community in_service households requests"
        " contacted_on_time due_resolutions resolved_on_time rated satisfied complaints_valid"
        " rolling_complaints rolling_complaints_before rolling_households"
        " rolling_households_before p2c_active_last_day c2p_active_last_day p2c_gap_days"
        " c2p_gap_days cross_full_month agreements_active_last_day agreements_full_month"
        " commitments_due commitments_on_time tripartite_held overdue_rectifications_open"
        " served_from served_to took_over rolling_households_twelfths"
        " rolling_households_before_twelfths",
    ),
    "partner.month_measured.v1": _of(
        "period partition partitions",
        communities="community redemptions",
        partners="partner_id area level active points_redeemed redeemed new_service_offers"
        " rated satisfied sponsor_fen",
    ),
    "forum.month_measured.v1": _of(
        "period partition partitions",
        communities="community topics_adopted sessions attendances",
    ),
}
