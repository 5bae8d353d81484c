"""The life of a rule set: draft, consultation, approval, publication, retirement."""

import copy
import json

import pytest
import sqlalchemy as sa

from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict, VersionConflict
from fivered.services.credit.errors import (
    CommentEmpty,
    ConsultationEnded,
    ConsultationNotEnded,
    EndsSooner,
    NoLegalReview,
    NoRulesLeft,
    NotPeriodStart,
    PeriodTaken,
    RuleNotInSet,
    RuleSetCodeTaken,
    SameAsAuthor,
    TextTooShort,
)
from fivered.services.credit.rules import loader
from fivered.services.credit.rules.errors import (
    ForbiddenTopic,
    NegativeRuleForPerson,
    RuleSetInvalid,
)
from fivered.services.credit.storage import in_force as compiled_rules
from fivered.services.credit.storage import rule_sets as store
from fivered.services.credit.storage import tables
from fivered.services.credit.storage.in_force import digest_of
from fivered.services.credit.tests import stage

pytestmark = pytest.mark.slow

SHIPPED = loader.shipped("RC-2025.1")


def rule(which, **changes):
    """A rule of the shipped set with changes; its worked cases are those of the other figures."""
    found = copy.deepcopy(next(one for one in SHIPPED["rules"] if one["code"] == which))
    found.pop("cases", None)
    return found | changes


def author(bench):
    return bench.as_("R_DISTRICT", person="per_author")


def draft(bench, version="2025.2", **more):
    return author(bench).do("create_rule_set", {"version": version, **more})


def consult(bench, made):
    return author(bench).do(
        "consult_rule_set", {"rule_set_id": made["id"]}, version=made["version"]
    )


def approve(bench, made, **more):
    order = {"rule_set_id": made["id"], "legal_review_ref": "任司审〔2025〕3号", **more}
    return author(bench).do("approve_rule_set", order, version=made["version"])


def publish(bench, made, person="per_publisher", **more):
    bench.as_("R_DISTRICT", person=person)
    order = {"rule_set_id": made["id"], **more}
    return bench.do("publish_rule_set", order, version=made["version"])


def published(bench, version="2025.2", *, put=(), drop=()):
    """A rule set that has gone all the way; the clock stands after its consultation."""
    made = draft(bench, version)
    if put or drop:
        order = {"rule_set_id": made["id"], "put": list(put), "drop": list(drop)}
        made = author(bench).do("edit_rule_set", order, version=made["version"])
    made = consult(bench, made)
    bench.fire(made["due"])
    made = approve(bench, made)
    return publish(bench, made)


WHY = "与上级新规不一致,先行撤回重拟"


def retire(bench, made, person="per_publisher", **more):
    bench.as_("R_DISTRICT", person=person)
    card = bench.ask("rule_set", {"rule_set_id": made if isinstance(made, str) else made["id"]})
    order = {"rule_set_id": card["id"], "reason": WHY, **more}
    return bench.do("retire_rule_set", order, version=card["version"])


def in_force(bench, *months):
    return [bench.ask("rules", {"at": f"{month}-01"})["code"] for month in months]


@pytest.fixture
def credit(bench):
    stage.rules(bench)
    return bench


@pytest.mark.covers("C3", "REQ-L02")
def test_a_copy_is_edited_consulted_on_approved_published_and_takes_over(credit):
    bench = credit
    made = draft(bench)
    assert (made["number"], made["state"], made["effective_from"]) == (
        "RC-2025.2",
        "DRAFT",
        "2025-04-01",
    )
    edit = {"rule_set_id": made["id"], "put": [rule("R-RES-02", score=6)], "drop": ["R-UNT-04"]}
    made = bench.do("edit_rule_set", edit, version=1)
    made = consult(bench, made)
    # 10 working days after Monday 3 March: the end of Monday 17 March.
    assert made["due"] == "2025-03-17T16:00:00+00:00"
    notice = bench.as_("R_ANONYMOUS", person="", scope="").ask(
        "notice", {"notice_id": made["notice_id"]}
    )
    assert (notice["kind"], notice["ends_at"]) == ("CONSULTATION", made["due"])
    assert notice["body"]["changes"]["removed"][0]["code"] == "R-UNT-04"
    bench.fire(made["due"])
    made = approve(bench, made)
    made = publish(bench, made)
    assert (made["state"], made["effective_from"]) == ("PUBLISHED", "2025-04-01")
    # The month that runs keeps its rules; the next one has the new ones.
    assert bench.ask("rules", {"at": "2025-03-31"})["code"] == "RC-2025.1"
    now = bench.ask("rules", {"at": "2025-04-01"})
    assert (now["code"], len(now["items"])) == ("RC-2025.2", 76)
    assert (now["publisher"], now["legal_review"]) == ("per_publisher", "任司审〔2025〕3号")
    assert bench.ask("rule_set", {"rule_set_id": "RC-2025.1"})["state"] == "PUBLISHED"
    bench.fire("2025-04-01T00:00:00")
    old = bench.ask("rule_set", {"rule_set_id": "RC-2025.1"})
    assert (old["state"], old["effective_to"]) == ("RETIRED", "2025-04-01")
    assert [event["data"]["kind"] for event in bench.published("notice_published.v1")] == [
        "CONSULTATION",
        "RULES",
    ]


def test_who_wrote_and_who_published_a_rule_set_is_read_by_the_district(credit):
    """K15, SEC low 2: ids of the officials stood in the public list and in the public document."""
    made = draft(credit)
    edit = {"rule_set_id": made["id"], "put": [rule("R-RES-02", score=6)]}
    made = consult(credit, credit.do("edit_rule_set", edit, version=made["version"]))
    credit.fire(made["due"])
    publish(credit, approve(credit, made))
    which = {"rule_set_id": "RC-2025.2"}
    doors = (("rule_set", which), ("rule_sets", {}), ("rules", {"at": "2025-04-01"}))
    for read, role, scope in (
        (True, "R_DISTRICT", "370811"),
        (True, "R_AUDITOR", "370811"),
        (False, "R_DISTRICT", "370802"),
        (False, "R_STREET", stage.COMMUNITY[:9]),
        (False, "R_RESIDENT", stage.COMMUNITY),
        (False, "R_ANONYMOUS", ""),
    ):
        credit.as_(role, person="" if role == "R_ANONYMOUS" else "per_reader", scope=scope)
        for door, asked in doors:
            said = json.dumps(credit.ask(door, asked))
            assert ("per_author" in said, "per_publisher" in said) == (read, read), (role, door)
    shown = credit.ask("rule_set", which)
    # What everybody reads is what the published digest is of, and it names the offices.
    assert digest_of(shown["document"]) == shown["digest"]
    assert "R_DISTRICT 370811" in shown["document"]["author"]
    assert shown["document"]["author"] != shown["document"]["publisher"]


def test_a_document_of_before_that_names_persons_is_shown_without_them(credit):
    """K15: published documents never change, and those of before hold the ids."""
    made = published(credit)
    document = credit.ask("rule_set", {"rule_set_id": made["id"]})["document"]
    old = document | {"author": "per_author", "publisher": "per_publisher"}
    with credit.runtime.engine.begin() as conn:
        conn.execute(sa.update(tables.rule_sets).where(
            tables.rule_sets.c.rule_set_id == made["id"]).values(body=old))  # fmt: skip
    assert credit.ask("rule_set", {"rule_set_id": made["id"]})["document"] == old
    credit.as_("R_ANONYMOUS", person="", scope="")
    shown = credit.ask("rule_set", {"rule_set_id": made["id"]})
    assert shown["document"] == old | {"author": None, "publisher": None}


@pytest.mark.covers("C3")
def test_an_award_follows_the_version_in_force_on_the_local_day_of_the_deed(credit):
    bench = credit
    published(bench, put=[rule("R-RES-02", score=6)])
    stage.resident(bench, "per_a")
    bench.fire("2025-04-02T09:00:00")
    # Two hours around midnight in Jining: both lie on 31 March in UTC.
    for topic, at in (("tpc_1", "2025-03-31T23:30:00"), ("tpc_2", "2025-04-01T00:30:00")):
        bench.consume(
            "forum",
            "topic_adopted.v1",
            {"topic_id": topic, "community": stage.COMMUNITY, "proposer": "per_a", "level": "COMMUNITY",
             "owners_matter": False},
            subject=topic,
            occurred_at=at,
        )  # fmt: skip
    found = bench.rows("SELECT deed, rule_set, score FROM awards ORDER BY deed")
    assert [(r["deed"], r["rule_set"], r["score"]) for r in found] == [
        ("tpc_1", "RC-2025.1", 3),
        ("tpc_2", "RC-2025.2", 6),
    ]


@pytest.mark.covers("REQ-L02", "REQ-L01")
def test_the_loader_judges_every_step_and_what_it_refuses_is_not_stored(credit):
    bench = credit
    made = draft(bench)
    for bad, refusal in (
        (rule("R-RES-02", score=-1, severity="MINOR"), NegativeRuleForPerson),
        (rule("R-RES-02", name_zh="不参加会议"), ForbiddenTopic),
        (rule("R-RES-02", kind="XXX"), RuleSetInvalid),
    ):
        with pytest.raises(refusal):
            order = {"rule_set_id": made["id"], "put": [bad]}
            author(bench).do("edit_rule_set", order, version=1)
        document = copy.deepcopy(SHIPPED) | {"version": "2026.1", "id": "RC-2026"}
        document["rules"] = [bad]
        with pytest.raises(refusal):
            bench.do("create_rule_set", {"document": document})
    assert bench.ask("rule_set", {"rule_set_id": made["id"]})["version"] == 1
    # A hand that writes into the draft past the service is met at every later step.
    poison = copy.deepcopy(SHIPPED) | {"version": "2025.2", "effective_from": "2025-04-01"}
    poison["rules"][0] = rule("R-RES-02", code="R-RES-99", score=-1, severity="MINOR")

    def write(document):
        with bench.runtime.engine.begin() as conn:
            conn.execute(sa.update(tables.rule_sets).where(
                tables.rule_sets.c.rule_set_id == made["id"]).values(body=document))  # fmt: skip

    good = bench.ask("rule_set", {"rule_set_id": made["id"]})["document"]
    write(poison)
    with pytest.raises(NegativeRuleForPerson):
        consult(bench, made)
    with pytest.raises(NegativeRuleForPerson):
        bench.do("what_if", {"rule_set_id": made["id"]})
    write(good)
    made = consult(bench, made)
    bench.fire(made["due"])
    write(poison)
    with pytest.raises(NegativeRuleForPerson):
        approve(bench, made)
    write(good)
    made = approve(bench, made)
    write(poison)
    with pytest.raises(NegativeRuleForPerson):
        publish(bench, made)


@pytest.mark.covers("C3", "REQ-L02")
def test_every_door_of_its_life_refuses_what_it_must(credit):
    bench = credit
    with pytest.raises(Invalid):
        author(bench).do("create_rule_set", {})
    with pytest.raises(NotFound):
        bench.do("create_rule_set", {"based_on": "RC-1999.1", "version": "1999.2"})
    with pytest.raises(NotPeriodStart):
        draft(bench, effective_from="2025-04-02")
    with pytest.raises(RoleDenied):
        bench.as_("R_DISTRICT", person="per_far", scope="370830").do(
            "create_rule_set", {"version": "2025.3"}
        )
    with pytest.raises(RuleSetInvalid):
        street = copy.deepcopy(SHIPPED) | {"version": "2025.9", "scope": "370811015"}
        author(bench).do("create_rule_set", {"document": street})
    made = draft(bench)
    with pytest.raises(RuleSetCodeTaken):
        draft(bench)
    with pytest.raises(VersionConflict):
        bench.do("consult_rule_set", {"rule_set_id": made["id"]}, version=7)
    with pytest.raises(RuleNotInSet):
        bench.do("edit_rule_set", {"rule_set_id": made["id"], "drop": ["R-X"]}, version=1)
    with pytest.raises(StateConflict):
        approve(bench, made)
    with pytest.raises(NotFound):
        bench.as_("R_DISTRICT", person="per_far", scope="370830").do(
            "consult_rule_set", {"rule_set_id": made["id"]}, version=1
        )
    made = consult(bench, made)
    with pytest.raises(StateConflict):
        bench.do("edit_rule_set", {"rule_set_id": made["id"], "drop": ["R-UNT-04"]}, version=2)
    with pytest.raises(ConsultationNotEnded):
        approve(bench, made)
    bench.fire(made["due"])
    for nothing in (None, "  "):
        with pytest.raises(NoLegalReview):
            approve(bench, made, legal_review_ref=nothing)
    made = approve(bench, made)
    with pytest.raises(SameAsAuthor):
        publish(bench, made, person="per_author")
    for day in ("2025-03-01", "2025-04-15"):
        with pytest.raises(NotPeriodStart):
            publish(bench, made, effective_from=day)
    # The draft said April; April has begun before it is published.
    bench.fire("2025-04-02T09:00:00")
    with pytest.raises(NotPeriodStart):
        publish(bench, made)
    made = publish(bench, made, effective_from="2025-05-01")
    assert made["effective_from"] == "2025-05-01"
    with pytest.raises(StateConflict):
        publish(bench, made)
    with pytest.raises(StateConflict):
        author(bench).do("revise_rule_set", {"rule_set_id": made["id"]}, version=made["version"])
    other = consult(bench, draft(bench, "2025.3"))
    bench.fire(other["due"])
    other = approve(bench, other)
    with pytest.raises(PeriodTaken):
        publish(bench, other, effective_from="2025-05-01")


@pytest.mark.covers("C3", "C18")
def test_who_edited_a_draft_does_not_publish_it_either(credit):
    bench = credit
    made = draft(bench)
    bench.as_("R_DISTRICT", person="per_second").do(
        "edit_rule_set", {"rule_set_id": made["id"], "drop": ["R-UNT-04"]}, version=1
    )
    made = consult(bench, made | {"version": 2})
    bench.fire(made["due"])
    made = approve(bench, made)
    with pytest.raises(SameAsAuthor):
        publish(bench, made, person="per_second")
    assert publish(bench, made)["state"] == "PUBLISHED"


@pytest.mark.covers("REQ-L02")
def test_the_public_reads_drafts_under_consultation_and_comments_on_them(credit):
    bench = credit
    made = draft(bench)

    def public():
        return bench.as_("R_ANONYMOUS", person="", scope="")

    def say(text="积分偏低", **more):
        bench.as_("R_RESIDENT", person="per_a", scope=stage.GRID)
        order = {"rule_set_id": made["id"], "text": text, **more}
        return bench.do("comment_on_rule_set", order)

    with pytest.raises(NotFound):
        public().ask("rule_set", {"rule_set_id": made["id"]})
    with pytest.raises(NotFound):
        say()
    assert [row["code"] for row in public().ask("rule_sets")["items"]] == ["RC-2025.1"]
    made = consult(bench, made)
    with pytest.raises(Invalid):  # K15, FP-D6
        say("请联系 13812345678")
    shown = public().ask("rule_sets", {"state": "CONSULTING"})["items"]
    assert [(row["code"], row["comments_until"]) for row in shown] == [("RC-2025.2", made["due"])]
    card = bench.ask("rule_set", {"rule_set_id": made["id"]})
    assert len(card["items"]) == 77
    assert all(one["article"] and one["text"] and one["basis"] for one in card["items"])
    say(rule_code="R-RES-03")
    say("建议增加夜间议事时段")
    with pytest.raises(CommentEmpty):
        say("  ")
    with pytest.raises(RuleNotInSet):
        say(rule_code="R-RES-77")
    first = public().ask("rule_comments", {"rule_set_id": made["id"], "limit": 1})
    assert [one["text"] for one in first["items"]] == ["积分偏低"]
    assert "person_id" not in first["items"][0]
    rest = bench.ask("rule_comments", {"rule_set_id": made["id"], "cursor": first["next"]})
    assert [one["text"] for one in rest["items"]] == ["建议增加夜间议事时段"]
    inside = author(bench).ask("rule_comments", {"rule_set_id": made["id"]})
    assert inside["items"][0]["person_id"] == "per_a"
    bench.fire(made["due"])
    with pytest.raises(ConsultationEnded):
        say()
    notice = bench.ask("notice", {"notice_id": made["notice_id"]})
    assert notice["state"] == "ENDED"


@pytest.mark.covers("REQ-L02")
def test_a_revised_draft_is_consulted_on_anew_and_its_first_notice_is_withdrawn(credit):
    bench = credit
    first = consult(bench, draft(bench))
    bench.at("2025-03-10T09:00:00")
    back = author(bench).do(
        "revise_rule_set", {"rule_set_id": first["id"]}, version=first["version"]
    )
    assert back["state"] == "DRAFT"
    edit = {"rule_set_id": first["id"], "drop": ["R-UNT-04"]}
    second = consult(bench, bench.do("edit_rule_set", edit, version=back["version"]))
    assert second["due"] == "2025-03-24T16:00:00+00:00"
    states = bench.rows("SELECT notice_id, state FROM notices ORDER BY number")
    assert [(row["notice_id"], row["state"]) for row in states] == [
        (first["notice_id"], "WITHDRAWN"),
        (second["notice_id"], "PUBLISHED"),
    ]
    bench.fire(first["due"])
    with pytest.raises(ConsultationNotEnded):
        approve(bench, second)


@pytest.mark.covers("C3")
def test_the_difference_between_two_versions_names_each_rule_and_field(credit):
    bench = credit
    made = draft(bench)
    bands = copy.deepcopy(rule("R-PRJ-01")["bands"])
    bands[2]["ge"], bands[3]["lt"] = 85, 85
    order = {
        "rule_set_id": made["id"],
        "put": [
            rule("R-RES-02", score=6),
            rule("R-PRJ-01", bands=bands),
            rule("R-RES-03", code="R-RES-16", article={"number": 99, "text": "新", "basis": "新"}),
        ],
        "drop": ["R-UNT-04"],
    }
    bench.do("edit_rule_set", order, version=1)
    found = bench.ask("rule_set_diff", {"rule_set_id": "RC-2025.2"})
    assert found["since"] == "RC-2025.1"
    assert [one["code"] for one in found["added"]] == ["R-RES-16"]
    assert [one["code"] for one in found["removed"]] == ["R-UNT-04"]
    fields = {
        one["code"]: [field for field in one["fields"] if field["field"] != "cases"]
        for one in found["changed"]
    }
    assert fields == {
        "R-RES-02": [{"field": "score", "before": 3, "after": 6}],
        "R-PRJ-01": [
            {"field": "bands[2].ge", "before": 90, "after": 85},
            {"field": "bands[3].lt", "before": 90, "after": 85},
        ],
    }
    assert {one["field"] for one in found["header"]} == {"version", "effective_from"}


@pytest.mark.covers("C3", "REQ-L20")
def test_no_statement_of_the_service_changes_what_is_published_and_a_foreign_hand_is_noticed(
    credit,
):
    bench = credit
    made = published(bench)
    before = bench.rows("SELECT body, digest FROM rule_sets WHERE code = 'RC-2025.2'")
    with bench.transaction() as tx:
        assert not store.edit(tx.conn, made["id"], body={}, digest="x")
        assert not store.publish(tx.conn, made["id"], body={}, digest="x")
        assert not store.move(tx.conn, made["id"], state="DRAFT")
        with pytest.raises(AssertionError):
            store.move(tx.conn, made["id"], body={})
    assert bench.rows("SELECT body, digest FROM rule_sets WHERE code = 'RC-2025.2'") == before
    # The database itself refuses a publication by the author, or without a legal review.
    for values in ({"publisher": "per_author"}, {"legal_review": None}, {"state": "FREE"}):
        with pytest.raises(sa.exc.IntegrityError), bench.runtime.engine.begin() as conn:
            conn.execute(sa.update(tables.rule_sets).where(
                tables.rule_sets.c.code == "RC-2025.2").values(**values))  # fmt: skip
    body = copy.deepcopy(SHIPPED) | {"version": "2025.2", "effective_from": "2025-04-01"}
    with bench.runtime.engine.begin() as conn:
        conn.execute(sa.update(tables.rule_sets).where(
            tables.rule_sets.c.code == "RC-2025.2").values(body=body))  # fmt: skip
    compiled_rules._COMPILED.clear()
    with pytest.raises(RuntimeError, match="is not what was published"):
        bench.ask("rules", {"at": "2025-04-01"})


@pytest.mark.covers("C8", "C5")
def test_facts_are_kept_as_they_were_told_and_once(credit):
    bench = credit
    told = bench.event(
        "forum",
        "topic_adopted.v1",
        {"topic_id": "tpc_1", "community": stage.COMMUNITY, "proposer": "per_a", "level": "COMMUNITY",
         "owners_matter": False},
        subject="tpc_1",
    )  # fmt: skip
    assert bench.deliver([told]) == 1
    assert bench.deliver([told]) == 0
    stage.register(bench, "per_a")
    # The registry's events fire no rule and are not kept; a late one keeps its own time.
    stage.markers(bench, "2025-03", at="2025-03-31T23:59:59")
    bench.consume(
        "forum",
        "attendance_recorded.v1",
        {"session_id": "ses_1", "topic_id": "tpc_1", "person_id": "per_a", "capacity": "RESIDENT"},
        subject="ses_1",
        occurred_at="2025-03-20T19:00:00",
    )
    rows = bench.rows("SELECT period, source, fact, late, data FROM facts ORDER BY period")
    assert [(r["period"], r["fact"], bool(r["late"])) for r in rows] == [
        ("2025-03", "topic_adopted.v1", False),
        ("2025-04", "attendance_recorded.v1", True),
    ]
    assert json.loads(rows[0]["data"])["proposer"] == "per_a"


@pytest.mark.covers("C3")
def test_a_published_set_is_withdrawn_before_it_begins_and_what_it_would_have_ended_goes_on(
    credit,
):
    bench = credit
    asked = [consult(bench, draft(bench, version)) for version in ("2025.2", "2025.3")]
    bench.fire(asked[0]["due"])
    april, june = (approve(bench, one) for one in asked)
    april = publish(bench, april)
    assert april["effective_from"] == "2025-04-01"
    publish(bench, june, effective_from="2025-06-01")
    assert in_force(bench, "2025-03", "2025-04", "2025-06") == [
        "RC-2025.1",
        "RC-2025.2",
        "RC-2025.3",
    ]
    done = retire(bench, april)
    assert (done["state"], done["effective_from"]) == ("RETIRED", "2025-04-01")
    assert in_force(bench, "2025-04", "2025-05", "2025-06") == [
        "RC-2025.1",
        "RC-2025.1",
        "RC-2025.3",
    ]
    notice = bench.ask("notice", {"notice_id": done["notice_id"]})
    assert notice["kind"] == "RULES"
    body = notice["body"]
    assert (body["withdrawn"], body["reason"], body["instead"]) == (True, WHY, "RC-2025.1")
    old = bench.ask("notice", {"notice_id": april["notice_id"]})
    assert (old["state"], old["corrected_by"]) == ("WITHDRAWN", done["notice_id"])
    card = bench.ask("rule_set", {"rule_set_id": april["id"]})
    assert (card["state"], card["effective_to"], card["retired_because"]) == (
        "RETIRED",
        "2025-04-01",
        WHY,
    )
    # April comes: nothing begins, and what holds is not retired by the timer of what does not.
    bench.fire("2025-04-01T00:00:00")
    assert bench.ask("rule_set", {"rule_set_id": "RC-2025.1"})["state"] == "PUBLISHED"
    # The day is free again.
    asked = consult(bench, draft(bench, "2025.4"))
    bench.fire(asked["due"])
    again = approve(bench, asked)
    assert publish(bench, again, effective_from="2025-05-01")["state"] == "PUBLISHED"
    assert in_force(bench, "2025-05", "2025-06") == ["RC-2025.4", "RC-2025.3"]
    # The last of a row is withdrawn: the one before it has no end again.
    retire(bench, "RC-2025.3")
    assert bench.ask("rule_set", {"rule_set_id": "RC-2025.4"})["effective_to"] is None


@pytest.mark.covers("C3", "C18")
def test_a_set_in_force_ends_with_a_month_to_come_and_a_district_is_left_without_rules_knowingly(
    credit,
):
    bench = credit
    stage.resident(bench, "per_a")
    with pytest.raises(TextTooShort):
        retire(bench, "RC-2025.1", reason="  不要了  ")
    with pytest.raises(NoRulesLeft):
        retire(bench, "RC-2025.1")
    for day, refusal in (
        ("2025-03-01", NotPeriodStart), ("2025-04-15", NotPeriodStart), ("soon", Invalid),
    ):  # fmt: skip
        with pytest.raises(refusal):
            retire(bench, "RC-2025.1", from_day=day, without_successor=True)
    done = retire(bench, "RC-2025.1", without_successor=True)
    assert (done["state"], done["due"]) == ("PUBLISHED", "2025-03-31T16:00:00+00:00")
    body = bench.ask("notice", {"notice_id": done["notice_id"]})["body"]
    assert (body["effective_to"], body["withdrawn"], body["instead"]) == ("2025-04-01", False, None)
    for day in ("2025-04-01", "2025-05-01"):
        with pytest.raises(EndsSooner):
            retire(bench, "RC-2025.1", from_day=day, without_successor=True)
    # A successor that begins with the end, and is withdrawn, does not undo that end.
    made = published(bench)
    with pytest.raises(NoRulesLeft):
        retire(bench, made)
    with pytest.raises(SameAsAuthor):
        retire(bench, made, person="per_author")
    with pytest.raises(NotPeriodStart):
        retire(bench, made, from_day="2025-05-01")
    retire(bench, made, without_successor=True)
    assert bench.ask("rule_set", {"rule_set_id": "RC-2025.1"})["effective_to"] == "2025-04-01"
    bench.fire("2025-04-01T00:00:00")
    assert bench.ask("rule_set", {"rule_set_id": "RC-2025.1"})["state"] == "RETIRED"
    assert in_force(bench, "2025-03", "2025-04") == ["RC-2025.1", None]
    for gone in ("RC-2025.1", made):
        with pytest.raises(StateConflict):
            retire(bench, gone)
    with pytest.raises(StateConflict):
        retire(bench, draft(bench, "2025.5", based_on="RC-2025.1"))


@pytest.mark.covers("C3", "C5")
def test_without_rules_in_force_facts_are_kept_and_what_was_given_is_still_corrected(credit):
    bench = credit
    stage.resident(bench, "per_a")
    stage.project(bench)
    hours = {"record_id": "vol_1", "person_id": "per_a", "community": stage.COMMUNITY,
             "minutes": 120, "source": "QR", "date": "2025-03-10"}  # fmt: skip
    bench.consume(
        "steward",
        "volunteer_hours_confirmed.v1",
        hours,
        subject="vol_1",
        occurred_at="2025-03-10T18:00",
    )
    due = {"rectification_id": "rec_1", "project_id": "prj_1"}
    bench.consume(
        "property",
        "rectification_overdue.v1",
        due | {"severity": "S2"},
        subject="rec_1",
        occurred_at="2025-03-12T10:00:00",
    )
    retire(bench, "RC-2025.1", without_successor=True)
    bench.fire("2025-04-02T09:00:00")
    bench.consume(
        "forum",
        "topic_adopted.v1",
        {"topic_id": "tpc_1", "community": stage.COMMUNITY, "proposer": "per_a", "level": "COMMUNITY",
         "owners_matter": False},
        subject="tpc_1",
    )  # fmt: skip
    bench.consume(
        "steward", "volunteer_hours_corrected.v1", hours | {"minutes": 60}, subject="vol_1"
    )
    bench.consume("property", "rectification_withdrawn.v1", due, subject="rec_1")
    facts = [row["fact"] for row in bench.rows("SELECT fact FROM facts WHERE period = '2025-04'")]
    assert sorted(facts) == [
        "rectification_withdrawn.v1",
        "topic_adopted.v1",
        "volunteer_hours_corrected.v1",
    ]
    awards = bench.rows("SELECT rule_code, rule_set, score, state FROM awards ORDER BY occurred_at")
    assert [(r["rule_code"], r["score"], r["state"]) for r in awards] == [
        ("R-RES-01", 2, "APPROVED"),
        ("R-PRJ-12", -3, "REVERSED"),
        ("R-RES-01", -1, "APPROVED"),
    ]
    assert {row["rule_set"] for row in awards} == {"RC-2025.1"}


def discard(bench, made, reason=WHY):
    order = {"rule_set_id": made["id"], "reason": reason}
    return author(bench).do("discard_rule_set", order, version=made["version"])


def test_a_draft_that_nobody_takes_further_is_discarded(credit):
    """K13: a draft could be left by no command but its consultation."""
    bench = credit
    made = draft(bench)
    with pytest.raises(TextTooShort):
        discard(bench, made, "不要了")
    assert discard(bench, made)["state"] == "DISCARDED"
    for state, ids in (("DISCARDED", [made["id"]]), ("DRAFT", [])):
        found = author(bench).ask("rule_sets", {"state": state})["items"]
        assert [one["id"] for one in found] == ids
    card = bench.ask("rule_set", {"rule_set_id": made["id"]})
    assert (card["state"], card["retired_because"]) == ("DISCARDED", WHY)
    with pytest.raises(NotFound):
        bench.as_("PUBLIC", person="", scope="").ask("rule_set", {"rule_set_id": made["id"]})


@pytest.mark.parametrize("way", ["DRAFT", "DISCARDED", "CONSULTING", "APPROVED", "PUBLISHED"])
def test_in_every_state_a_command_that_does_not_fit_says_in_which_state_it_is(credit, way):
    """K13: a 409 with the state."""
    bench = credit
    made = draft(bench)
    if way == "DISCARDED":
        made = discard(bench, made)
    if way in {"CONSULTING", "APPROVED", "PUBLISHED"}:
        made = consult(bench, made)
    if way in {"APPROVED", "PUBLISHED"}:
        bench.fire(made["due"])
        made = approve(bench, made)
    if way == "PUBLISHED":
        made = publish(bench, made)
    steps = {
        "edit_rule_set": ("DRAFT", {"drop": ["R-UNT-04"]}),
        "discard_rule_set": ("DRAFT", {"reason": WHY}),
        "consult_rule_set": ("DRAFT", {}),
        "revise_rule_set": ("CONSULTING APPROVED", {}),
        "approve_rule_set": ("CONSULTING", {"legal_review_ref": "任司审〔2025〕3号"}),
        "publish_rule_set": ("APPROVED", {}),
        "retire_rule_set": ("PUBLISHED", {"reason": WHY}),
    }
    for verb, (allowed, more) in steps.items():
        if way in allowed.split():
            continue
        with pytest.raises(StateConflict) as refused:
            bench.as_("R_DISTRICT", person="per_other").do(
                verb, {"rule_set_id": made["id"]} | more, version=made["version"]
            )
        assert refused.value.params["state"] == way


def test_the_public_is_not_asked_about_rules_that_begin_in_the_past(credit):
    """It was asked for ten days, and they were refused at the end."""
    bench = credit
    made = draft(bench)
    begins = f"{bench.now:%Y-%m}-01"
    order = {"rule_set_id": made["id"], "effective_from": begins}
    made |= author(bench).do("edit_rule_set", order, version=made["version"])
    with pytest.raises(NotPeriodStart):
        consult(bench, made)
