"""What people write: no numbers of persons, editing, withdrawing, hiding; redirected matters."""

import pytest

from fivered.chassis.refusal import Invalid, NotFound, NumberOfAPerson, RoleDenied, StateConflict
from fivered.services.forum import errors, rules
from fivered.services.forum.tests.conftest import ANA, BEN, COMMUNITY, GRID, NEIGHBOURS, TEAM

pytestmark = pytest.mark.slow

PHONE = "邻居张三 13812345678 总是占道"
ID_NO = "身份证 37089919900101005X"


@pytest.mark.parametrize("text", [PHONE, ID_NO, "打１３８ １２３４－５６７８", "138-1234-5678"])
@pytest.mark.parametrize("where", ["title", "description", "new_facts"])
def test_a_topic_with_somebodys_number_is_refused_and_kept_nowhere(town, text, where):
    """FP-D6: the wall shows nobody's number."""
    with pytest.raises(NumberOfAPerson) as refused:
        town.submit(**{where: text})
    assert refused.value.field == where
    assert town.bench.rows("SELECT * FROM topics") == []
    assert "138" not in refused.value.describe()


def test_no_other_text_takes_a_number_either(town):
    """FP-D6: objections, opinions, tasks, findings, reasons."""
    topic_id = town.submit()
    town.secretary()
    for command, body in (
        ("adopt_topic", {"owners_matter": False, "finding": PHONE}),
        ("reject_topic", {"reason": "NOT_PUBLIC", "note": PHONE}),
        ("redirect_topic", {"reason": PHONE}),
    ):
        with pytest.raises(NumberOfAPerson):
            town.on_topic(command, topic_id, **body)
    topic_id, (task_id,) = town.implementing()
    with pytest.raises(NumberOfAPerson) as refused:
        town.on_topic("assign_tasks", topic_id, tasks=[town.task(), town.task(title=PHONE)])
    assert refused.value.field == "tasks.1.title"
    for command, body in (
        ("report_progress", {"note": PHONE}),
        ("cancel_task", {"reason": PHONE}),
    ):
        with pytest.raises(NumberOfAPerson):
            town.on_task(command, task_id, **body)
    with pytest.raises(NumberOfAPerson):
        town.watch(task_id, finding=PHONE)
    topic_id = town.publicised(person=BEN, start="2025-03-20T19:00:00+08:00")
    with pytest.raises(NumberOfAPerson):
        town.resident(NEIGHBOURS[0]).do("object_to_opinion", {"topic_id": topic_id, "text": ID_NO})


def test_a_topic_is_changed_by_its_proposer_until_somebody_signs(town):
    """FP-D6."""
    topic_id = town.submit()
    town.resident(BEN)
    with pytest.raises(NotFound):
        town.on_topic("edit_topic", topic_id, title="别人的标题")
    town.resident(ANA)
    town.on_topic("edit_topic", topic_id, title="小院停车难")
    with pytest.raises(NumberOfAPerson):
        town.on_topic("edit_topic", topic_id, description=PHONE)
    card = town.bench.ask("topic", {"topic_id": topic_id})
    assert (card["title"], card["category"]) == ("小院停车难", "PARKING")
    assert '小院停车"' not in str(town.bench.rows("SELECT * FROM history"))
    town.resident(BEN).do("cosign_topic", {"topic_id": topic_id})
    town.resident(ANA)
    with pytest.raises(errors.SignedByOthers):
        town.on_topic("edit_topic", topic_id, title="又改标题")


def test_a_topic_is_withdrawn_and_gone_from_the_wall(town):
    """FP-D6."""
    topic_id = town.submit()
    town.resident(BEN).do("cosign_topic", {"topic_id": topic_id})
    with pytest.raises(NotFound):
        town.on_topic("withdraw_topic", topic_id)
    town.resident(ANA)
    assert town.on_topic("withdraw_topic", topic_id)["state"] == "WITHDRAWN"
    assert town.resident(BEN).ask("my_messages")["items"][0]["code"] == "TOPIC_WITHDRAWN"
    assert town.bench.ask("topic_wall", {})["items"] == []
    with pytest.raises(NotFound):
        town.bench.ask("topic", {"topic_id": topic_id})
    town.bench.fire("2025-03-20T00:00:00")
    assert town.bench.rows("SELECT * FROM escalations") == []
    with pytest.raises(StateConflict):
        town.adopt(topic_id)


@pytest.mark.parametrize("how", ["abusive", "hidden"])
def test_what_is_hidden_only_staff_and_the_proposer_read(town, how):
    """FP-D6: what was rejected as abusive stayed readable by everybody."""
    topic_id = town.submit()
    if how == "abusive":
        town.secretary()
        town.on_topic("reject_topic", topic_id, reason="ABUSIVE", note="辱骂他人")
    else:
        town.resident(BEN)
        with pytest.raises(RoleDenied):
            town.on_topic("hide_topic", topic_id, reason="含他人隐私")
        town.cadre()
        town.on_topic("hide_topic", topic_id, reason="含他人隐私")
        told = town.resident(ANA).ask("my_messages")["items"][0]
        assert "含他人隐私" in told["text"]
    for role, person in (("R_RESIDENT", BEN), ("R_DEPUTY", "per_deputy")):
        other = town.bench.as_(role, person=person, scope=COMMUNITY)
        assert other.ask("topic_wall", {})["items"] == []
        for question in ("topic", "topic_timeline"):
            with pytest.raises(NotFound):
                other.ask(question, {"topic_id": topic_id})
    for enter in (lambda: town.resident(ANA), town.cadre):
        entitled = enter()
        assert entitled.ask("topic", {"topic_id": topic_id})["title"] == "小院停车"
        assert len(entitled.ask("topic_wall", {})["items"]) == 1
    if how == "hidden":
        town.cadre()
        town.on_topic("hide_topic", topic_id, reason="已核实", hidden=False)
        assert town.resident(BEN).ask("topic", {"topic_id": topic_id})["title"] == "小院停车"


def test_a_hidden_title_stands_on_no_invitation(town):
    topic_id = town.adopted()
    session_id = town.schedule(topic_id, "2025-03-07T19:00:00+08:00")
    town.cadre()
    town.on_topic("hide_topic", topic_id, reason="含他人隐私")
    room = town.resident(BEN).ask("session", {"session_id": session_id})
    assert "小院停车" not in str(room)
    assert room["agenda"][0]["title"] == rules.HIDDEN
    assert "小院停车" not in str(town.bench.ask("my_invitations"))
    assert "小院停车" in str(town.secretary().ask("session", {"session_id": session_id}))


def test_the_wall_is_for_the_people_of_the_district(town):
    """FP-D6: every token of any district read it."""
    topic_id, (task_id,) = town.implementing()
    session_id = town.row("topics", "topic_id", topic_id)["session_id"]
    stranger = town.bench.as_("R_RESIDENT", person="per_x", scope="370802001001001")
    assert stranger.ask("topic_wall", {})["items"] == []
    assert stranger.ask("task_ledger", {})["items"] == []
    assert stranger.ask("task_ledger", {"scope": COMMUNITY})["items"] == []
    for question, body in (
        ("task", {"task_id": task_id}),
        ("topic", {"topic_id": topic_id}),
        ("topic_timeline", {"topic_id": topic_id}),
        ("session", {"session_id": session_id}),
    ):
        with pytest.raises(NotFound):
            stranger.ask(question, body)


def test_a_redirected_matter_reaches_the_stewards_and_its_number_the_proposer(town):
    """FP-D7, SP-D7: "已转红色管家办理" was not true."""
    topic_id = town.submit(category="REPAIR_COMMON")
    town.cadre()
    town.on_topic("redirect_topic", topic_id, reason="单户漏水")
    (said,) = town.bench.published("topic_redirected.v1")
    assert said["data"] == {
        "topic_id": topic_id,
        "community": COMMUNITY,
        "proposer": ANA,
        "title": "小院停车",
        "text": "小院车位不够，消防通道常被占用。",
        "grid": GRID,
        "category": "REPAIR_COMMON",
    }
    waits = town.resident().ask("my_messages")["items"][0]
    assert (waits["code"], "登记" in waits["text"]) == ("TOPIC_REDIRECTED", True)
    request = {"request_id": "req_1", "number": "SR-20250303-015901-00001"}
    for about in ({}, {"topic_id": topic_id}, {"topic_id": topic_id, "request_id": "req_2"}):
        town.bench.consume("steward", "request_submitted.v1", request | about, subject=f"r{about}")
    told = town.resident().ask("my_messages")["items"][0]
    assert (told["code"], told["ref"]) == ("TOPIC_REQUEST", "req_1")
    assert "SR-20250303-015901-00001" in told["text"]
    card = town.resident().ask("topic", {"topic_id": topic_id})
    assert card["request_number"] == "SR-20250303-015901-00001"
    assert "request_number" not in town.resident(BEN).ask("topic", {"topic_id": topic_id})
    town.bench.fire("2025-03-20T00:00:00")
    assert town.bench.rows("SELECT * FROM escalations") == []


def test_a_redirected_matter_that_nobody_registers_is_brought_up(town):
    topic_id = town.submit()
    town.cadre()
    town.on_topic("redirect_topic", topic_id, reason="单户漏水")
    town.bench.fire("2025-03-05T00:00:00")
    (missed,) = town.bench.rows("SELECT * FROM escalations")
    assert (missed["deadline"], missed["person_id"]) == ("topic_redirect", TEAM)


def test_a_matter_that_is_registered_already_is_named(town):
    topic_id = town.submit()
    town.cadre()
    town.on_topic("redirect_topic", topic_id, reason="单户漏水", request_id="req_7")
    assert town.resident().ask("my_messages")["items"][0]["code"] == "TOPIC_REDIRECTED_OWN"
    assert town.bench.published("topic_redirected.v1") == []


def test_a_matter_that_is_registered_is_named_by_its_number_to_who_raised_it(town):
    """H3-3: the text named an id, and who had signed was promised a number and never told one."""
    number = "SR-20250303-015901-00007"
    for event, more in (("submitted", {"number": number}), ("resolved", {})):
        request = {"request_id": "req_7"} | more
        town.bench.consume("steward", f"request_{event}.v1", request, subject=f"req_7 {event}")
    topic_id = town.submit()
    town.resident(BEN)
    town.bench.do("cosign_topic", {"topic_id": topic_id})
    town.cadre()
    town.on_topic("redirect_topic", topic_id, reason="单户漏水", request_id="req_7")
    told = town.resident().ask("my_messages")["items"][0]
    assert number in told["text"]
    assert "req_7" not in told["text"]
    assert town.resident().ask("topic", {"topic_id": topic_id})["request_number"] == number
    signed = town.resident(BEN).ask("my_messages")["items"][0]
    assert signed["code"] == "TOPIC_REDIRECTED_SIGNED"
    assert "编号" not in signed["text"]
    # The stewards find that it is not the proposer's, and register another one.
    anew = {"request_id": "req_8", "number": "SR-20250303-015901-00008", "topic_id": topic_id}
    town.bench.consume("steward", "request_submitted.v1", anew, subject="req_8")
    card = town.resident().ask("topic", {"topic_id": topic_id})
    assert card["request_number"] == "SR-20250303-015901-00008"


def test_messages_are_in_the_language_that_is_asked_for(town):
    """FP-D14: /forum/messages ignored Accept-Language."""
    town.submit()
    chinese = town.resident().ask("my_messages")["items"][0]["text"]
    english = town.resident().ask("my_messages", lang="en")["items"][0]["text"]
    assert chinese == "议题 YT-20250303-015901-00001 已收集"
    assert english.isascii()
    assert "YT-20250303-015901-00001" in english


def test_a_funnel_that_ends_before_it_begins_is_refused(town):
    """IN-B14."""
    with pytest.raises(Invalid):
        town.bench.ask("funnel", {"first": "2025-03", "last": "2025-01"})


@pytest.mark.parametrize("period", ["0000-01", "0001-01", "9999-12", "2025-13", "1999-12"])
def test_a_month_that_nobody_can_mean_is_refused(town, period):
    """SEC low 1: they were faults."""
    for question, body in (
        ("notices", {"period": period}),
        ("funnel", {"first": period}),
        ("funnel", {"first": "2025-01", "last": period}),
    ):
        with pytest.raises(Invalid):
            town.bench.ask(question, body)
