"""What is published, to whom, for how long; and how a mistake is corrected."""

import json

import pytest

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.credit.errors import NotForPersons, TextTooShort
from fivered.services.credit.tests import stage
from fivered.services.credit.tests.calendar_of_months import (
    DISTRICT,
    STREET,
    award,
    entry_of,
    final_month,
    publish_month,
)

pytestmark = pytest.mark.slow

WHY = "项目名称有误,另行公示。"


def credit_stage(bench):
    """A project with a good and a minor bad mark, a resident on the red list, one who is not."""
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.project(bench)
    stage.project(bench, "prj_2", "pco_1")
    stage.resident(bench, "per_a", ("SCORING", "POINTS", "PUBLIC_LIST"))
    stage.resident(bench, "per_b", ("SCORING", "POINTS"))
    bench.at("2025-03-03T09:00")
    for person in ("per_a", "per_b"):
        award(bench, f"RES:{person}", "R-RES-13", level="NATION", deed=f"GJ-{person}")
    award(bench, "PRJ:prj_1", "R-PRJ-19", level="STREET", deed="BZ-1")


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def public(bench):
    return bench.as_("PUBLIC", person="", scope="")


def notice_of(bench, notice_id):
    return public(bench).ask("notice", {"notice_id": notice_id})


def take(bench, verb, notice, *, scope=STREET, reason=WHY, version=None):
    bench.as_("R_STREET", person="per_street9", scope=scope)
    return bench.do(
        f"{verb}_notice",
        {"notice_id": notice["id"], "reason": reason},
        version=version or notice["version"],
    )


@pytest.mark.covers("C9", "C17")
def test_a_wrong_notice_is_withdrawn_and_another_one_that_names_it_stands_for_it(credit):
    bench = credit
    settled = publish_month(bench, "2025-03")
    first = notice_of(bench, settled["notice_id"])
    with pytest.raises(TextTooShort):
        take(bench, "correct", first, reason="错")
    with pytest.raises(RoleDenied):
        take(bench, "correct", first, scope="370811016")
    with pytest.raises(NotFound):
        take(bench, "correct", first | {"id": "gs_nothing"})
    bench.at("2025-04-15T10:00")
    made = take(bench, "correct", first)
    assert made["corrects"] == first["id"]
    # Nobody could object before to what is said only now: the objection period begins anew.
    assert made["due"] > first["ends_at"]
    second = notice_of(bench, made["id"])
    assert (second["corrects"], second["state"]) == (first["id"], "PUBLISHED")
    assert second["body"]["organisations"] == first["body"]["organisations"]
    gone = notice_of(bench, first["id"])
    assert (gone["state"], gone["corrected_by"], gone["body"]) == ("WITHDRAWN", made["id"], {})
    assert gone["withdrawn_because"] == WHY
    # What was said is kept unchanged under its digest.
    kept = bench.rows("SELECT body, digest FROM notices WHERE notice_id = :n", n=first["id"])[0]
    assert kept["digest"] == first["digest"]
    listed = [one["id"] for one in public(bench).ask("notices", {"scope": STREET})["items"]]
    assert listed == [made["id"]]
    with pytest.raises(StateConflict):
        take(bench, "withdraw", gone)
    bench.fire("2025-04-18T10:00")
    march = "SELECT state FROM settlements WHERE area = :a AND period = '2025-03'"
    assert bench.rows(march, a=stage.COMMUNITY) == [{"state": "PUBLISHED"}]
    bench.fire("2025-04-24T10:00")
    assert notice_of(bench, made["id"])["state"] == "ENDED"
    assert entry_of_state(bench, "PRJ:prj_1") == "FINAL"


def entry_of_state(bench, subject_id):
    return bench.rows(
        "SELECT state FROM entries WHERE subject_id = :s AND period = '2025-03'", s=subject_id
    )[0]["state"]


@pytest.mark.covers("C9", "C17", "REQ-L03")
def test_a_notice_comes_down_thirty_days_after_its_end_or_when_it_is_withdrawn(credit):
    bench = credit
    settled = publish_month(bench, "2025-03")
    shown = notice_of(bench, settled["notice_id"])
    take(bench, "withdraw", shown)
    assert public(bench).ask("notices", {})["items"] == []
    other = final_month(bench, "2025-04")["notice_id"]
    shown = notice_of(bench, other)
    down = shown["down_at"]
    assert down[:10] > shown["ends_at"][:10]
    bench.fire("2025-06-18T09:00")
    assert notice_of(bench, other)["state"] == "ENDED"
    bench.fire("2025-06-20T09:00")
    with pytest.raises(NotFound):
        notice_of(bench, other)
    assert public(bench).ask("notices", {})["items"] == []


@pytest.mark.covers("C17", "N19", "REQ-L03")
def test_four_viewers_see_four_views_of_one_entry(credit):
    bench = credit
    settled = publish_month(bench, "2025-03")

    def seen(subject, role, person, scope):
        bench.as_(role, person=person, scope=scope)
        return bench.ask(
            "settlement_entry", {"settlement_id": settled["id"], "subject_id": subject}
        )

    anybody = seen("RES:per_a", "PUBLIC", "", "")
    assert anybody == {
        "viewer": "PUBLIC",
        "subject": "RES:per_a",
        "period": "2025-03",
        "grade": "AA",
    }
    own = seen("RES:per_a", "R_RESIDENT", "per_a", stage.GRID)
    assert (own["viewer"], own["score"]) == ("SELF", 1030)
    assert "chain" not in own["awards"][0]
    reviewer = seen("RES:per_a", "R_CADRE", "per_cadre", stage.COMMUNITY)
    assert (reviewer["viewer"], reviewer["awards"][0]["chain"]["decided_by"]) == (
        "REVIEWER",
        "per_approver",
    )
    auditor = seen("RES:per_a", "R_AUDITOR", "per_auditor", DISTRICT)
    assert (auditor["viewer"], auditor["settlement_digest"]) == ("AUDITOR", settled["hash"])
    # Staff of another place are the public; so is a neighbour.
    assert seen("RES:per_a", "R_CADRE", "per_x", "370811016901")["viewer"] == "PUBLIC"
    assert seen("RES:per_a", "R_RESIDENT", "per_b", stage.GRID)["viewer"] == "PUBLIC"
    # Of somebody who did not agree to be praised, nobody learns anything.
    with pytest.raises(NotFound):
        seen("RES:per_b", "PUBLIC", "", "")
    with pytest.raises(NotFound):
        seen("RES:per_nobody", "R_AUDITOR", "per_auditor", DISTRICT)
    project = seen("PRJ:prj_1", "PUBLIC", "", "")
    assert project["score"] == entry_of(settled, "PRJ:prj_1")["score"]
    assert [reason["rule"] for reason in project["reasons"]] == ["R-PRJ-19"]


@pytest.mark.covers("C9", "REQ-L03", "N19")
def test_published_content_holds_ids_and_no_names_phones_or_numbers_of_persons(credit):
    bench = credit
    settled = publish_month(bench, "2025-03")
    body = notice_of(bench, settled["notice_id"])["body"]
    assert [one["subject"] for one in body["red_list"]] == ["RES:per_a"]
    text = json.dumps(body, ensure_ascii=False)
    assert not {"name", "phone", "score"} & set(body["red_list"][0])
    assert "RES:per_b" not in text


@pytest.mark.covers("REQ-L01", "REQ-L03")
def test_a_withdrawal_acts_at_once_on_scoring_grade_and_lists_and_later_on_points(credit):
    bench = credit
    settled = final_month(bench, "2025-03")
    bench.at("2025-04-29T09:00")
    award(bench, "RES:per_a", "R-RES-13", level="STREET", deed="BZ-9")
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    bench.do(
        "propose_award",
        {
            "subject": "RES:per_a",
            "rule_code": "R-RES-13",
            "occurred_at": bench.now.isoformat(),
            "evidence": ["BZ-10"],
            "level": "COMMUNITY",
        },
    )
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    sheet = bench.ask("me")
    assert sheet["subjects"][0]["standing"]["grade"] == "AA"
    available = sheet["subjects"][0]["points"]["available"]
    assert (available, sheet["subjects"][0]["points"]["pending"]) == (300, 30)
    bench.do("withdraw_consent", {"consent_id": sheet["consents"][0]["id"]})
    standing = bench.ask("me")["subjects"][0]["standing"]
    assert (standing["grade"], standing["score"]) == ("NR", None)
    found = bench.rows("SELECT state, reason FROM awards WHERE deed = 'bz-10'")
    assert found == [{"state": "REJECTED", "reason": "CONSENT_WITHDRAWN"}]
    assert notice_of(bench, settled["notice_id"])["body"]["red_list"] == []
    april = final_month(bench, "2025-04")
    assert "RES:per_a" not in [one["subject"] for one in april["items"]]
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    points = bench.ask("me")["subjects"][0]["points"]
    assert (points["available"], points["pending"]) == (330, 0)
    bench.fire("2025-07-27T09:00")
    assert bench.ask("me")["subjects"][0]["points"]["available"] == 330
    bench.fire("2025-07-29T09:00")
    assert bench.ask("me")["subjects"][0]["points"]["available"] == 0
    assert stage.trial_balance(bench)["accounts"]["SYS:EXPIRED"] == 330


@pytest.mark.covers("N19", "REQ-L03")
def test_there_are_boards_of_organisations_and_none_of_persons(credit):
    bench = credit
    public(bench)
    assert bench.ask("leaderboard", {"scope": STREET})["items"] == []
    settled = final_month(bench, "2025-03")
    board = public(bench).ask("leaderboard", {"scope": STREET, "kind": "PRJ"})
    assert board["period"] == "2025-03"
    assert [(one["rank"], one["subject"]) for one in board["items"]] == [
        (1, "PRJ:prj_1"),
        (2, "PRJ:prj_2"),
    ]
    assert board["items"][0]["score"] == entry_of(settled, "PRJ:prj_1")["score"]
    first = bench.ask("leaderboard", {"scope": DISTRICT, "limit": 1, "period": "2025-03"})
    rest = bench.ask("leaderboard", {"scope": DISTRICT, "cursor": first["next"]})
    assert [one["subject"] for one in rest["items"]] == ["PRJ:prj_2"]
    assert (rest["period"], rest["next"]) == ("2025-03", None)
    assert bench.ask("leaderboard", {"scope": "370811016"})["items"] == []
    for kind in ("RES", "HH", "STW"):
        with pytest.raises(NotForPersons):
            bench.ask("leaderboard", {"scope": STREET, "kind": kind})
    for wrong in (
        {"kind": "CAT"},
        {"period": "2025-13"},
        {"cursor": "x"},
        {"cursor": "1"},
        {"cursor": "2025-03."},
        {"cursor": first["next"], "period": "2025-02"},
        {"cursor": first["next"]},
        {"limit": 0},
    ):
        with pytest.raises(Invalid):
            bench.ask("leaderboard", {"scope": STREET} | wrong)


def test_a_board_goes_on_in_its_month_behind_the_row_that_was_shown(credit):
    """It went on by a number of rows, in whatever month was the newest by then."""
    bench = credit
    final_month(bench, "2025-03")
    asked = {"scope": DISTRICT, "kind": "PRJ", "limit": 1}
    first = public(bench).ask("leaderboard", asked)
    final_month(bench, "2025-04")
    assert public(bench).ask("leaderboard", asked)["period"] == "2025-04"
    found = [first]
    while found[-1]["next"] is not None:
        found.append(public(bench).ask("leaderboard", asked | {"cursor": found[-1]["next"]}))
    assert {page["period"] for page in found} == {"2025-03"}
    assert [(one["rank"], one["subject"]) for page in found for one in page["items"]] == [
        (1, "PRJ:prj_1"),
        (2, "PRJ:prj_2"),
    ]


@pytest.mark.covers("REQ-L03")
def test_no_door_of_credit_lists_negatives_of_persons(bench):
    tables = set(bench.runtime.service_cls.tables.tables)
    assert not {name for name in tables if "black" in name or "deny" in name}
    stage.resident(bench, "per_a")
    with pytest.raises(NotForPersons):
        bench.as_("R_DISTRICT", person="per_d").ask("negatives", {"subject_id": "RES:per_a"})
    with pytest.raises(NotFound):
        bench.ask("negatives", {"subject_id": "PRJ:prj_nobody"})


def test_a_month_whose_notice_was_taken_down_waits_for_another_one(credit):
    """K9: after one day of notice it became final, and the notice hung again by itself."""
    bench = credit
    settled = publish_month(bench, "2025-03")
    first = notice_of(bench, settled["notice_id"])
    take(bench, "withdraw", first)
    bench.fire("2025-05-20T10:00")
    march = "SELECT state FROM settlements WHERE area = :a AND period = '2025-03'"
    assert bench.rows(march, a=stage.COMMUNITY) == [{"state": "PUBLISHED"}]
    down = bench.rows("SELECT state, version FROM notices WHERE notice_id = :n", n=first["id"])[0]
    assert down["state"] == "WITHDRAWN"
    made = take(bench, "correct", {"id": first["id"], "version": down["version"]})
    assert made["corrects"] == first["id"]
    (told,) = bench.rows("SELECT corrected_by FROM notices WHERE notice_id = :n", n=first["id"])
    assert told == {"corrected_by": made["id"]}
    bench.fire("2025-05-22T10:00")
    assert bench.rows(march, a=stage.COMMUNITY) == [{"state": "PUBLISHED"}]
    bench.fire("2025-07-20T10:00")
    assert bench.rows(march, a=stage.COMMUNITY) == [{"state": "SETTLED"}]
