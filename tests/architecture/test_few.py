"""No number on a door that everybody may ask tells of fewer than five people.

A whole number in what such a door answers, or in a fact for everybody, counts people and is hidden
below five (`chassis/few.py`), or it stands here: as what counts no people, or as what is announced
whole, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fivered.chassis import few
from fivered.chassis.messages import ANY_ROLE, PUBLIC

ROOT = Path(__file__).resolve().parents[2]
EVERYBODY = {PUBLIC, ANY_ROLE, "R_RESIDENT"}
CONTRACTS = sorted(ROOT.glob("services/*/contracts/api.json"))
FACTS = sorted(ROOT.glob("services/*/contracts/events/*.json"))

# By name: points, money, times, steps, work, lists of what the caller may read.
_WORDS = """
accept_minutes contact_minutes resolve_minutes resolve_working_days accepted_on_time adjournments adopted agreements_active amount article
available bad birth_year budget_fen built_year clawback closed closing collected
coordinates lat lon weekly_hours counts day_minutes days
days_left deliberated dimensions due escalated expires_in extensions face_value_fen gap_days good
handed_over held implementing item left level median_hours minutes on_time opening orders
overdue_level pending per_person_month percent points points_before_cap points_goods
points_pending points_price points_released points_services previous_minutes proactive_closed
projects publicised qty rank receivable reopen_count resolved returns rework_count reworks round
score score_before_cap settle_fen_per_point stars step stock_left stock_total
supervisions_missed tasks terms topic_version total urged valid_periods version visit_quota visits
voucher_ttl_h ways year years closed_weekdays
"""
NOT_PEOPLE = frozenset(_WORDS.split())
VOTE = "the vote decides by these numbers, and whoever is bound by it may check the majority"
QUORUM = "the session may decide only while these numbers hold, and shows them as long as it lasts"
SIGNED = "who signs wants to be counted: five carry a matter to the community"
OBJECTED = "five stop a resolution, so that everybody may know how many have objected"
DRAW = "with it anybody repeats the draw of who is invited"
COMPOUND = (
    "a compound's size in the register of the property's management: homes, not who lives there"
)
RATE = "the official rate of a manager (M-01), on which its score stands; complaints, not people"
SESSIONS = "sessions of one deputy in a year; not people"
BYTES = "bytes of a file"
VERSION = "the number of a version of the service standards"
LINE = "the number of one's own line on a roll"
COUNTERS = "to who counts the vote alone"
OWNERS = (
    "by law the owners decide together, and the figures are what a decision follows from (Civil "
    "Code 278); told once the vote is counted"
)
SEATS = "members of a committee are elected, and on the public register by office"
MINUTES = (
    "who signs minutes of three parties acts for one of them; that all came is what they prove"
)
# Service, `Type.member`: why it is told whole.
ANNOUNCED = {
    **{
        ("steward", f"ActivityCard.{name}"): "places as they were called; who signed up, who waits"
        " and who came is told to who organises there only"
        for name in ("quota", "signed", "waiting", "present")
    },
    **{
        ("steward", f"StewardScore.{name}"): "cases of one's own, told to that steward and who"
        " oversees the place; and numbers of the rule"
        for name in ("cases", "least", "left_out", "weight", "prior_cases", "late")
    },
    **{
        ("steward", f"Standard{name}"): VERSION
        for name in ("Card.number", "Whole.number", "Diff.number", "Diff.since")
    },
    **{
        ("forum", f"Tally.{name}"): VOTE
        for name in (
            *("for", "against", "abstain", "not_cast", "voting_invited", "voting_present"),
            "resident_present",
        )
    },
    **{
        ("forum", f"Quorum.{name}"): QUORUM
        for name in (
            *("voting_invited", "voting_present", "needed", "resident_present"),
            "residents_needed",
        )
    },
    ("forum", "OnAgenda.ballots"): QUORUM,
    ("forum", "Cosigned.cosigners"): SIGNED,
    ("forum", "TopicCard.cosigners"): SIGNED,
    ("forum", "TopicReply.cosigners"): SIGNED,
    ("forum", "Opinion.objections"): OBJECTED,
    ("forum", "Objected.objectors"): OBJECTED,
    ("forum", "Draw.pool"): DRAW,
    ("forum", "SessionCard.pool"): DRAW,
    ("forum", "SessionReply.pool"): DRAW,
    ("forum", "Poll.stars_total"): "hidden together with `ratings`",
    ("property", "ProjectCard.households"): COMPOUND,
    ("property", "ProjectLine.households"): COMPOUND,
    ("property", "MonthOfWindow.households"): COMPOUND,
    ("property", "project_registered.v1.households"): COMPOUND,
    ("credit", "ProjectScore.households"): COMPOUND,
    ("property", "Window.complaints"): RATE,
    ("property", "Window.complaints_revised"): RATE,
    ("property", "MonthOfWindow.complaints"): RATE,
    ("property", "MonthOfWindow.revised"): RATE,
    **{
        ("property", name): RATE
        for name in (
            *("WindowFigures.complaints", "WindowFigures.complaints_revised"),
            *("Restatement.before", "Restatement.after", "Restatement.frozen"),
        )
    },
    **{
        ("property", name): "what a compound has published of its money"
        for name in (
            *("FigureLine.amount_fen", "DisclosureContent.income_fen"),
            "DisclosureContent.expense_fen",
        )
    },
    ("property", "DisclosureContent.edition"): "which version it is",
    ("property", "DisclosureVersion.edition"): "which version it is",
    **{
        ("property", f"Statistic.{name}"): "orders to a company, not people"
        for name in ("orders", "orders_late", "orders_met")
    },
    ("property", "CommitteeInTerm.members"): SEATS,
    ("property", "CommitteeCard.size"): SEATS,
    ("property", "Cast.line"): LINE,
    ("property", "Revoked.line"): LINE,
    ("property", "MyBallot.line"): LINE,
    ("property", "VoteCard.returned"): COUNTERS,
    ("property", "VoteCard.round"): "how often a matter is voted on; not people",
    ("property", "VoteLine.round"): "how often a matter is voted on; not people",
    ("property", "Chosen.voices"): OWNERS,
    ("property", "LeftOut.rooms"): OWNERS,
    ("property", "owners_vote_closed.v1.area_assenting"): OWNERS,
    ("property", "owners_vote_closed.v1.area_eligible"): OWNERS,
    ("property", "owners_vote_closed.v1.area_participating"): OWNERS,
    ("property", "owners_vote_closed.v1.heads_assenting"): OWNERS,
    ("property", "owners_vote_closed.v1.heads_eligible"): OWNERS,
    ("property", "owners_vote_closed.v1.heads_participating"): OWNERS,
    ("property", "BodyCard.size"): SEATS,
    ("property", "BodyLine.size"): SEATS,
    ("property", "CommitteeLine.size"): SEATS,
    ("property", "Minutes.present"): MINUTES,
    ("forum", "YearReply.invited"): SESSIONS,
    ("forum", "YearReply.answered_yes"): SESSIONS,
    ("forum", "YearReply.attended"): SESSIONS,
    (
        "steward",
        "PersonRead.found",
    ): "how many one search showed: told to those whom it showed",
    ("steward", "SimilarRequest.likeness"): "percent, of two texts",
    ("steward", "PauseGroundCard.own_days"): "days of a rule",
    ("steward", "PauseGroundCard.most_days"): "days of a rule",
    ("steward", "PauseGrounds.in_all"): "days of a rule",
    ("credit", "ExportReply.size"): BYTES,
    ("credit", "FileReply.size"): BYTES,
    ("credit", "RuleSetReply.comments"): "each comment is on the board, without who wrote it",
}

OWN = "to the subject itself and the staff of its place alone"
INSIDE = "to the staff of the place, and who speaks for a side, alone"
# Service, `Type.member` of what is open: what numbers of people it tells to everybody.
OPEN = {
    ("credit", "FieldChange.after"): "rules",
    ("credit", "FieldChange.before"): "rules",
    ("credit", "MeasureCard.data"): OWN,
    ("credit", "MessageCard.detail"): OWN,
    ("credit", "NoticeDetail.body"): "the month's published list, with how many it was made of",
    ("credit", "RuleSetReply.document"): "rules",
    ("credit", "Why.inputs"): OWN,
    ("forum", "Step.artefact"): "what the topic itself tells (`Collected`, `Tally`, `Opinion`)",
    ("forum", "Supervision.media"): "files",
    ("forum", "SupervisionCard.media"): "files",
    ("forum", "TaskCard.evidence"): "files",
    ("forum", "TaskReply.evidence"): "files",
    ("forum", "TimelineEntry.detail"): INSIDE,
    ("property", "BoardDisclosure.former"): "files",
    ("property", "DisclosureContent.former"): "files",
    ("property", "DisclosureCard.former"): "files",
    ("property", "Happened.detail"): INSIDE,
    ("property", "Minutes.decisions"): "texts",
    ("property", "ProjectCard.last_month"): "hidden by `few.hide_in`: `rated`, `satisfied`",
    ("steward", "Change.before"): OWN,
    ("steward", "TimelineEntry.detail"): OWN,
}


def numbers(schema, schemas, holder, member="", inside=()) -> Iterator[tuple[str, bool | None]]:
    """(`Type.member`, whether it is hidden below five) of each number that a schema reaches; None
    where anything may stand."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in inside:
            yield from numbers(schemas[name], schemas, name, member, (*inside, name))
        return
    if is_open(schema):
        yield f"{holder}.{member}", None
    if schema.get("type") in {"integer", "number"}:
        yield f"{holder}.{member}", few.HIDDEN_BELOW in schema
    within = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    within += [schema.get("items"), schema.get("additionalProperties")]
    for one in within:
        if isinstance(one, dict):
            yield from numbers(one, schemas, holder, member, inside)
    for name, one in schema.get("properties", {}).items():
        yield from numbers(one, schemas, holder, name, inside)


def is_open(schema) -> bool:
    """Whether a schema says nothing of what stands there."""
    return not {"$ref", "type", "anyOf", "oneOf", "enum", "const"} & schema.keys()


def told():
    """Each number that everybody may read: its service, its name, and whether it is hidden."""
    for path in CONTRACTS:
        api = json.loads(path.read_text())
        for door in api["doors"].values():
            if EVERYBODY & set(door["roles"]):
                for at, hidden in numbers(door["reply"], api["schemas"], ""):
                    yield api["service"], at, hidden
    for path in FACTS:
        fact = json.loads(path.read_text())
        if fact["visibility"] == "public":
            schema, name = fact["schema"], path.name.removesuffix(".json")
            for at, hidden in numbers(schema, schema.get("$defs", {}), name):
                yield path.parts[-4], at, hidden


def test_a_number_that_everybody_reads_is_hidden_below_five_or_stands_in_a_list():
    found = {(service, at) for service, at, hidden in told() if hidden is False}
    unknown = {
        one for one in found - ANNOUNCED.keys() if one[1].rpartition(".")[2] not in NOT_PEOPLE
    }
    assert not unknown, "mark it PEOPLE (chassis/few.py) and hide it, or say here why not"


def test_no_list_names_what_is_gone():
    found = {(service, at) for service, at, hidden in told() if hidden is False}
    assert ANNOUNCED.keys() <= found
    assert {at.rpartition(".")[2] for _, at in found} >= NOT_PEOPLE


def test_what_is_open_is_said_to_hold_no_small_number_of_people():
    assert {(service, at) for service, at, hidden in told() if hidden is None} == OPEN.keys()


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.parts[-3])
def test_a_type_that_hides_a_number_says_which(path):
    for name, schema in json.loads(path.read_text())["schemas"].items():
        own = schema.get("properties", {})
        if any(few.HIDDEN_BELOW in json.dumps(one) for one in own.values()):
            assert "few" in own, name
