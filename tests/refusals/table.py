"""The refusals of DOMAIN's Appendix A that the story's commands can meet, a row each.

A row names the step of the story before which it is tried, so the state that it needs is the one
that the story has reached there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fivered.clients.demo import district as place
from fivered.clients.demo.api import Person, Refused, first
from fivered.clients.demo.district import PEOPLE
from tests.refusals.telling import Try, Witness

STEWARD, PROPERTY, PARTNER = "/v1/steward", "/v1/property", "/v1/partner"
FORUM, CREDIT = "/v1/forum", "/v1/credit"

# People whom the story does not have. The barber is a resident too; so may be anybody.
CHILD = Person("child", place.identity("per", 91), (("R_RESIDENT", place.GRID),))
STRANGER = Person("stranger", place.identity("per", 92), (("R_RESIDENT", place.GRID),))
FAR = Person("far", place.identity("per", 93), (("R_RESIDENT", place.OTHER_GRID),))
HERSELF = Person("barber at home", PEOPLE["barber"].person_id, (("R_RESIDENT", place.GRID),))
MANY_HATS = Person(
    "two offices", PEOPLE["secretary"].person_id,
    (("R_STREET", place.STREET), ("R_SECRETARY", place.COMMUNITY)),
)  # fmt: skip

NEIGHBOUR_AS_CADRE, PROPOSER_AS_CADRE = (
    Person(f"{name} as cadre", PEOPLE[name].person_id, (("R_CADRE", place.COMMUNITY),))
    for name in ("neighbour", "grid_worker")
)
FEW, LIMITED, FOR_STEWARDS = (place.identity("off", number) for number in (91, 92, 93))
ELSEWHERE = place.identity("stw", 93)
_OFFER = {
    "partner_id": place.BARBER, "kind": "SERVICE", "title": "剪发一次", "points_price": 50,
    "face_value_fen": 2000, "settle_fen_per_point": 10, "stock_total": 5, "audience": "BOTH",
    "scope": place.COMMUNITY, "valid_from": "2025-01-02", "valid_to": "2025-12-31",
}  # fmt: skip
RESIDENT = PEOPLE["resident"].person_id
TIMES = {
    "person_id": PEOPLE["neighbour"].person_id, "minutes": 60, "source": "QR",
    "date": "2025-01-18", "activity": "清雪", "check_in": "2025-01-18T09:00:00+08:00",
    "check_out": "2025-01-18T10:30:00+08:00",
}  # fmt: skip
NEIGHBOUR = PEOPLE["neighbour"].person_id

LONG = "须调取物业公司的通话录音,对方答复五个工作日内提供。"
GUARD, CONFLICT, ROLE = "GUARD_FAILED", "STATE_CONFLICT", "ROLE_DENIED"
PII = "PII_FOUND"


def _guard(step, name, who, path, guard, **more):
    return Try(name, step, who, path, 422, GUARD, guard, **more)


def _pii(step, name, who, path, **more):
    return Try(name, step, who, path, 422, PII, PII, **more)


def _no(step, name, who, path, status, code, **more):  # noqa: PLR0917  a row of the table
    return Try(name, step, who, path, status, code, **more)


# --------------------------------------------------------------------------------------------------
# What the rows need beyond the story


def _register(t: Witness) -> None:
    for who, year, grid in ((CHILD, 2015, place.GRID), (FAR, 1980, place.OTHER_GRID)):
        t.api.post(
            f"{STEWARD}/people",
            PEOPLE["district"],
            {
                "person_id": who.person_id,
                "name": "周小童",
                "phone": f"128{who.person_id[-8:]}",
                "birth_year": year,
                "grid": grid,
                "synthetic": True,
            },
            key=f"more-{who.name}",
        )
    t.api.wait("credit knows them", partial(_consented, t))


def _consented(t: Witness) -> bool:
    try:
        t.api.post(
            f"{CREDIT}/consents",
            FAR,
            {"notice_version": "2025.1", "purposes": ["SCORING", "POINTS"]},
            key="more-consent",
        )
    except Refused as refused:
        if refused.problem.get("guard") == "IDENTITY_NOT_VERIFIED":
            return False
        raise
    return True


def _hours(t: Witness) -> None:
    made = t.api.post(
        f"{STEWARD}/volunteer-hours",
        PEOPLE["grid_worker"],
        {
            "person_id": PEOPLE["grid_worker"].person_id,
            "minutes": 60,
            "source": "QR",
            "date": "2025-01-11",
            "activity": "清雪",
        },
        key="more-hours",
        role="R_GRID",
    )
    t.known["own_hours"] = made["id"]
    t.known["own_hours_version"] = made["version"]


def _complex_requests(t: Witness) -> None:
    worker = PEOPLE["grid_worker"]
    for name in ("p4", "p4-left"):
        made = t.api.post(
            f"{STEWARD}/requests",
            PEOPLE["cadre"],
            {
                "channel": "STATION",
                "kind": "HELP",
                "category": "NEIGHBOUR_DISPUTE",
                "priority": "P4",
                "grid": place.GRID,
                "text": "老楼加装电梯的协商",
                "reporter_id": NEIGHBOUR,
            },
            key=f"more-{name}",
            role="R_CADRE",
        )
        path = t.known[name] = f"{STEWARD}/requests/{made['id']}"
        t.api.advance(path, "accept", worker, key=f"more-{name}-accept", role="R_STEWARD")


def _hours_with_times(t: Witness) -> None:
    t.api.post(
        f"{STEWARD}/volunteer-hours", PEOPLE["grid_worker"], TIMES, key="more-times", role="R_GRID"
    )


def _steward_elsewhere(t: Witness) -> None:
    body = {
        "steward_id": ELSEWHERE,
        "person_id": FAR.person_id,
        "type": "FULL_TIME",
        "duty": "GRID_WORKER",
        "grids": [place.OTHER_GRID],
        "work_phone": "0537-0000093",
    }
    t.api.post(f"{STEWARD}/stewards", PEOPLE["district"], body, key="more-steward")


def _extended(t: Witness) -> None:
    body = {"new_due": "2025-03-05T18:00:00+08:00", "reason": "需专业评估"}
    t.api.advance(t.known["p4"], "extend", PEOPLE["cadre"], body, key="more-extend", role="R_CADRE")


def _own_award(t: Witness) -> None:
    made = t.api.post(
        f"{CREDIT}/awards",
        PEOPLE["grid_worker"],
        {
            "subject": f"RES:{NEIGHBOUR}",
            "rule_code": "R-RES-09",
            "occurred_at": "2025-02-19T09:00:00+08:00",
            "evidence": ["HZ-2025-001"],
        },
        key="more-award",
        role="R_GRID",
    )
    t.known["award"] = f"{CREDIT}/awards/{made['id']}"


def _unchecked(t: Witness) -> None:
    """The secretary reviews without looking at what must be looked at."""
    path, who = t.known["here"], PEOPLE["secretary"]
    whole = t.api.get(path, who)
    assert whole["to_check"]
    t.api.advance(path, "review", who, {"hash": whole["hash"], "checked": []}, key="more-review")
    t.known["hash"] = whole["hash"]


def _hash(t: Witness) -> None:
    t.known["hash"] = t.api.get(t.known["here"], PEOPLE["street"])["hash"]


def _task(t: Witness) -> None:
    task = t.api.get(t.known["topic"], PEOPLE["secretary"])["tasks"][0]
    t.known["task"] = f"{FORUM}/tasks/{task['id']}"
    t.known["task_id"] = task["id"]


def _commitment(t: Witness) -> bool:
    """Find a commitment of the project's side; returns whether its time has come."""
    made = t.known["made-agreement-JOINT_BUILDING"]
    card = t.api.get(f"{PROPERTY}/agreements/{made['id']}", PEOPLE["secretary"])
    mine = first(card["commitments"], responsible="PROJECT")
    t.known["commitment"] = f"{PROPERTY}/commitments/{mine['id']}"
    t.known["commitment_version"] = mine["version"]
    return mine["state"] != "SCHEDULED"


def _bad_agreements(t: Witness) -> None:
    draft = {"project_id": place.PROJECT, "type": "JOINT_BUILDING", "valid_from": "2025-01-03",
             "text_sha256": t.known["body"]["text_sha256"]}  # fmt: skip
    one = {"title": "公开", "responsible": "PROJECT", "due_date": "2025-06-20",
           "evidence_kinds": ["PHOTO"]}  # fmt: skip
    for name, more in (
        ("long-agreement", {"valid_to": "2028-01-03", "commitments": [one] * 4}),
        ("empty-agreement", {"valid_to": "2026-01-02", "commitments": [one]}),
    ):
        made = t.api.post(
            f"{PROPERTY}/agreements", PEOPLE["secretary"], draft | more, key=f"more-{name}"
        )
        t.known[name] = f"{PROPERTY}/agreements/{made['id']}"


def _offers(t: Witness) -> None:
    for offer_id, more in (
        (FEW, {"stock_total": 1}),
        (LIMITED, {"per_person_month": 1}),
        (FOR_STEWARDS, {"audience": "STEWARD"}),
    ):
        key = f"more-offer-{offer_id}"
        path = f"{PARTNER}/offers/{offer_id}"
        t.api.post(
            f"{PARTNER}/offers",
            PEOPLE["barber"],
            _OFFER | more | {"offer_id": offer_id},
            key=key,
        )
        t.api.advance(path, "approve", PEOPLE["cadre"], key=f"{key}-a", role="R_CADRE")
        t.api.advance(path, "publish", PEOPLE["barber"], key=f"{key}-p")


def _topic(t: Witness) -> None:
    t.known["topic_id"] = t.known["topic"].rpartition("/")[2]


def _objected(t: Witness) -> None:
    t.known["objected"] = t.known["body"]["target_id"]


def _haircut(t: Witness) -> None:
    rows = t.api.get(f"{PARTNER}/redemptions", PEOPLE["resident"])["items"]
    t.known["haircut_given"] = first(rows, offer_id=place.HAIRCUT)["id"]


def _film(t: Witness) -> None:
    rows = t.api.get(f"{PARTNER}/redemptions", PEOPLE["resident"])["items"]
    t.known["film_taken"] = first(rows, offer_id=place.FILM)["id"]


PREPARE: dict[str, Callable[[Witness], object]] = {
    "sign-project-JOINT_BUILDING": _bad_agreements,
    "nominate-P2C": _register,
    "hours-confirm-1": _hours,
    "accept": _steward_elsewhere,
    "contact": _complex_requests,
    "hours-2": _hours_with_times,
    "resolve": _extended,
    "rate": _own_award,
    "review-2025-01": _hash,
    "confirm-2025-01": _hash,
    "review-2025-03": _unchecked,
    "supervision": _task,
    "tripartite": _commitment,
    "redeem-haircut": _offers,
    "redeem-film": _haircut,
    "redeem-hamper": _film,
    "cosign-neighbour": _topic,
    "objection": _objected,
}


def afterwards(t: Witness) -> None:
    """Two months later."""
    t.at("2025-06-20T09:00:00")
    rows = t.api.get(f"{PARTNER}/statements", PEOPLE["barber"])["items"]
    t.known["statement"] = f"{PARTNER}/statements/{rows[0]['id']}"
    t.known["upheld"] = f"{CREDIT}/objections/{t.known['made-objection']['id']}"
    t.known["reader"] = (PEOPLE["barber"], None)
    t.api.wait("a commitment is due", partial(_commitment, t))


# --------------------------------------------------------------------------------------------------
# The table

COMMON = [
    _no("accept", "a command without If-Match changes nothing", "grid_worker", "{here}/accept",
        428, "PRECONDITION_REQUIRED", role="R_STEWARD"),
    _no("accept", "a command on another version changes nothing", "grid_worker", "{here}/accept",
        412, "VERSION_CONFLICT", role="R_STEWARD", match=99),
    _no("accept", "a resident accepts no request", "resident", "{here}/accept", 403, ROLE, match=1),
    _no("accept", "what does not exist is not found", "grid_worker",
        f"{STEWARD}/requests/req_nothing/accept", 404, "NOT_FOUND", role="R_STEWARD", match=1),
    _no("request", "a body that cannot be read", "cadre", f"{STEWARD}/requests", 422, "VALIDATION",
        role="R_CADRE", change={"channel": "PIGEON"}),
]  # fmt: skip

CONSENT = [
    _guard("hours-1", "a child does not consent", CHILD, f"{CREDIT}/consents", "UNDER_AGE",
           body={"notice_version": "2025.1", "purposes": ["SCORING"]}),
    _guard("hours-1", "consent to an old notice", "resident3", f"{CREDIT}/consents",
           "NOTICE_OUTDATED", body={"notice_version": "2019.1", "purposes": ["SCORING"]}),
    _guard("hours-1", "consent of somebody unknown", STRANGER, f"{CREDIT}/consents",
           "IDENTITY_NOT_VERIFIED", body={"notice_version": "2025.1", "purposes": ["SCORING"]}),
]  # fmt: skip

HOURS = [
    _guard("hours-1", "hours of somebody unknown", "grid_worker", "{here}", "UNKNOWN_PERSON",
           role="R_GRID", change={"person_id": "per_unknown", "record_id": None}),
    _guard("hours-1", "hours in the future", "grid_worker", "{here}", "CLOCK_SKEW", role="R_GRID",
           change={"date": "2025-02-11", "record_id": None}),
    _guard("hours-confirm-1", "nobody confirms his own hours", "grid_worker",
           f"{STEWARD}/volunteer-hours/{{own_hours}}/confirm", "SELF_CONFIRM", role="R_GRID",
           body={"minutes": 60}, match=1),
    _guard("hours-2", "hours in two places at once", "grid_worker", f"{STEWARD}/volunteer-hours",
           "OVERLAP", role="R_GRID", body=TIMES | {"check_in": "2025-01-18T09:30:00+08:00"}),
    _no("hours-2", "hours are confirmed once", "cadre",
        f"{STEWARD}/volunteer-hours/{place.identity('vol', 1)}/confirm", 409, CONFLICT,
        role="R_CADRE", body={"minutes": 480}, match=2),
]  # fmt: skip

_CALL_BACK = {"subject": RESIDENT, "reason": "回电约定上门协调的时间"}
REVEAL = [
    _guard("accept", "a number of somebody whose case one does not have", "grid_worker",
           "/v1/pii/reveal", "NO_OPEN_CASE", role="R_STEWARD",
           body=_CALL_BACK | {"subject": NEIGHBOUR}),
    _guard("accept", "a number of nobody", "grid_worker", "/v1/pii/reveal", "NO_OPEN_CASE",
           role="R_STEWARD", body=_CALL_BACK | {"subject": "per_nobody"}),
    _guard("tripartite", "a number for a request that is closed", "grid_worker", "/v1/pii/reveal",
           "NO_OPEN_CASE", role="R_STEWARD", body=_CALL_BACK),
    _no("accept", "a resident is shown nobody's number", "resident", "/v1/pii/reveal", 403, ROLE,
        body=_CALL_BACK),
    _no("accept", "a number without a reason", "grid_worker", "/v1/pii/reveal", 422, "VALIDATION",
        role="R_STEWARD", body=_CALL_BACK | {"reason": "回电"}),
    _no("accept", "an identity number in the clear", "grid_worker", "/v1/pii/reveal", 422,
        "VALIDATION", role="R_STEWARD", body=_CALL_BACK | {"field": "id_no"}),
]  # fmt: skip

REQUEST = [
    _guard("request", "a request from nowhere", "cadre", "{here}", "UNKNOWN_GRID", role="R_CADRE",
           change={"grid": "370811015901099"}),
    _guard("request", "a project of another grid", "cadre", "{here}", "PROJECT_NOT_OF_GRID",
           role="R_CADRE", change={"grid": place.OTHER_GRID, "project_id": place.PROJECT,
                                   "reporter_id": None}),
    _guard("accept", "a handler whose duty it is not", "cadre", "{here}/dispatch", "WRONG_DUTY",
           role="R_CADRE", match=True, body={"handler": place.PROPERTY_STAFF}),
    _guard("accept", "a handler who serves elsewhere", "cadre", "{here}/dispatch",
           "HANDLER_NOT_ON_DUTY", role="R_CADRE", match=True, body={"handler": ELSEWHERE}),
    _guard("accept", "somebody else accepts", "cadre", "{here}/accept", "NOT_HANDLER",
           role="R_CADRE", match=True),
    _guard("contact", "resolved before contact", "grid_worker", "{here}/resolve", "NOT_CONTACTED",
           role="R_STEWARD", match=True,
           body={"outcome": "SOLVED", "note": "已办", "media": ["photo-1"]}),
    _guard("contact", "more time for a simple request", "cadre", "{here}/extend", "NOT_P4",
           role="R_CADRE", match=True,
           body={"new_due": "2025-03-05T18:00:00+08:00", "reason": "需要时间"}),
    _guard("contact", "more time than there may be", "cadre", "{p4}/extend", "OVER_15_WD",
           role="R_CADRE", match=True,
           body={"new_due": "2025-06-05T18:00:00+08:00", "reason": "需要时间"}),
    _guard("resolve", "more time twice", "cadre", "{p4}/extend", "ALREADY_EXTENDED",
           role="R_CADRE", match=True,
           body={"new_due": "2025-03-06T18:00:00+08:00", "reason": "需要时间"}),
    _guard("close-2025-02", "more time when it is overdue", "cadre", "{p4-left}/extend",
           "AFTER_DUE", role="R_CADRE", match=True,
           body={"new_due": "2025-03-07T18:00:00+08:00", "reason": "需要时间"}),
    _guard("resolve", "solved without a picture", "grid_worker", "{here}/resolve",
           "EVIDENCE_REQUIRED", role="R_STEWARD", match=True, change={"media": []}),
    _no("resolve", "rated before it is resolved", "resident", "{here}/rate", 409, CONFLICT,
        body={"stars": 5, "solved": True}),
    _guard("rate", "rated by a cadre who knows of it", "cadre2", "{here}", "NOT_REPORTER",
           body={"stars": 1, "solved": False}),
    _no("rate", "rated by one who may not know of it", "neighbour", "{here}", 404, "NOT_FOUND",
        body={"stars": 1, "solved": False}),
    _guard("credited", "rated twice", "resident", f"{STEWARD}/requests/{{request}}/rate",
           "ALREADY_RATED", body={"stars": 1, "solved": False}),
    _guard("afterwards", "rated too late", "resident12", "{complaint-request}/rate",
           "RATING_WINDOW", body={"stars": 5, "solved": True}),
    _no("afterwards", "a closed request is not accepted", "grid_worker",
        "{complaint-request}/accept", 409, CONFLICT, role="R_STEWARD", match=True),
]  # fmt: skip

APPOINTMENT = [
    _guard("nominate-P2C", "somebody who does not manage the project", "secretary", "{here}",
           "NOT_CURRENT_MANAGER", change={"person_id": RESIDENT}),
    _guard("nominate-P2C", "a party post for one who is no member", "secretary", "{here}",
           "NOT_PARTY_MEMBER", change={"party_member": False}),
    _guard("nominate-P2C", "a post of the other direction", "secretary", "{here}",
           "POST_NOT_ALLOWED", change={"target_post": "PROJECT_DEPUTY_MANAGER"}),
    _guard("nominate-P2C", "a person of the register of committees who is not in it", "secretary",
           "{here}", "NOT_COMMITTEE_MEMBER",
           change={"direction": "C2P", "target_post": "PROJECT_DEPUTY_MANAGER",
                   "party_member": None, "person_id": RESIDENT}),
    _no("nominate-P2C", "a resident nominates nobody", "resident", "{here}", 403, ROLE, change={}),
    _no("consent-P2C", "somebody else consents", "cadre", "{here}", 404, "NOT_FOUND"),
    _no("approve-P2C", "filed before it is approved", "street", "{here}/file", 409, CONFLICT,
        match=True),
]  # fmt: skip

AGREEMENT = [
    _guard("tripartite", "a direction that is taken", "secretary", f"{PROPERTY}/appointments",
           "DIRECTION_TAKEN",
           body={"project_id": place.PROJECT, "direction": "P2C",
                 "person_id": PEOPLE["manager"].person_id, "target_post": "PARTY_BRANCH_MEMBER",
                 "party_member": True}),

    _guard("sign-project-JOINT_BUILDING", "an agreement of more than 24 months is not signed",
           "manager", "{long-agreement}/sign", "VALIDITY_OVER_24M", match=1, change={}),
    _guard("sign-project-JOINT_BUILDING", "an agreement without enough commitments", "manager",
           "{empty-agreement}/sign", "TOO_FEW_COMMITMENTS", match=1, change={}),
    _guard("sign-project-JOINT_BUILDING", "another text is signed", "manager", "{here}/sign",
           "TEXT_CHANGED", match=True, change={"text_sha256": "0" * 64}),
    _no("sign-project-JOINT_BUILDING", "signed for the other side", "manager", "{here}/sign", 403,
        ROLE, match=True, change={"side": "COMMUNITY"}),
    _guard("tripartite", "a commitment fulfilled before its time", "manager",
           "{commitment}/fulfil", "NOT_OPEN", match=1, body={"evidence": ["sha256:1"]}),
    _guard("afterwards", "a commitment fulfilled without evidence", "manager",
           "{commitment}/fulfil", "EVIDENCE_REQUIRED", match="commitment_version",
           body={"evidence": []}),
    _guard("tripartite", "a commitment waived without a reason", "secretary", "{commitment}/waive",
           "REASON_REQUIRED", match=1, body={"reason": ""}),
    _no("tripartite", "a commitment of the other side", "resident", "{commitment}/fulfil",
        403, ROLE, match=1, body={"evidence": ["sha256:1"]}),
    _guard("tripartite", "a meeting of one side alone", "secretary", "{here}", "QUORUM_NOT_MET",
           change={"attendees": {"COMMITTEE": [PEOPLE["secretary"].person_id]}}),
]  # fmt: skip

RECTIFICATION = [
    _guard("acknowledge", "an order without a basis", "street", f"{PROPERTY}/rectifications",
           "BASIS_REQUIRED",
           body={"project_id": place.PROJECT, "severity": "S2", "facts": "占用通道", "basis": ""}),
    _guard("acknowledge", "an urgent order of the community", "cadre2",
           f"{PROPERTY}/rectifications", "SEVERITY_NOT_ALLOWED",
           body={"project_id": place.PROJECT, "severity": "S1", "facts": "占用通道",
                 "basis": "合同第 12 条"}),
    _guard("submit", "mended without pictures", "manager", "{here}/submit", "EVIDENCE_REQUIRED",
           match=True, change={"evidence_pairs": []}),
    _no("submit", "passed before it is submitted", "street", "{here}/pass", 409, CONFLICT,
        match=True, body={"note": "好"}),
    _no("pass", "the project passes its own order", "manager", "{here}/pass", 403, ROLE,
        match=True, body={"note": "好"}),
    _guard("pass", "failed without a reason", "street", "{here}/fail", "REASON_REQUIRED",
           match=True, body={"reason": ""}),
    _guard("validate", "a complaint judged without a reason", "cadre2", "{here}/validate",
           "REASON_REQUIRED", match=True, change={"reason": ""}),
]  # fmt: skip

TOPIC = [
    _guard("topic", "a topic about somewhere else", "resident", "{here}", "SCOPE_MISMATCH",
           change={"scope": [place.OTHER_GRID]}),
    _guard("topic", "a topic of the community without cosigners", "resident", "{here}",
           "COSIGNERS_NEEDED", change={"level": "COMMUNITY", "scope": [place.COMMUNITY]}),
    _guard("cosign-neighbour", "the proposer has signed already", "resident", "{here}",
           "ALREADY_SIGNED"),
    _guard("cosign-neighbour", "a session about what is not analysed", "secretary",
           f"{FORUM}/sessions", "STEP_LOCKED",
           body={"topic_ids": ["{topic_id}"], "start": "2025-03-20T19:30:00+08:00",
                 "place": "红帆驿站", "auto": True}),
    _no("adopt", "a resident adopts nothing", "resident", "{here}/adopt", 403, ROLE, match=True,
        change={}),
]  # fmt: skip

SESSION = [
    _guard("session", "an invitation too late", "secretary", "{here}", "NOTICE_72H",
           change={"start": "2025-03-18T19:30:00+08:00"}),
    _guard("session", "a session too late", "secretary", "{here}", "OVER_10_WD",
           change={"start": "2025-04-20T19:30:00+08:00"}),
    _guard("session", "too few residents", "secretary", "{here}", "RESIDENT_MAJORITY",
           change={"resident_seats": 3, "invitees": [
               {"person_id": PEOPLE[name].person_id, "capacity": capacity}
               for name, capacity in (("manager", "PROPERTY"), ("barber", "MERCHANT"),
                                      ("company", "PROPERTY"))]}),
    _guard("session", "one person twice", "secretary", "{here}", "PERSON_TWICE",
           change={"invitees": [
               {"person_id": PEOPLE["manager"].person_id, "capacity": "PROPERTY"},
               {"person_id": PEOPLE["manager"].person_id, "capacity": "MERCHANT"}]}),
    _guard("session", "too many seats", "secretary", "{here}", "SEATS_RANGE",
           change={"resident_seats": 99}),
    _guard("complaint", "opened too early", "secretary", "{session}/open", "TOO_EARLY", match=1),
    _guard("attendance", "somebody who was not invited attends", "secretary", "{here}",
           "NOT_INVITED", body={"person_ids": [PEOPLE["cinema"].person_id]}),
    _guard("attendance", "a vote of one who is absent", "resident3", "{session}/vote",
           "NOT_PRESENT", body={"topic_id": "{topic_id}", "choice": "FOR"}),
    _guard("attendance", "a vote closed without quorum", "secretary", "{session}/close-vote",
           "NO_QUORUM", match=True, body={"topic_id": "{topic_id}"}),
    _guard("close-vote", "an official votes", "street_lead", "{here}/vote", "NOT_VOTING",
           body={"topic_id": "{topic_id}", "choice": "FOR"}),
    _guard("close-vote", "a second vote", "neighbour", "{here}/vote", "ALREADY_VOTED",
           body={"topic_id": "{topic_id}", "choice": "FOR"}),
    _no("open", "a resident opens no session", "resident", "{here}/open", 403, ROLE, match=True),
]  # fmt: skip

_TASK = {
    "title": "施划车位六个并设禁停标识", "responsible_kind": "PROJECT",
    "responsible_id": place.PROJECT, "due_date": "2025-04-10", "supervisors": [NEIGHBOUR],
}  # fmt: skip
OPINION = [
    _pii("opinion", "an opinion with a telephone number is not taken", "secretary",
         "{here}/opinion", match=True, change={"text": "同意施划车位,联系人电话 13800138000。"}),
    _no("opinion", "a resident forms no opinion", "resident", "{here}/opinion", 403, ROLE,
        match=True, change={}),
    _guard("assign", "a task that nobody supervises", "secretary", "{here}/tasks",
           "SUPERVISOR_REQUIRED", match=True, change={"tasks": [_TASK | {"supervisors": []}]}),
    _guard("assign", "a task of a project that nobody knows", "secretary", "{here}/tasks",
           "RESPONSIBLE_UNKNOWN", match=True,
           change={"tasks": [_TASK | {"responsible_id": "prj_nothing"}]}),
    _guard("assign", "a task that was due before", "secretary", "{here}/tasks", "DUE_RANGE",
           match=True, change={"tasks": [_TASK | {"due_date": "2025-03-01"}]}),
    _no("assign", "an objection after the notice", "resident4", "{here}/object", 409, CONFLICT,
        body={"text": "车位偏少,请再议"}),
    _no("assign", "closed before anything is done", "secretary", "{here}/close", 409, CONFLICT,
        match=True, body={"result": "完成"}),
]  # fmt: skip

TASK = [
    _guard("supervision", "supervised by somebody else", "resident3", "{here}", "NOT_SUPERVISOR",
           change={}),
    _guard("supervision", "the project's work is delivered elsewhere", "secretary",
           "{task}/deliver", "PROJECT_DELIVERS", match=1, body={"evidence": ["sha256:1"]}),
    _guard("accept-supervisor", "accepted by somebody who does not supervise", "resident3",
           "{here}/accept", "NOT_SUPERVISOR", match=True, change={}),
    _no("accept-supervisor", "accepted without a finding", "neighbour", "{here}/accept", 422,
        "VALIDATION", match=True, change={"finding": ""}),
    _guard("accept-cadre", "accepted twice by the supervisor", "neighbour", "{here}/accept",
           "ALREADY_ACCEPTED", match=True, change={}),
    Try("accepted by one who holds a post in the project", "accept-cadre", "cadre",
        "{here}/accept", 403, GUARD, "CONFLICT_OF_INTEREST", match=True, change={}),
    _no("work-start", "somebody else starts the work", "secretary", "{here}/start", 403, ROLE,
        match=True),
]  # fmt: skip

OFFER = [
    _guard("redeem-haircut", "an offer of tobacco", "barber", f"{PARTNER}/offers",
           "OFFER_CATEGORY_FORBIDDEN", body=_OFFER | {"category": "TOBACCO"}),
    _guard("redeem-haircut", "an offer beyond the partner's area", "barber", f"{PARTNER}/offers",
           "SCOPE_TOO_WIDE", body=_OFFER | {"scope": place.STREET}),
    _guard("redeem-haircut", "an offer for too many points", "barber", f"{PARTNER}/offers",
           "PRICE_RANGE", body=_OFFER | {"points_price": 2001}),
    _guard("redeem-haircut", "an offer for no points", "barber", f"{PARTNER}/offers",
           "PRICE_RANGE", body=_OFFER | {"points_price": 0}),
    _guard("redeem-haircut", "an offer that ends before it begins", "barber", f"{PARTNER}/offers",
           "VALIDITY", body=_OFFER | {"valid_to": "2024-12-31"}),
    _no("redeem-haircut", "an offer of another partner", "cinema", f"{PARTNER}/offers", 404,
        "NOT_FOUND", body=_OFFER),
]  # fmt: skip

REDEMPTION = [
    _guard("redeem-haircut", "more than there is", "resident", "{here}", "OUT_OF_STOCK",
           change={"qty": 2, "offer_id": FEW}),
    _guard("redeem-haircut", "more than one may have in a month", "resident", "{here}",
           "LIMIT_REACHED", change={"qty": 2, "offer_id": LIMITED}),
    _guard("redeem-haircut", "what is for stewards", "resident", "{here}", "AUDIENCE",
           change={"offer_id": FOR_STEWARDS}),
    _guard("redeem-haircut", "from another community", FAR, "{here}", "NOT_IN_SCOPE", change={}),
    _guard("redeem-haircut", "at one's own shop", HERSELF, "{here}", "CONFLICT_OF_INTEREST",
           change={}),
    _guard("redeem-haircut", "from a wallet that one has not", "resident", "{here}", "AUDIENCE",
           change={"wallet": "STW"}),
    _guard("verify", "a wrong voucher", "barber", "{here}", "BAD_VOUCHER",
           body={"voucher": "0000000000"}),
    _no("verify", "verified by another partner", "cinema", "{here}", 404, "NOT_FOUND", change={}),
    _no("redeem-film", "a voucher is not verified twice", "barber",
        f"{PARTNER}/redemptions/{{haircut_given}}/verify", 409, CONFLICT,
        body={"voucher": "0000000000"}),
    _no("redeem-film", "what was captured is not given up", "resident",
        f"{PARTNER}/redemptions/{{haircut_given}}/cancel", 409, CONFLICT, body={}, match=True),
    _no("redeem-hamper", "what has expired is not cancelled", "resident",
        f"{PARTNER}/redemptions/{{film_taken}}/cancel", 409, CONFLICT, body={}, match=True),
    _no("redeem-hamper", "what has expired is not verified", "cinema",
        f"{PARTNER}/redemptions/{{film_taken}}/verify", 409, CONFLICT,
        body={"voucher": "0000000000"}),
    _no("afterwards", "a statement that is held over is not confirmed", "barber",
        "{statement}/confirm", 409, CONFLICT, match=True),
    _guard("afterwards", "a statement that no fund pays", "street", "{statement}/pay",
           "FUND_SHORT", match=True, body={"payment_ref": "DEMO-1"}),
]  # fmt: skip

_AWARD = {
    "subject": f"RES:{NEIGHBOUR}", "rule_code": "R-RES-11",
    "occurred_at": "2025-02-19T09:00:00+08:00", "evidence": ["TJ-2025-001"],
}  # fmt: skip
AWARD = [
    _guard("rate", "a rule that there was not", "cadre", f"{CREDIT}/awards", "RULE_NOT_IN_FORCE",
           body=_AWARD | {"occurred_at": "2024-06-01T09:00:00+08:00"}, role="R_CADRE"),
    _guard("rate", "a rule that others propose", "grid_worker", f"{CREDIT}/awards",
           "NOT_ALLOWED_TO_PROPOSE", body=_AWARD, role="R_GRID"),
    _guard("rate", "an award for what was before the consent", "cadre", f"{CREDIT}/awards",
           "NO_CONSENT", body=_AWARD | {"occurred_at": "2025-01-01T12:00:00+08:00"},
           role="R_CADRE"),
    _no("rate", "an award for one who never consented", "cadre", f"{CREDIT}/awards", 404,
        "NOT_FOUND", body=_AWARD | {"subject": f"RES:{PEOPLE['owners'].person_id}"},
        role="R_CADRE"),
    _guard("rate", "a serious matter without its document", "district", f"{CREDIT}/awards",
           "LEGAL_DOCUMENT_REQUIRED",
           body=_AWARD | {"subject": f"PCO:{place.COMPANY}", "rule_code": "R-PCO-01"}),
    _guard("rate", "an award for the wrong kind of subject", "cadre", f"{CREDIT}/awards",
           "WRONG_KIND", body=_AWARD | {"subject": f"PRJ:{place.PROJECT}"}, role="R_CADRE"),
    _guard("rate", "an award of the future", "cadre", f"{CREDIT}/awards", "CLOCK_SKEW",
           body=_AWARD | {"occurred_at": "2025-02-25T09:00:00+08:00"}, role="R_CADRE"),
    _guard("rate", "approved by another role than the rule says", "street", "{award}/approve",
           "NOT_ALLOWED_TO_APPROVE", match=1, body={}),
    _guard("rate", "approved by whom it is for", NEIGHBOUR_AS_CADRE, "{award}/approve",
           "SELF_APPROVAL", match=1, body={}),
    _guard("rate", "approved by who proposed it", PROPOSER_AS_CADRE, "{award}/approve",
           "SAME_AS_PROPOSER", match=1, body={}),
    _no("rate", "approved by one who may not decide at all", "resident", "{award}/approve", 403,
        ROLE, match=1, body={}),
]  # fmt: skip

SETTLEMENT = [
    _no("review-2025-01", "reviewed by the wrong role", "street", "{here}/review", 403, ROLE,
        match=True, body={"checked": []}),
    _no("review-2025-01", "confirmed before it is reviewed", "street", "{here}/confirm", 409,
        CONFLICT, match=True, body={"hash": "{hash}"}),
    _guard("confirm-2025-01", "another draft than was seen", "street", "{here}/confirm",
           "HASH_CHANGED", match=True, body={"hash": "0" * 64}),
    _guard("confirm-2025-01", "confirmed by who reviewed", MANY_HATS, "{here}/confirm",
           "SAME_AS_REVIEWER", match=True, body={"hash": "{hash}"}),
    _guard("review-2025-03", "confirmed without looking at the deductions", "street",
           "{here}/confirm", "SAMPLE_NOT_CHECKED", match=True, body={"hash": "{hash}"}),
]  # fmt: skip

OBJECTION = [
    _no("objection", "somebody else's award", "resident", "{here}", 404, "NOT_FOUND", change={}),
    _guard("objection-accept", "a second objection", "manager", f"{CREDIT}/objections",
           "ALREADY_OBJECTED", body={"target": "AWARD", "target_id": "{objected}",
                                     "text": "请再次核查通话记录。"}),
    _guard("objection-decide", "decided without reasons", "street2", "{here}/decide",
           "REASONS_REQUIRED", match=True, change={"reasons": "不予采纳"}),
    _guard("objection-decide", "decided by one of the chain", "street", "{here}/decide",
           "IN_CHAIN", match=True, change={}),
    _no("objection-decide", "decided by the community's resident", "resident", "{here}/decide",
        403, ROLE, match=True, change={}),
    _guard("objection-decide", "withdrawn by somebody else", "street2", "{here}/withdraw",
           "NOT_FILER", match=True),
    _guard("objection-decide", "extended without reasons", "street2", "{here}/extend",
           "TEXT_TOO_SHORT", match=True, body={"reasons": "再等几天"}),
    _guard("objection-decide", "extended by one of the chain", "street", "{here}/extend",
           "IN_CHAIN", match=True, body={"reasons": LONG}),
    _no("objection-decide", "a review before the decision", "manager", "{here}/request-review",
        409, CONFLICT, match=True, body={"grounds": LONG}),
    _no("objection-decide", "a review that nobody asked for", "district", "{here}/review",
        409, CONFLICT, match=True, change={}),
    _no("objection-decide", "reviewed in the community", "secretary", "{here}/review",
        403, ROLE, match=True, change={}),
    _guard("objection-decide", "a correction without reasons", "cadre", f"{CREDIT}/corrections",
           "REASONS_REQUIRED", role="R_CADRE", body={"target": "AWARD", "target_id": "{objected}",
                                                     "text": "登记的次数有误", "reasons": "更正"}),
    _no("objection-decide", "a correction by a resident", "resident", f"{CREDIT}/corrections",
        403, ROLE, body={"target": "AWARD", "target_id": "{objected}", "text": "登记有误",
                         "reasons": LONG}),
    _guard("afterwards", "a review of what was upheld", "manager", "{upheld}/request-review",
           "NOTHING_TO_REVIEW", match=True, body={"grounds": LONG}),
]  # fmt: skip

# Texts that others read take no number of a person (K15); the rest of them is tried service by
# service, in their own test_free_texts.
_ID_NO, _PHONE = "身份证37089919800305007X,住3号楼", "请找张三138 1234 5678,或拨12345"
TEXTS = [
    _pii("contact", "a note with a telephone number for the reporter", "grid_worker",
         "{here}/resolve", role="R_STEWARD", match=True,
         body={"outcome": "SOLVED", "note": _PHONE, "media": ["photo-1"]}),
    _pii("acknowledge", "an order with an identity number in its facts", "street",
         f"{PROPERTY}/rectifications",
         body={"project_id": place.PROJECT, "severity": "S2", "facts": _ID_NO, "basis": "条例"}),
    _pii("topic", "a topic with a telephone number in its title", "resident", "{here}",
         change={"title": _PHONE}),
    _pii("redeem-haircut", "an offer with a telephone number in its title", "barber",
         f"{PARTNER}/offers", body=_OFFER | {"title": _PHONE}),
    _pii("rate", "an award with an identity number in its reason", "cadre", f"{CREDIT}/awards",
         body=_AWARD | {"reason": _ID_NO}, role="R_CADRE"),
    _pii("objection-decide", "a decision with a telephone number in its reasons", "street2",
         "{here}/decide", match=True, change={"reasons": LONG + _PHONE}),
]  # fmt: skip

TRIES = [
    *TEXTS, *COMMON, *CONSENT, *HOURS, *REVEAL, *REQUEST, *APPOINTMENT, *AGREEMENT, *RECTIFICATION, *TOPIC,
    *SESSION, *OPINION, *TASK, *OFFER, *REDEMPTION, *AWARD, *SETTLEMENT, *OBJECTION,
]  # fmt: skip
