"""One month of a small town as events, and the orders in which the wire may bring them.

What the bus guarantees is little: what one source says about one subject comes in order, and a
month's marker comes behind all that lies before it in its partition. Everything else is drawn.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from hypothesis import strategies as st

from fivered.chassis.messages import partition_of
from testkit.bench import instant

PERIOD = "2025-03"
BEGIN = datetime(2025, 3, 1)
PARTITIONS = 4
NORTH, SOUTH = "370811015901", "370811015902"
SOURCES = ("steward", "property", "partner", "forum")

# ANA and BEN have consented to points, CHEN to a score only, DU to nothing.
ANA, BEN, CHEN, DU = "per_ana", "per_ben", "per_chen", "per_du"
RESIDENTS = (ANA, BEN, CHEN, DU)
STEWARDS = {"stw_1": "per_s1", "stw_2": "per_s2"}
PROJECTS = ("prj_1", "prj_2")
PARTNERS = ("ptn_1", "ptn_2")
WALLETS = (ANA, BEN)

_NAMESPACE = uuid.UUID("7d3f4f0e-0000-4000-8000-000000000031")


@dataclass(frozen=True, slots=True)
class Said:
    """One event; its id follows from its place in the month, not from when it arrives."""

    source: str
    fact: str
    subject: str
    minute: int
    data: dict
    scope: str = NORTH
    late: bool = False

    @property
    def at(self):
        """The instant of the deed."""
        return instant(BEGIN + timedelta(minutes=self.minute))

    @property
    def partition(self):
        """Where it travels."""
        return partition_of(self.subject, PARTITIONS)


@dataclass(slots=True)
class Month:
    """The events of a month, each with its id, and the markers' rows."""

    said: list[Said]
    measured: dict[str, dict] = field(default_factory=dict)

    def event_id(self, number):
        """The id of an event: as good as random against the order of time."""
        return str(uuid.uuid5(_NAMESPACE, str(number)))


def month(*parts):
    """A month written by hand: lists of events."""
    return Month([one for part in parts for one in part])


# --------------------------------------------------------------------------------------------------
# What happens, by hand or drawn

_numbers = count(1)


def _minute(day, hour):
    return (day - 1) * 1440 + hour * 60


def rated(handler, request_id, *, day, stars, hour=10, own=False, late=False):
    """A request was rated; a steward who rates himself earns nothing."""
    person = STEWARDS.get(handler, "per_s3")
    data = {
        "request_id": request_id,
        "handler": handler,
        "handler_person": person,
        "rater": person if own else "per_rater",
        "stars": stars,
        "solved": stars > 2,
        "project_id": None,
    }
    return Said("steward", "request_rated.v1", request_id, _minute(day, hour), data, late=late)


def hours(person, record_id, *, day, minutes, source="QR", corrections=(), late_from=9):
    """Hours of a volunteer and what they were corrected to, later."""
    date = f"2025-03-{day:02d}"
    data = {"record_id": record_id, "person_id": person, "source": source, "date": date}
    found = [
        Said(
            "steward",
            "volunteer_hours_confirmed.v1",
            record_id,
            _minute(day, 18),
            data | {"minutes": minutes},
            late=late_from <= 0,
        )
    ]
    previous = minutes
    for number, (after, now) in enumerate(corrections, 1):
        found.append(
            Said(
                "steward",
                "volunteer_hours_corrected.v1",
                record_id,
                min(_minute(day, 18) + after * 1440 + number, 44_000 + number),
                data | {"minutes": now, "previous_minutes": previous},
                late=late_from <= number,
            )
        )
        previous = now
    return found


_days = st.integers(1, 28)
_clock = st.integers(0, 23)
_few = st.integers(1, 4)
_many = st.integers(1, 13)
_seldom = st.sampled_from((False, False, False, False, False, True))


@st.composite
def _ratings(draw, numbers):
    handler = draw(st.sampled_from(("stw_1", "stw_1", "stw_2", "stw_3")))
    found = []
    for _ in range(draw(_many)):
        request_id = f"req_{next(numbers)}"
        day, hour, stars = draw(_days), draw(_clock), draw(st.integers(2, 5))
        found.append(
            rated(
                handler,
                request_id,
                day=day,
                hour=hour,
                stars=stars,
                own=draw(_seldom),
                late=draw(_seldom),
            )
        )
    return found


@st.composite
def _duties(draw, numbers):
    handler = draw(st.sampled_from(("stw_1", "stw_2")))
    fact = draw(
        st.sampled_from(
            (
                "request_deadline_missed.v1",
                "request_self_found_closed.v1",
                "emergency_arrival.v1",
                "bad_rating_upheld.v1",
            )
        )
    )
    found = []
    for _ in range(draw(_many)):
        data = {
            "request_id": f"req_{next(numbers)}",
            "handler": handler,
            "handler_person": STEWARDS[handler],
        }
        if fact == "request_deadline_missed.v1":
            data |= {"which": draw(st.sampled_from(("ACCEPT", "RESOLVE"))), "on_shift": True}
        if fact == "emergency_arrival.v1":
            data["minutes"] = draw(st.sampled_from((9, 15, 16)))
        minute = _minute(draw(_days), draw(_clock))
        found.append(Said("steward", fact, data["request_id"], minute, data, late=draw(_seldom)))
    return found


@st.composite
def _hours(draw, numbers):
    person = draw(st.sampled_from((ANA, ANA, BEN, CHEN, DU)))
    found = []
    for _ in range(draw(_few)):
        corrections = draw(
            st.lists(
                st.tuples(st.integers(0, 12), st.sampled_from((0, 20, 60, 250, 510))), max_size=2
            )
        )
        found += hours(
            person,
            f"vol_{next(numbers)}",
            day=draw(_days),
            minutes=draw(st.sampled_from((30, 45, 60, 240, 480, 540))),
            source=draw(st.sampled_from(("QR", "GPS", "BACKFILL"))),
            corrections=corrections,
            late_from=draw(st.sampled_from((9, 9, 9, 1, 0))),
        )
    return found


@st.composite
def _forum(draw, numbers):
    person = draw(st.sampled_from(RESIDENTS))
    what = draw(st.sampled_from(("topic_adopted.v1", "attendance_recorded.v1",
                                 "supervision_fulfilled.v1")))  # fmt: skip
    found = []
    for _ in range(draw(st.integers(1, 7))):
        number, minute = next(numbers), _minute(draw(_days), draw(_clock))
        topic, session = f"top_{number}", f"ses_{number}"
        subject, data = {
            "topic_adopted.v1": (
                topic,
                {"topic_id": topic, "community": NORTH, "proposer": person, "level": "COMMUNITY",
                 "owners_matter": False},
            ),
            "attendance_recorded.v1": (
                session,
                {"session_id": session, "topic_id": topic, "person_id": person,
                 "capacity": "RESIDENT"},
            ),
            "supervision_fulfilled.v1": (
                topic,
                {"topic_id": topic, "person_id": person, "records": draw(st.integers(0, 2))},
            ),
        }[what]  # fmt: skip
        found.append(Said("forum", what, subject, minute, data, late=draw(_seldom)))
    return found


@st.composite
def _hazards(draw, numbers):
    hazard = f"haz_{next(numbers)}"
    data = {
        "hazard_id": hazard,
        "reporter": draw(st.sampled_from(RESIDENTS)),
        "category": "FIRE",
        "verified": draw(st.booleans()),
    }
    return [Said("steward", "hazard_verified.v1", hazard, _minute(draw(_days), 9), data)]


def passed(project, order, *, day, hour=9, overdue=False):
    """An order of rectification is done."""
    data = {"rectification_id": order, "project_id": project, "severity": "S3", "late": overdue}
    return Said("property", "rectification_passed.v1", order, _minute(day, hour), data)


def withdrawn(project, order, *, day, hour=9, late=False):
    """An order turns out to be an error."""
    data = {"rectification_id": order, "project_id": project}
    return Said(
        "property", "rectification_withdrawn.v1", order, _minute(day, hour), data, late=late
    )


@st.composite
def _rectifications(draw, numbers):
    project = draw(st.sampled_from(PROJECTS))
    found = []
    for _ in range(draw(st.integers(1, 5))):
        order, day, hour = f"rec_{next(numbers)}", draw(st.integers(1, 20)), draw(_clock)
        severity = draw(st.sampled_from(("S1", "S2", "S3")))
        data = {"rectification_id": order, "project_id": project, "severity": severity}
        overdue = draw(st.integers(0, 2))
        if overdue:
            found.append(
                Said("property", "rectification_overdue.v1", order, _minute(day, hour), data)
            )
            found += [
                Said(
                    "property",
                    "rectification_escalated.v1",
                    order,
                    _minute(day + level, hour),
                    data | {"level": level},
                )
                for level in range(1, overdue + 1)
            ]
        found.append(passed(project, order, day=day + 5, hour=hour, overdue=bool(overdue)))
        if draw(_seldom):
            found.append(withdrawn(project, order, day=day + 6, hour=hour, late=draw(_seldom)))
    return found


@st.composite
def _disclosures(draw, numbers):
    disclosure = f"dsc_{next(numbers)}"
    data = {
        "disclosure_id": disclosure,
        "project_id": draw(st.sampled_from(PROJECTS)),
        "kind": "ACCOUNTS",
    }
    fact = draw(st.sampled_from(("disclosure_published.v1", "disclosure_overdue.v1")))
    late = draw(_seldom)
    return [Said("property", fact, disclosure, _minute(draw(_days), 12), data, late=late)]


@st.composite
def _redemptions(draw, numbers):
    holder, partner = draw(st.sampled_from(WALLETS)), draw(st.sampled_from(PARTNERS))
    found = []
    for _ in range(draw(st.integers(1, 8))):
        redemption = f"rdm_{next(numbers)}"
        data = {
            "redemption_id": redemption,
            "wallet": f"RES:{holder}",
            "partner_id": partner,
            "points": draw(st.sampled_from((10, 40))),
        }
        minute = _minute(draw(_days), draw(_clock))
        ends = draw(st.sampled_from(("HELD", "redeemed", "refunded", "HOLDER", "OUT_OF_STOCK",
                                     "OUT_OF_STOCK", "expired")))  # fmt: skip
        steps = [("requested", {"holder": holder, "offer_id": "ofr_1"})]
        if ends in ("redeemed", "refunded"):
            steps.append(("redeemed", {"settle_fen": data["points"] * 10}))
        if ends == "refunded":
            steps.append(("refunded", {}))
        if ends in ("HOLDER", "OUT_OF_STOCK"):
            steps.append(("cancelled", {"by": "holder", "reason": ends}))
        if ends == "expired":
            steps.append(("expired", {"by": "SYSTEM", "reason": "EXPIRED"}))
        behind = draw(st.sampled_from((9, 9, 9, 1)))
        found += [
            Said(
                "partner",
                f"redemption_{what}.v1",
                redemption,
                minute + number,
                data | more,
                late=number >= behind,
            )
            for number, (what, more) in enumerate(steps)
        ]
    return found


@st.composite
def _moves(draw, _numbers):
    person = draw(st.sampled_from(RESIDENTS))
    data = {
        "person_id": person,
        "from_grid": NORTH + "001",
        "to_grid": SOUTH + "001",
        "community": SOUTH,
    }
    return [Said("steward", "resident_moved.v1", person, _minute(draw(_days), 8), data)]


ENROLLED = Said(
    "steward",
    "steward_enrolled.v1",
    "stw_3",
    600,
    {
        "steward_id": "stw_3",
        "person_id": "per_s3",
        "type": "FULL_TIME",
        "duty": "GRID_WORKER",
        "grids": [SOUTH + "001"],
        "community": SOUTH,
        "spendable": True,
    },
    scope=SOUTH,
)


@st.composite
def months(draw):
    """A month in which caps are hit, things are corrected, and some of it comes late."""
    numbers = count(1)
    kinds = (_ratings, _duties, _hours, _forum, _hazards, _rectifications, _disclosures,
             _redemptions, _moves)  # fmt: skip
    parts = draw(
        st.lists(st.sampled_from(kinds).flatmap(lambda kind: kind(numbers)), min_size=2, max_size=9)
    )
    said = [ENROLLED, *(one for part in parts for one in part)]
    return Month(said, _measured(draw))


def _measured(draw):
    """What the markers measure: gates and bands on either side of their limits."""
    orders, visits = draw(st.integers(0, 12)), draw(st.integers(0, 61))
    return {
        "steward": {
            "stewards": [
                {"steward_id": name, "person_id": person, "community": NORTH,
                 "duty": "GRID_WORKER", "type": "FULL_TIME", "orders": orders,
                 "accepted_on_time": orders, "proactive_closed": 0, "visits": visits,
                 "visit_quota": 60, "attendance_full": visits > 30, "on_roster": True}
                for name, person in STEWARDS.items()
            ],
        },
        "property": {
            "projects": [
                {"project_id": name, "company_id": "pco_1", "community": NORTH,
                 "in_service": True, "households": 1200, "requests": 160,
                 "contacted_on_time": draw(st.integers(140, 160)), "due_resolutions": 156,
                 "resolved_on_time": draw(st.integers(130, 156)), "rated": 80, "satisfied": 74,
                 "complaints_valid": 9, "rolling_complaints": 100,
                 "rolling_complaints_before": 100, "rolling_households": 1200,
                 "rolling_households_before": 1200, "p2c_active_last_day": True,
                 "c2p_active_last_day": draw(st.booleans()), "p2c_gap_days": 0, "c2p_gap_days": 0,
                 "cross_full_month": True, "agreements_active_last_day": 2,
                 "agreements_full_month": 2, "commitments_due": 10, "commitments_on_time": 9,
                 "tripartite_held": True, "overdue_rectifications_open": 0}
                for name in PROJECTS
            ],
        },
        "partner": {
            "partners": [
                {"partner_id": name, "area": NORTH, "level": "COMMUNITY", "active": True,
                 "points_redeemed": 250, "redeemed": draw(st.integers(9, 11)),
                 "new_service_offers": 4, "rated": 20, "satisfied": 19, "sponsor_fen": 0}
                for name in PARTNERS
            ],
        },
    }  # fmt: skip


# --------------------------------------------------------------------------------------------------
# The wire


def marker(source, partition, measured):
    """The last word of a source about the month in one partition."""
    rows = measured.get(source, {}) if partition == 0 else {}
    data = {
        "period": PERIOD,
        "partition": partition,
        "partitions": PARTITIONS,
        "communities": [],
        **rows,
    }
    return Said(source, "month_measured.v1", PERIOD, 44_639, data, scope="370811")


def as_written(town):
    """The plain order: everything one by one as it was written down, then markers, then the late.

    Yields lists of (event id, event, partition), each of one source.
    """
    for number, said in enumerate(town.said):
        if not said.late:
            yield [(town.event_id(number), said, said.partition)]
    for source in SOURCES:
        for partition in range(PARTITIONS):
            one = (town.event_id(f"{source}-{partition}"), marker(source, partition, town.measured),
                   partition)  # fmt: skip
            yield [one]
    for number, said in enumerate(town.said):
        if said.late:
            yield [(town.event_id(number), said, said.partition)]


def shuffled(town, chance):
    """Any other order that the bus may bring, in batches of any size, with repetitions.

    Args:
        town: The month.
        chance: A `random.Random`.
    """
    ready = {source: _Source(source, town) for source in SOURCES}
    before: dict[str, list] = defaultdict(list)
    while ready:
        source = ready[chance.choice(sorted(ready))]
        batch = []
        for _ in range(chance.choice((1, 1, 2, 3, 8, 40))):
            if before[source.name] and chance.random() < 0.15:
                # The wire repeats what it is not sure of, at any time.
                batch.append(chance.choice(before[source.name]))
                continue
            found = source.next(chance)
            if found is None:
                ready.pop(source.name, None)
                break
            batch.append(found)
            before[source.name].append(found)
        if batch:
            yield batch


class _Source:
    """What one source still has to bring: streams per subject, in front of and behind markers."""

    def __init__(self, name, town):
        self.name, self.town = name, town
        self.front: dict[int, dict[str, list]] = defaultdict(lambda: defaultdict(list))
        self.behind: dict[int, dict[str, list]] = defaultdict(lambda: defaultdict(list))
        for number, said in enumerate(town.said):
            if said.source == name:
                side = self.behind if said.late else self.front
                found = (town.event_id(number), said, said.partition)
                side[said.partition][said.subject].append(found)
        self.closed: set[int] = set()

    def next(self, chance):
        """Take one that may come now, or None when all have."""
        ways = []
        for partition in range(PARTITIONS):
            side = self.behind if partition in self.closed else self.front
            ways += [(side[partition], subject) for subject in sorted(side[partition])]
            if partition not in self.closed and not self.front[partition]:
                ways.append((None, partition))
        if not ways:
            return None
        side, subject = chance.choice(ways)
        if side is None:
            self.closed.add(subject)
            said = marker(self.name, subject, self.town.measured)
            return self.town.event_id(f"{self.name}-{subject}"), said, subject
        stream = side[subject]
        found = stream.pop(0)
        if not stream:
            del side[subject]
        return found
