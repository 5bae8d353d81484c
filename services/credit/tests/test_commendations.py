"""Commendation: credit says who may be commended, people say who is, and everybody can check it."""

import pytest

from fivered.chassis.i18n import problem_of
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.credit.errors import (
    AlreadyNominated,
    AlreadyObjected,
    ApprovalDocumentRequired,
    CommendationApproved,
    ConflictOfInterest,
    FormalAtDistrictOnly,
    FormalOnceAYear,
    InChain,
    LevelDiffers,
    NobodyLeft,
    NoticeRunning,
    NotInNotice,
    NotUnderReview,
    OtherKind,
    OutsideArea,
    QuotaExceeded,
    ReasonsRequired,
    ReviewedTwice,
    ReviewIncomplete,
    SameAsReviewer,
    SelfApproval,
    SelfNomination,
    SpanInvalid,
    TextTooShort,
    WrongKind,
)
from fivered.services.credit.rules import commendations as rules
from fivered.services.credit.tests import stage, test_calendar
from fivered.services.credit.tests.calendar_of_months import (
    DISTRICT,
    STREET,
    award,
    final_month,
    settlement_of,
)

pytestmark = pytest.mark.slow

WHY = "连续三年义务照看小区独居老人,邻里公认,材料属实。"
ALL = ("SCORING", "POINTS", "PUBLIC_LIST", "COMMENDATION")
MONTHS = ("2025-03", "2025-04", "2025-05")


def credit_stage(bench):
    """Three residents of grade AA for three final months; one of them does not want to be named,
    another one has the consent but not the grade."""
    bench.at("2025-02-20T09:00")
    stage.rules(bench)
    stage.resident(bench, "per_a", ALL)
    stage.resident(bench, "per_b", ALL)
    stage.resident(bench, "per_shy", ("SCORING", "POINTS", "PUBLIC_LIST"))
    stage.resident(bench, "per_low", ALL)
    bench.at("2025-03-03T09:00")
    for person in ("per_a", "per_b", "per_shy"):
        award(bench, f"RES:{person}", "R-RES-13", level="NATION", deed=f"GJ-{person}")
    for period in MONTHS:
        final_month(bench, period)
    bench.at("2025-07-01T09:00")


@pytest.fixture
def credit(bench):
    return bench.staged(credit_stage)


def opened(bench, *, role="R_STREET", scope=STREET, person="per_opener", **more):
    bench.as_(role, person=person, scope=scope)
    order = {
        "title": "2025年二季度最美邻居",
        "form": "NOTICE",
        "level": "STREET",
        "kind": "RES",
        "criteria": "连续三个月信用等级AA以上,热心公益。",
        "quota": 2,
        "area": STREET,
        "from_period": "2025-03",
        "to_period": "2025-05",
    }
    return bench.do("open_commendation", order | more)


def nominate(bench, made, subject, *, role="R_CADRE", person="per_cadre", scope=stage.COMMUNITY):
    bench.as_(role, person=person, scope=scope)
    return bench.do(
        "nominate", {"commendation_id": made["id"], "subject": subject, "reason": "热心助人多年"}
    )


def card(bench, made):
    bench.as_("R_AUDITOR", person="per_auditor", scope=DISTRICT)
    return bench.ask("commendation", {"commendation_id": made["id"]})


def states(bench, made):
    return {one["subject"]: one["state"] for one in card(bench, made)["nominees"]}


def step(bench, verb, made, *, role="R_STREET", person="per_street2", scope=STREET, **more):
    version = card(bench, made)["version"]
    bench.as_(role, person=person, scope=scope)
    return bench.do(verb, {"commendation_id": made["id"], **more}, version=version)


def reviews(*subjects, support=True):
    return [{"subject": s, "support": support, "reasons": WHY} for s in subjects]


def publicised(bench, *subjects, **more):
    made = opened(bench, **more)
    for subject in subjects:
        nominate(bench, made, subject)
    step(bench, "check_nominees", made)
    step(bench, "review_nominees", made, person="per_reviewer", reviews=reviews(*subjects))
    return made | step(bench, "publicise_commendation", made)


def approve(bench, made, *, person="per_lead", role="R_STREET_LEAD", verb="approve"):
    return step(bench, f"{verb}_commendation", made, role=role, person=person)


@pytest.mark.covers("F9-flow", "C13", "C15", "N24", "REQ-L05")
def test_from_candidates_to_certificates(credit):
    bench = credit
    made = opened(bench)
    assert made["number"].startswith("BZ-20250701-")
    bench.as_("R_STREET", person="per_street", scope=STREET)
    found = bench.ask("candidates", {"commendation_id": made["id"]})["items"]
    told = {one["subject"]: (one["eligible"], one["grounds"]) for one in found}
    assert told == {
        "RES:per_a": (True, []),
        "RES:per_b": (True, []),
        "RES:per_shy": (False, [rules.NO_CONSENT]),
    }
    assert [month["period"] for month in found[0]["months"]] == list(MONTHS)
    first = bench.ask("candidates", {"commendation_id": made["id"], "limit": 1})
    rest = bench.ask("candidates", {"commendation_id": made["id"], "cursor": first["next"]})
    assert [one["subject"] for one in rest["items"]] == ["RES:per_b", "RES:per_shy"]

    for subject in ("RES:per_a", "RES:per_b", "RES:per_shy", "RES:per_low"):
        nominate(bench, made, subject)
    checked = step(bench, "check_nominees", made)
    assert checked["nominees"] == {
        "RES:per_a": "ELIGIBLE",
        "RES:per_b": "ELIGIBLE",
        "RES:per_shy": "DISQUALIFIED",
        "RES:per_low": "DISQUALIFIED",
    }
    told = {one["subject"]: one["grounds"] for one in card(bench, made)["nominees"]}
    assert told["RES:per_low"] == [rules.NOT_ELIGIBLE]
    # Credit alone commends nobody: people say so, with written reasons, about each of them.
    said = [*reviews("RES:per_a"), *reviews("RES:per_b", support=False)]
    step(bench, "review_nominees", made, person="per_reviewer", reviews=said)
    assert states(bench, made)["RES:per_b"] == "DECLINED"
    shown = step(bench, "publicise_commendation", made)
    assert shown["due"].startswith("2025-07-08T16:00")
    notice = bench.published("notice_published.v1")[-1]["data"]
    assert (notice["kind"], notice["scope"]) == ("COMMENDATION", STREET)
    bench.as_("PUBLIC", person="", scope="")
    seen = bench.ask("notice", {"notice_id": shown["notice_id"]})
    assert [one["person_id"] for one in seen["body"]["nominees"]] == ["per_a"]
    with pytest.raises(NoticeRunning, match="公示至 2025-07-08 结束"):
        approve(bench, made)
    bench.fire("2025-07-09T09:00")
    assert bench.ask("notice", {"notice_id": shown["notice_id"]})["state"] == "ENDED"
    with pytest.raises(SameAsReviewer):
        approve(bench, made, person="per_reviewer")
    with pytest.raises(RoleDenied):
        approve(bench, made, role="R_STREET", person="per_other")
    assert approve(bench, made)["nominees"]["RES:per_a"] == "APPROVED"
    rows = bench.rows(
        "SELECT rule_code, level, score, points, state, period FROM awards"
        " WHERE subject_id = 'RES:per_a' AND level = 'STREET'"
    )
    assert rows == [
        {
            "rule_code": "R-RES-13",
            "level": "STREET",
            "score": 3,
            "points": 30,
            "state": "APPROVED",
            "period": "2025-07",
        }
    ]
    given = approve(bench, made, verb="grant")
    code = given["certificates"]["RES:per_a"]
    bench.as_("PUBLIC", person="", scope="")
    proof = bench.ask("certificate", {"code": code})
    assert (proof["state"], proof["person_id"]) == ("VALID", "per_a")
    assert not {"name", "score", "grade"} & set(proof)
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    assert [one["code"] for one in bench.ask("honours")["items"]] == [code]
    stage.trial_balance(bench)


@pytest.mark.covers("C15", "F15-flow")
def test_a_revoked_commendation_is_taken_back_and_stands_on_the_list(credit):
    bench = credit
    made = publicised(bench, "RES:per_a")
    bench.fire("2025-07-09T09:00")
    approve(bench, made)
    code = approve(bench, made, verb="grant")["certificates"]["RES:per_a"]
    order = {"subject": "RES:per_a", "reasons": WHY}
    with pytest.raises(ReasonsRequired):
        step(bench, "revoke_commendation", made, role="R_STREET_LEAD", **order | {"reasons": "错"})
    with pytest.raises(RoleDenied):
        step(bench, "revoke_commendation", made, role="R_STREET", **order)
    with pytest.raises(NotFound):
        step(
            bench, "revoke_commendation", made, role="R_STREET_LEAD", **order | {"subject": "RES:x"}
        )
    with pytest.raises(SelfApproval):
        step(bench, "revoke_commendation", made, role="R_STREET_LEAD", person="per_a", **order)
    done = step(bench, "revoke_commendation", made, role="R_STREET_LEAD", **order)
    assert (done["state"], done["nominees"]) == ("REVOKED", {"RES:per_a": "REVOKED"})
    with pytest.raises(StateConflict):
        step(bench, "revoke_commendation", made, role="R_STREET_LEAD", **order)
    bench.as_("PUBLIC", person="", scope="")
    proof = bench.ask("certificate", {"code": code})
    assert proof["state"] == "REVOKED"
    # No two public calls make a list of persons from whom an honour was taken (REQ-L03).
    assert (proof["person_id"], proof["ref"]) == (None, None)
    listed = bench.ask("revocations", {"scope": STREET})["items"]
    assert [one["code"] for one in listed] == [code]
    assert "subject" not in listed[0]
    rows = bench.rows("SELECT state FROM awards WHERE deed = :d", d=made["id"])
    assert rows == [{"state": "REVERSED"}]
    with pytest.raises(NotFound):
        bench.ask("certificate", {"code": "crt_nothing"})
    stage.trial_balance(bench)


@pytest.mark.covers("C15", "N24")
def test_who_is_objected_to_is_held_and_not_dropped_and_goes_on_when_it_is_dismissed(credit):
    bench = credit
    made = publicised(bench, "RES:per_a", "RES:per_b")
    about = {"commendation_id": made["id"], "subject": "RES:per_b", "text": "材料与事实不符"}
    bench.as_("R_RESIDENT", person="per_low", scope=stage.GRID)
    with pytest.raises(TextTooShort):
        bench.do("object_to_nominee", about | {"text": "不"})
    with pytest.raises(NotFound):
        bench.do("object_to_nominee", about | {"subject": "RES:per_low"})
    filed = bench.do("object_to_nominee", about)
    with pytest.raises(AlreadyObjected):
        bench.do("object_to_nominee", about)
    assert states(bench, made)["RES:per_b"] == "HELD"
    bench.as_("PUBLIC", person="", scope="")
    seen = bench.ask("notice", {"notice_id": made["notice_id"]})["body"]["nominees"]
    assert [one["note"] for one in seen] == [None, "异议处理中"]
    bench.fire("2025-07-09T09:00")
    with pytest.raises(NotInNotice):
        bench.as_("R_RESIDENT", person="per_shy", scope=stage.GRID).do("object_to_nominee", about)
    # The others do not wait for it.
    assert approve(bench, made)["nominees"] == {"RES:per_a": "APPROVED", "RES:per_b": "HELD"}
    approve(bench, made, verb="grant")
    with pytest.raises(NobodyLeft):
        approve(bench, made)
    decision = {"objection_id": filed["id"], "upheld": False, "reasons": WHY}

    def decide(person, **more):
        bench.as_("R_STREET", person=person, scope=STREET)
        return bench.do("decide_nominee", decision | more, version=1)

    with pytest.raises(ReasonsRequired):
        decide("per_free", reasons="不成立")
    for person in ("per_low", "per_cadre", "per_reviewer"):
        with pytest.raises(InChain):
            decide(person)
    with pytest.raises(SelfApproval):
        decide("per_b")
    with pytest.raises(NotFound):
        decide("per_free", objection_id="nob_nothing")
    assert decide("per_free")["state"] == "DISMISSED"
    with pytest.raises(StateConflict):
        bench.do("decide_nominee", decision, version=2)
    assert approve(bench, made)["nominees"]["RES:per_b"] == "APPROVED"
    assert set(approve(bench, made, verb="grant")["certificates"]) == {"RES:per_b"}
    # Who objected stands in no answer.
    assert "per_low" not in str(card(bench, made)["objections"])


@pytest.mark.covers("C15")
def test_an_objection_that_is_upheld_drops_the_nominee(credit):
    bench = credit
    made = publicised(bench, "RES:per_a", "RES:per_b")
    bench.as_("R_RESIDENT", person="per_low", scope=stage.GRID)
    filed = bench.do(
        "object_to_nominee",
        {"commendation_id": made["id"], "subject": "RES:per_b", "text": "材料与事实不符"},
    )
    bench.as_("R_STREET", person="per_free", scope=STREET)
    bench.do(
        "decide_nominee",
        {"objection_id": filed["id"], "upheld": True, "reasons": WHY},
        version=1,
    )
    bench.fire("2025-07-09T09:00")
    assert approve(bench, made)["nominees"] == {
        "RES:per_a": "APPROVED",
        "RES:per_b": "DISQUALIFIED",
    }
    bench.as_("PUBLIC", person="", scope="")
    seen = bench.ask("notice", {"notice_id": made["notice_id"]})["body"]["nominees"]
    assert [one["subject"] for one in seen] == ["RES:per_a"]


@pytest.mark.covers("C15", "REQ-L01")
def test_who_withdraws_is_neither_published_nor_approved(credit):
    bench = credit
    made = publicised(bench, "RES:per_a", "RES:per_b")
    bench.as_("R_RESIDENT", person="per_b", scope=stage.GRID)
    consent_id = bench.ask("me")["consents"][0]["id"]
    bench.do("withdraw_consent", {"consent_id": consent_id, "purposes": ["COMMENDATION"]})
    bench.as_("PUBLIC", person="", scope="")
    seen = bench.ask("notice", {"notice_id": made["notice_id"]})["body"]["nominees"]
    assert [one["subject"] for one in seen] == ["RES:per_a"]
    bench.fire("2025-07-09T09:00")
    assert approve(bench, made)["nominees"]["RES:per_b"] == "DISQUALIFIED"


@pytest.mark.covers("C15", "REQ-L01")
def test_a_certificate_names_nobody_who_does_not_want_to_be_named(credit):
    bench = credit
    made = publicised(bench, "RES:per_a")
    bench.fire("2025-07-09T09:00")
    approve(bench, made)
    code = approve(bench, made, verb="grant")["certificates"]["RES:per_a"]
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    consent_id = bench.ask("me")["consents"][0]["id"]
    bench.do("withdraw_consent", {"consent_id": consent_id, "purposes": ["COMMENDATION"]})
    bench.as_("PUBLIC", person="", scope="")
    proof = bench.ask("certificate", {"code": code})
    assert (proof["state"], proof["person_id"], proof["ref"]) == ("VALID", None, None)


@pytest.mark.covers("REQ-L13")
def test_a_formal_commendation_is_the_districts_once_a_year_and_has_its_document(credit):
    bench = credit
    formal = {"form": "FORMAL", "level": "DISTRICT", "area": DISTRICT}
    with pytest.raises(FormalAtDistrictOnly):
        opened(bench, form="FORMAL", approval_doc_no="任政发〔2025〕1号")
    for number in (None, " "):
        with pytest.raises(ApprovalDocumentRequired):
            opened(bench, role="R_DISTRICT", scope=DISTRICT, approval_doc_no=number, **formal)
    formal["approval_doc_no"] = "任政发〔2025〕1号"
    assert opened(bench, role="R_DISTRICT", scope=DISTRICT, **formal)["state"] == "OPEN"
    with pytest.raises(FormalOnceAYear):
        opened(bench, role="R_DISTRICT", scope=DISTRICT, **formal)
    # Notices of praise and stars are not rationed.
    for form in ("NOTICE", "STAR"):
        opened(bench, role="R_DISTRICT", scope=DISTRICT, form=form, level="DISTRICT", area=DISTRICT)
    bench.at("2026-01-05T09:00")
    assert opened(bench, role="R_DISTRICT", scope=DISTRICT, **formal)["state"] == "OPEN"


@pytest.mark.covers("C15")
def test_every_refusal_of_opening(credit):
    bench = credit
    for wrong in (
        {"form": "MEDAL"},
        {"level": "NATION"},
        {"kind": "CAT"},
        {"title": "好"},
        {"criteria": ""},
        {"criteria": "电话报名 138 1234 5678"},  # K15, FP-D6
        {"quota": 0},
        {"quota": 501},
    ):
        with pytest.raises(Invalid):
            opened(bench, **wrong)
    with pytest.raises(LevelDiffers):
        opened(bench, level="COMMUNITY")
    with pytest.raises(RoleDenied):
        opened(bench, scope="370811016")
    with pytest.raises(RoleDenied):
        opened(bench, role="R_SECRETARY")
    for span in (("2025-05", "2025-03"), ("2025-03", "2025-07")):
        with pytest.raises(SpanInvalid):
            opened(bench, from_period=span[0], to_period=span[1])


@pytest.mark.covers("C15")
def test_every_refusal_on_the_way(credit):
    bench = credit
    stage.project(bench, area="370811016901")
    stage.project(bench, "prj_2", "pco_2")
    made = opened(bench, quota=1)
    with pytest.raises(StateConflict):
        step(bench, "check_nominees", made)
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    order = {"commendation_id": made["id"], "subject": "RES:per_a", "reason": "热心助人多年"}
    with pytest.raises(TextTooShort):
        bench.do("nominate", order | {"reason": "好"})
    with pytest.raises(NotFound):
        bench.do("nominate", order | {"commendation_id": "com_nothing"})
    with pytest.raises(WrongKind):
        bench.do("nominate", order | {"subject": "PRJ:prj_1"})
    with pytest.raises(NotFound):
        bench.do("nominate", order | {"subject": "RES:per_nobody"})
    with pytest.raises(NotFound):
        nominate(bench, made, "RES:per_a", scope="370811016901")
    with pytest.raises(SelfNomination):
        nominate(bench, made, "RES:per_a", person="per_a")
    projects = opened(bench, kind="PRJ")
    with pytest.raises(OutsideArea):
        nominate(bench, projects, "PRJ:prj_1", role="R_DISTRICT", scope=DISTRICT)
    # A project without a final month of its own is nobody to be commended.
    nominate(bench, projects, "PRJ:prj_2", role="R_DISTRICT", scope=DISTRICT)
    step(bench, "check_nominees", projects)
    with pytest.raises(NobodyLeft):
        step(bench, "review_nominees", projects, reviews=reviews("PRJ:prj_2"))

    nominate(bench, made, "RES:per_a")
    with pytest.raises(AlreadyNominated):
        nominate(bench, made, "RES:per_a", person="per_cadre2")
    nominate(bench, made, "RES:per_b")
    step(bench, "check_nominees", made)
    with pytest.raises(StateConflict):
        nominate(bench, made, "RES:per_low")
    with pytest.raises(StateConflict):
        step(bench, "publicise_commendation", made)
    with pytest.raises(ReviewIncomplete):
        step(bench, "review_nominees", made, reviews=reviews("RES:per_a"))
    short = [{"subject": s, "support": True, "reasons": "好"} for s in ("RES:per_a", "RES:per_b")]
    with pytest.raises(ReviewIncomplete):
        step(bench, "review_nominees", made, reviews=short)
    both = reviews("RES:per_a", "RES:per_b")
    with pytest.raises(SelfApproval):
        step(bench, "review_nominees", made, person="per_a", reviews=both)
    with pytest.raises(NotUnderReview) as refused:
        more = reviews("RES:per_a", "RES:per_b", "RES:per_low")
        step(bench, "review_nominees", made, person="per_reviewer", reviews=more)
    told = refused.value
    assert (told.field, told.params["subject"]) == ("reviews[2].subject", "RES:per_low")
    with pytest.raises(ReviewedTwice) as refused:
        # The second one was the one that counted.
        twice = [*both, *reviews("RES:per_a", support=False)]
        step(bench, "review_nominees", made, person="per_reviewer", reviews=twice)
    assert refused.value.params["subject"] == "RES:per_a"
    step(bench, "review_nominees", made, person="per_reviewer", reviews=both)
    with pytest.raises(QuotaExceeded):
        step(bench, "publicise_commendation", made)
    for verb in ("approve", "grant"):
        with pytest.raises(StateConflict):
            approve(bench, made, verb=verb)
    with pytest.raises(NotFound):
        bench.as_("R_CADRE", scope="370811016901").ask(
            "commendation", {"commendation_id": made["id"]}
        )


@pytest.mark.covers("C13")
def test_hysteresis_keeps_a_nominee_through_one_weaker_month_and_warns_by_its_end():
    good = {"2025-01": (1040, "AA"), "2025-02": (1040, "AA"), "2025-03": (1040, "AA")}
    graced = good | {"2025-04": (1026, "A")}
    lost = graced | {"2025-05": (1026, "A")}
    below = good | {"2025-04": (1024, "A")}
    gap = {"2025-01": (1040, "AA"), "2025-02": (1040, "AA"), "2025-04": (1040, "AA")}

    def held(months, until="2025-12"):
        return rules.grounds("RES", rules.Record(months), until)

    assert held(good) == ()
    assert held(graced) == ()
    assert held(lost) == (rules.NOT_ELIGIBLE,)
    assert held(below) == (rules.NOT_ELIGIBLE,)
    assert held(gap) == (rules.NOT_ELIGIBLE,)
    assert held(lost, until="2025-04") == ()


@pytest.mark.covers("C15")
def test_grounds_hold_only_where_all_of_them_may_pass():
    assert rules.state_of(()) == "ELIGIBLE"
    assert rules.state_of((rules.OPEN_OBJECTION,)) == "HELD"
    assert rules.state_of((rules.VETO, rules.OPEN_OBJECTION)) == "DISQUALIFIED"


@pytest.mark.covers("C15")
def test_what_others_object_to_holds_a_nominee_and_what_one_objects_to_oneself_does_not(credit):
    bench = credit
    settled = settlement_of(bench, "2025-05")
    bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
    bench.do(
        "file_objection",
        {"target": "OMISSION", "target_id": settled["id"], "text": "五月有一次服务未计入。"},
    )
    made = opened(bench)
    nominate(bench, made, "RES:per_a")
    assert step(bench, "check_nominees", made)["nominees"] == {"RES:per_a": "ELIGIBLE"}


@pytest.mark.covers("C15")
def test_a_correction_holds_a_nominee_also_while_its_decision_is_reviewed(credit):
    bench = credit
    made = opened(bench)
    nominate(bench, made, "RES:per_a")
    nominate(bench, made, "RES:per_b")
    settled = settlement_of(bench, "2025-05")

    def by(role, person, scope, verb, filed, **more):
        bench.as_(role, person=person, scope=scope)
        return bench.do(verb, {"objection_id": filed["id"], **more}, version=filed["version"])

    bench.as_("R_CADRE", person="per_clerk", scope=stage.COMMUNITY)
    filed = bench.do(
        "start_correction",
        {
            "target": "ENTRY",
            "target_id": f"{settled['id']}/RES:per_a",
            "text": "活动签到被重复登记。",
            "reasons": WHY,
        },
    )
    now = by("R_CADRE", "per_two", stage.COMMUNITY, "accept_objection", filed)
    decision = {"outcome": "DISMISSED", "reasons": WHY}
    now = by("R_CADRE", "per_two", stage.COMMUNITY, "decide_objection", now, **decision)
    now = by("R_CADRE", "per_clerk", stage.COMMUNITY, "request_review", now, grounds=WHY)
    checked = step(bench, "check_nominees", made)["nominees"]
    assert checked == {"RES:per_a": "HELD", "RES:per_b": "ELIGIBLE"}
    by("R_STREET", "per_above", STREET, "review_objection", now, **decision)
    assert step(bench, "check_nominees", made)["nominees"]["RES:per_a"] == "ELIGIBLE"


def heard(bench, person, role="R_RESIDENT"):
    items = bench.as_(role, person=person, scope=stage.GRID).ask("messages")["items"]
    return {one["code"]: one for one in items}


def cancel(bench, made, *, role="R_STREET", reasons=WHY, **more):
    return step(bench, "cancel_commendation", made, role=role, reasons=reasons, **more)


def test_one_that_cannot_go_on_is_cancelled_and_who_was_public_or_objected_is_told(credit):
    """K13: with every nominee dropped it hung for ever, and its notice with it."""
    bench = credit
    made = publicised(bench, "RES:per_a")
    assert "2025" in heard(bench, "per_a")["COMMENDATION_PUBLIC"]["text"]
    bench.as_("R_RESIDENT", person="per_low", scope=stage.GRID)
    about = {"commendation_id": made["id"], "subject": "RES:per_a", "text": "材料与事实不符"}
    filed = bench.do("object_to_nominee", about)
    bench.fire("2025-07-09T09:00")
    with pytest.raises(NobodyLeft):
        approve(bench, made)
    with pytest.raises(ReasonsRequired):
        cancel(bench, made, reasons="不办了")
    with pytest.raises(RoleDenied):
        cancel(bench, made, role="R_SECRETARY")
    assert cancel(bench, made)["state"] == "CANCELLED"
    assert WHY in heard(bench, "per_a")["COMMENDATION_CANCELLED"]["text"]
    assert heard(bench, "per_low")["NOMINEE_OBJECTION_DECIDED"]["ref"] == filed["id"]
    assert card(bench, made)["objections"][0]["state"] == "LAPSED"
    bench.as_("PUBLIC", person="", scope="")
    assert bench.ask("notice", {"notice_id": made["notice_id"]})["state"] == "WITHDRAWN"


@pytest.mark.parametrize("way", [(), ("nominate",), ("nominate", "check")])
def test_in_every_state_before_its_approval_it_can_be_ended_and_then_nothing_more_is_done(
    credit, way
):
    bench = credit
    made = opened(bench)
    if "nominate" in way:
        nominate(bench, made, "RES:per_a")
    if "check" in way:
        step(bench, "check_nominees", made)
    cancel(bench, made)
    for verb, more in (
        ("check_nominees", {}),
        ("review_nominees", {"reviews": reviews("RES:per_a")}),
        ("publicise_commendation", {}),
        ("cancel_commendation", {"reasons": WHY}),
    ):
        with pytest.raises(StateConflict) as refused:
            step(bench, verb, made, **more)
        assert refused.value.params["state"] == "CANCELLED"
    with pytest.raises(StateConflict):
        nominate(bench, made, "RES:per_b")
    for verb in ("approve", "grant"):
        with pytest.raises(StateConflict):
            approve(bench, made, verb=verb)


def test_more_supported_than_the_quota_allows_are_reviewed_once_more(credit):
    """K13: neither the notice nor another review was possible."""
    bench = credit
    made = opened(bench, quota=1)
    for subject in ("RES:per_a", "RES:per_b"):
        nominate(bench, made, subject)
    step(bench, "check_nominees", made)
    both = reviews("RES:per_a", "RES:per_b")
    step(bench, "review_nominees", made, person="per_reviewer", reviews=both)
    with pytest.raises(QuotaExceeded):
        step(bench, "publicise_commendation", made)
    again = reviews("RES:per_a") + reviews("RES:per_b", support=False)
    done = step(bench, "review_nominees", made, person="per_reviewer", reviews=again)
    assert done["nominees"] == {"RES:per_a": "SUPPORTED", "RES:per_b": "DECLINED"}
    made |= step(bench, "publicise_commendation", made)
    with pytest.raises(StateConflict):
        step(bench, "review_nominees", made, person="per_reviewer", reviews=again)
    bench.fire("2025-07-09T09:00")
    approve(bench, made)
    assert "COMMENDED" in heard(bench, "per_a")
    assert "COMMENDED" not in heard(bench, "per_b")
    order = {"subject": "RES:per_a", "reasons": WHY}
    step(bench, "revoke_commendation", made, role="R_STREET_LEAD", **order)
    assert WHY in heard(bench, "per_a")["COMMENDATION_REVOKED"]["text_en"]


def test_a_formal_one_that_was_cancelled_leaves_its_year_to_another(credit):
    """A mistaken one blocked the year."""
    bench = credit
    formal = {
        "form": "FORMAL",
        "level": "DISTRICT",
        "area": DISTRICT,
        "role": "R_DISTRICT",
        "scope": DISTRICT,
        "approval_doc_no": "济任表彰〔2025〕1号",
    }
    made = opened(bench, **formal)
    with pytest.raises(FormalOnceAYear):
        opened(bench, **formal)
    cancel(bench, made, role="R_DISTRICT", scope=DISTRICT)
    assert opened(bench, **formal)["state"] == "OPEN"


def object_to(bench, made, subject, *, person="per_low"):
    bench.as_("R_RESIDENT", person=person, scope=stage.GRID)
    order = {"commendation_id": made["id"], "subject": subject, "text": "材料与事实不符"}
    return bench.do("object_to_nominee", order)


def decide(bench, filed, *, upheld, person="per_free"):
    bench.as_("R_STREET", person=person, scope=STREET)
    seen = bench.ask("nominee_objection", {"objection_id": filed["id"]})
    order = {"objection_id": filed["id"], "upheld": upheld, "reasons": WHY}
    return bench.do("decide_nominee", order, version=seen["version"])


def told(bench, person):
    items = bench.as_("R_RESIDENT", person=person, scope=stage.GRID).ask("messages")["items"]
    about = ("COMMEND", "NOMINEE")
    return [one["code"] for one in reversed(items) if one["code"].startswith(about)]


def held_and_not_supported(bench):
    """per_b is held for an objection to the score, and the review does not support per_b."""
    settled = settlement_of(bench, "2025-05")
    bench.as_("R_CADRE", person="per_clerk", scope=stage.COMMUNITY)
    order = {"target": "ENTRY", "target_id": f"{settled['id']}/RES:per_b", "reasons": WHY}
    bench.do("start_correction", order | {"text": "活动签到被重复登记。"})
    made = opened(bench)
    for subject in ("RES:per_a", "RES:per_b"):
        nominate(bench, made, subject)
    assert step(bench, "check_nominees", made)["nominees"]["RES:per_b"] == "HELD"
    said = [*reviews("RES:per_a"), *reviews("RES:per_b", support=False)]
    step(bench, "review_nominees", made, person="per_reviewer", reviews=said)
    made |= step(bench, "publicise_commendation", made)
    return made


def test_who_never_stood_in_the_notice_hears_nothing_of_it_and_nobody_objects_to_him(credit):
    """A nominee was told that an unheard commendation was cancelled."""
    bench = credit
    made = held_and_not_supported(bench)
    with pytest.raises(NotFound):
        object_to(bench, made, "RES:per_b")
    cancel(bench, made)
    assert told(bench, "per_b") == []
    assert told(bench, "per_a") == ["COMMENDATION_PUBLIC", "COMMENDATION_CANCELLED"]


def test_a_nominee_of_the_notice_hears_what_becomes_of_him(credit):
    """Held, going on and dropped: the nominee was told of none of it."""
    bench = credit
    made = publicised(bench, "RES:per_a", "RES:per_b")
    decide(bench, object_to(bench, made, "RES:per_a"), upheld=False)
    assert told(bench, "per_a")[1:] == ["COMMENDATION_HELD", "COMMENDATION_GOES_ON"]
    filed = object_to(bench, made, "RES:per_b")
    second = object_to(bench, made, "RES:per_b", person="per_shy")
    decide(bench, filed, upheld=True)
    assert told(bench, "per_b")[1:] == ["COMMENDATION_HELD", "COMMENDATION_DROPPED"]
    # Nothing is left to decide about per_b: the other one has ended too, and is answered.
    assert told(bench, "per_shy") == ["NOMINEE_OBJECTION_DECIDED"]
    bench.as_("R_RESIDENT", person="per_shy", scope=stage.GRID)
    seen = bench.ask("nominee_objection", {"objection_id": second["id"]})
    assert (seen["state"], seen["reasons"]) == ("LAPSED", WHY)
    cancel(bench, made)
    assert told(bench, "per_b")[-1] == "COMMENDATION_DROPPED"
    assert "per_low" not in str(bench.as_("R_RESIDENT", person="per_a").ask("messages"))


def test_who_is_dropped_at_the_approval_hears_of_it(credit):
    bench = credit
    made = publicised(bench, "RES:per_a", "RES:per_b")
    bench.as_("R_RESIDENT", person="per_b", scope=stage.GRID)
    consent_id = bench.ask("me")["consents"][0]["id"]
    bench.do("withdraw_consent", {"consent_id": consent_id, "purposes": ["COMMENDATION"]})
    bench.fire("2025-07-09T09:00")
    approve(bench, made)
    assert told(bench, "per_a") == ["COMMENDATION_PUBLIC", "COMMENDED"]
    assert told(bench, "per_b") == ["COMMENDATION_PUBLIC", "COMMENDATION_DROPPED"]


def escalated(bench):
    return bench.published("nominee_objection_escalated.v1")


def test_an_objection_to_a_nominee_that_nobody_decides_goes_up_until_it_is(credit):
    """K13: it had no day, and hung for ever."""
    bench = credit
    made = publicised(bench, "RES:per_a")
    filed = object_to(bench, made, "RES:per_a")
    assert filed["due"].startswith("2025-07-10T16:00")
    bench.fire("2025-07-11T09:00")
    (up,) = escalated(bench)
    assert up["data"] == {
        "objection_id": filed["id"],
        "number": made["number"],
        "level": 2,
        "concerned": ["per_a", "per_low"],
    }
    assert told(bench, "per_a")[-1] == "NOMINEE_OBJECTION_LATE"
    assert told(bench, "per_low") == ["NOMINEE_OBJECTION_OVERDUE"]
    bench.as_("R_STREET", person="per_free", scope=STREET)
    (late,) = bench.ask("nominee_objections", {"state": "OPEN"})["items"]
    assert (late["id"], late["overdue"], late["own_matter"]) == (filed["id"], True, False)
    decide(bench, filed, upheld=False)
    (ended,) = bench.published("nominee_objection_ended.v1")
    assert ended["data"] == {"objection_id": filed["id"], "state": "DISMISSED"}
    bench.fire("2025-09-01T09:00")
    assert len(escalated(bench)) == 1


def test_an_objection_in_a_community_comes_before_the_street_and_then_the_district(credit):
    bench = credit
    area = {"level": "COMMUNITY", "area": stage.COMMUNITY}
    made = publicised(bench, "RES:per_a", **area)
    object_to(bench, made, "RES:per_a")
    bench.fire("2025-07-25T09:00")
    assert [one["data"]["level"] for one in escalated(bench)] == [1, 2]
    # One that is decided in time, or ends with its commendation, is before nobody.
    cancel(bench, made)
    assert bench.published("nominee_objection_ended.v1")[-1]["data"]["state"] == "LAPSED"


def test_an_objection_of_before_gets_its_day(credit):
    """Those that were open when objections had no day yet."""
    bench = credit
    made = publicised(bench, "RES:per_a")
    object_to(bench, made, "RES:per_a")
    with bench.transaction() as tx:
        tx.conn.exec_driver_sql("UPDATE nominee_objections SET decide_due = NULL")
        tx.conn.exec_driver_sql("DELETE FROM timers WHERE kind = 'nominee_objection'")
    bench.fire("2025-07-31T09:00")
    assert len(escalated(bench)) == 1


def test_what_is_about_a_nominee_of_ones_household_is_marked_and_its_text_is_not_shown(credit):
    bench = credit
    made = publicised(bench, "RES:per_a")
    object_to(bench, made, "RES:per_a")
    bench.as_("R_CADRE", person="per_a", scope=stage.COMMUNITY)
    for shown in (
        bench.as_("R_STREET", person="per_a", scope=STREET).ask("nominee_objections")["items"],
        bench.ask("commendation", {"commendation_id": made["id"]})["objections"],
    ):
        assert ["text" in one for one in shown] == [False]
    assert bench.ask("nominee_objections")["items"][0]["own_matter"] is True
    (nominee,) = bench.ask("commendation", {"commendation_id": made["id"]})["nominees"]
    assert nominee["own_matter"] is True


def test_a_notice_by_which_somebody_is_commended_is_not_withdrawn(credit):
    """H3-9: one who was held was approved on a notice that had been withdrawn."""
    bench = credit
    made = publicised(bench, "RES:per_a")
    bench.fire("2025-07-09T09:00")
    approve(bench, made)
    order = {"notice_id": made["notice_id"], "reason": "姓名有误,另行公示。"}
    for verb in ("grant", None):
        bench.as_("R_STREET", person="per_street2", scope=STREET)
        version = bench.ask("notice", {"notice_id": made["notice_id"]})["version"]
        with pytest.raises(CommendationApproved) as refused:
            bench.do("withdraw_notice", order, version=version)
        assert made["number"] in str(refused.value)
        if verb:
            approve(bench, made, verb=verb)
    bench.as_("PUBLIC", person="", scope="")
    assert bench.ask("notice", {"notice_id": made["notice_id"]})["state"] != "WITHDRAWN"


def test_a_granted_commendation_and_another_kind_are_named_by_their_own_words(credit):
    """H3-7: the word was that of a consent or a budget, and a commendation was called a rule."""
    bench = credit
    made = opened(bench)
    with pytest.raises(OtherKind) as refused:
        nominate(bench, made, "HH:hh_1")
    assert refused.value.guard == "WRONG_KIND"
    assert f"表彰 {made['number']} 的对象类别" in str(refused.value)
    made = publicised(bench, "RES:per_a")
    bench.fire("2025-07-09T09:00")
    approve(bench, made)
    approve(bench, made, verb="grant")
    for call in (
        lambda: approve(bench, made, verb="grant"),
        lambda: nominate(bench, made, "RES:per_b"),
    ):
        with pytest.raises(StateConflict) as conflict:
            call()
        told = problem_of(conflict.value, "fivered.services.credit")
        assert (told["code"], told["params"]["state"]) == ("STATE_CONFLICT", "GRANTED")
        assert "已颁发" in told["message_zh"]


def test_messages_call_a_person_you(credit):
    """H3-5: people were named by a code."""
    bench = credit
    made = publicised(bench, "RES:per_a")
    bench.fire("2025-07-09T09:00")
    approve(bench, made)
    step(bench, "revoke_commendation", made, role="R_STREET_LEAD", subject="RES:per_a", reasons=WHY)
    told = heard(bench, "per_a")
    public = told["COMMENDATION_PUBLIC"]
    assert public["text"].startswith("您拟获表彰")
    assert public["text_en"].startswith("You shall be commended")
    assert "given to you" in told["COMMENDED"]["text_en"]
    assert told["COMMENDATION_REVOKED"]["text"].startswith("您的表彰")
    assert "RES:" not in str([(one["text"], one["text_en"]) for one in told.values()])


def test_a_notice_that_is_taken_down_has_no_effect_and_goes_up_anew(credit):
    """Five days later it was approved, though nobody could read it."""
    bench = credit
    made = publicised(bench, "RES:per_a")
    bench.as_("R_STREET", person="per_street2", scope=STREET)
    order = {"notice_id": made["notice_id"], "reason": "姓名有误,另行公示。"}
    bench.do("withdraw_notice", order, version=1)
    assert told(bench, "per_a")[-1] == "COMMENDATION_NOTICE_DOWN"
    assert card(bench, made)["public_until"] is None
    bench.fire("2025-07-09T09:00")
    with pytest.raises(StateConflict):
        approve(bench, made)
    again = step(bench, "publicise_commendation", made)
    bench.as_("PUBLIC", person="", scope="")
    seen = bench.ask("notice", {"notice_id": again["notice_id"]})
    assert seen["corrects"] == made["notice_id"]
    down = bench.ask("notice", {"notice_id": made["notice_id"]})
    assert (down["state"], down["corrected_by"]) == ("WITHDRAWN", again["notice_id"])
    bench.fire("2025-07-17T09:00")
    assert approve(bench, made)["nominees"] == {"RES:per_a": "APPROVED"}


def test_who_stands_in_a_notice_that_hangs_longer_hears_of_it(credit):
    bench = credit
    made = publicised(bench, "RES:per_a")
    filed = object_to(bench, made, "RES:per_a")
    off = [*test_calendar.OFF, "2025-07-03"]
    data = {"year": 2025, "off": off, "make_up": test_calendar.MAKE_UP, "source": "变更(示例)"}
    said = {"subject": "calendar:2025", "scope": "370811", "sequence": 1}
    bench.consume("steward", "calendar_year_loaded.v1", data, **said)
    assert card(bench, made)["public_until"].startswith("2025-07-09T16:00")
    items = bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID).ask("messages")["items"]
    moved = {one["code"]: one["detail"] for one in items}
    assert moved["COMMENDATION_LONGER"]["until"] == "2025-07-09"
    assert moved["DEADLINE_MOVED"]["until"] == "2025-07-11"
    assert "DEADLINE_MOVED" in heard(bench, "per_low")
    bench.as_("R_RESIDENT", person="per_low", scope=stage.GRID)
    seen = bench.ask("nominee_objection", {"objection_id": filed["id"]})
    assert seen["decide_due"].startswith("2025-07-11T16:00")


def test_the_nominees_household_does_nothing_official_about_him_nor_who_nominated_approves(credit):
    """K12: her husband nominated her, checked her and approved her."""
    bench = credit
    for person in ("per_a", "per_kin"):
        data = {"person_id": person, "household_id": "hh_1", "is_adult": True}
        data |= {"community": stage.COMMUNITY, "grid": stage.GRID, "synthetic": True}
        about = {"subject": person, "scope": stage.GRID, "sequence": 9}
        bench.consume("steward", "resident_registered.v1", data, **about)
    made = opened(bench)
    with pytest.raises(ConflictOfInterest):
        nominate(bench, made, "RES:per_a", person="per_kin")
    nominate(bench, made, "RES:per_a", person="per_cadre")
    with pytest.raises(ConflictOfInterest):
        step(bench, "check_nominees", made, person="per_kin")
    step(bench, "check_nominees", made)
    said = reviews("RES:per_a")
    step(bench, "review_nominees", made, person="per_reviewer", reviews=said)
    made |= step(bench, "publicise_commendation", made)
    # Nor does one decide what somebody of the household has objected to.
    filed = object_to(bench, made, "RES:per_a", person="per_low")
    for person in ("per_low", "per_home"):
        data = {"person_id": person, "household_id": "hh_2", "is_adult": True}
        data |= {"community": stage.COMMUNITY, "grid": stage.GRID, "synthetic": True}
        about = {"subject": person, "scope": stage.GRID, "sequence": 9}
        bench.consume("steward", "resident_registered.v1", data, **about)
    with pytest.raises(ConflictOfInterest):
        decide(bench, filed, upheld=False, person="per_home")
    decide(bench, filed, upheld=False)
    bench.fire("2025-07-09T09:00")
    for person, refusal in (
        ("per_kin", ConflictOfInterest),
        ("per_a", SelfApproval),
        ("per_cadre", InChain),
    ):
        with pytest.raises(refusal):
            approve(bench, made, person=person)
    assert approve(bench, made)["state"] == "APPROVED"
