"""Lists go on and back without a scan; the board empties itself; what is nobody's business stays."""

import pytest
import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.fields import PartOfList
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied
from fivered.services.forum import errors, views
from fivered.services.forum.storage import tables
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    CAI,
    COMMUNITY,
    GRID,
    NEXT_GRID,
    OTHER_COMMUNITY,
    STREET,
    WORKER,
)

pytestmark = pytest.mark.slow


def walk(ask, method, body, limit):
    """Every page to the end, then back to the beginning, by ids."""
    there, back, cursor = [], [], None
    while True:
        page = ask(method, body | {"limit": limit} | ({"cursor": cursor} if cursor else {}))
        there.append([item["id"] for item in page["items"]])
        if page["next"] is None:
            break
        cursor = page["next"]
    while page["prev"] is not None:
        page = ask(method, body | {"limit": limit, "cursor": page["prev"]})
        back.append([item["id"] for item in page["items"]])
    return there, back


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_a_list_is_read_to_its_end_and_back(town, limit):
    for n in range(7):
        town.submit(title=f"议题{n}号")
    for method, body in (("topic_wall", {}), ("my_messages", {}), ("officials", {})):
        there, back = walk(town.resident().ask, method, body, limit)
        ids = [one for page in there for one in page]
        assert len(ids) == len(set(ids))
        assert back == there[-2::-1]
        assert town.bench.ask(method, body | {"limit": 200})["prev"] is None


@pytest.mark.parametrize("cursor", ["x", "~", "~~", "AAAA", "~MjAyNS0wMy0wMw=="])
def test_a_cursor_that_is_none_of_ours_is_refused(town, cursor):
    with pytest.raises(Invalid):
        town.resident().ask("topic_wall", {"cursor": cursor})


def plans(town, ask):
    """What the database does for each statement on a large table that a question sends."""
    heard = []

    def note(_conn, _cursor, statement, parameters, *_rest):
        if statement.startswith("SELECT") and "created_at" in statement:
            heard.append((statement, parameters))

    engine = town.bench.runtime.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as conn:
        word = "EXPLAIN QUERY PLAN"
        if conn.dialect.name != "sqlite":
            word = "EXPLAIN"
            # Of tables with a few rows the plan is told for many.
            conn.exec_driver_sql("SET enable_seqscan = off")
        return [
            str(row[-1])
            for statement, parameters in heard
            for row in conn.exec_driver_sql(f"{word} {statement}", parameters)
        ]


@pytest.mark.parametrize(
    ("method", "body", "question", "table"),
    [
        ("topic_wall", {"scope": COMMUNITY}, views.topics.TopicsAsked, tables.topics),
        ("topic_wall", {"mine": True}, views.topics.TopicsAsked, tables.topics),
        ("task_ledger", {"scope": COMMUNITY}, views.tasks.TasksAsked, tables.tasks),
        ("task_ledger", {"responsible_id": "prj_huoju"}, views.tasks.TasksAsked, tables.tasks),
        ("session_list", {"scope": STREET}, views.sessions.SessionsAsked, tables.sessions),
        ("notices", {"scope": COMMUNITY}, views.opinions.NoticesAsked, tables.opinions),
        (
            "escalations",
            {"scope": COMMUNITY},
            views.escalations.EscalationsAsked,
            tables.escalations,
        ),
        ("my_messages", {}, PartOfList, tables.messages),
        ("my_invitations", {}, PartOfList, tables.invitations),
    ],
)
def test_no_list_reads_a_whole_table(town, method, body, question, table):
    """K16: LIKE with ESCAPE used no index."""
    by = (table.c.created_at, records.key_of(table))
    window = records.Window(question(**body), by, newest_first=method != "task_ledger")
    behind = window.cursor({by[0]: town.bench.now, by[1]: "yt_1"}, back=False)
    for cursor in (None, behind):
        asked = body | ({"cursor": cursor} if cursor else {})
        found = plans(town, lambda asked=asked: town.secretary().ask(method, asked))
        assert found
        scans = [
            line
            for line in found
            if "Seq Scan" in line or (line.startswith("SCAN") and "INDEX" not in line)
        ]
        assert scans == []


def test_where_a_household_lives_is_for_its_people_and_the_staff_of_the_place(town):
    """SEC-M6: anybody in the district found the grid of a household."""
    town.live("per_dan", household="hh_7")
    town.official("per_special", "GRID_WORKER", GRID, "off_special")
    town.link("off_special", "HOUSEHOLD", "hh_7")
    unknown = town.resident(BEN).ask("chain", {"target": "hh_8"})
    for role, person, scope in (
        ("R_PARTNER", "per_x", COMMUNITY),
        ("R_RESIDENT", BEN, GRID),
        ("R_CADRE", "per_y", OTHER_COMMUNITY),
    ):
        stranger = town.bench.as_(role, person=person, scope=scope)
        seen = stranger.ask("chain", {"target": "hh_7"})
        assert str(seen).replace("hh_7", "hh_8") == str(unknown)
        links = stranger.ask("liaisons", {"official_id": "off_special"})["items"]
        covered = stranger.ask("coverage", {"scope": GRID})
        assert "hh_7" not in str(links) + str(covered)
    for enter in (lambda: town.resident("per_dan"), town.cadre, town.district):
        assert enter().ask("chain", {"target": "hh_7"})["grid"] == GRID
    assert town.cadre().ask("liaisons", {"official_id": "off_special"})["items"]
    assert WORKER in str(town.resident(BEN).ask("chain", {"target": GRID}))


def test_who_answers_for_whom_is_read_in_the_district(town):
    """K15: people of any district read the ids of this one's officials and deputies."""
    town.officials()
    town.deputy()
    questions = (("officials", {"scope": COMMUNITY[:6]}), ("liaisons", {"scope": COMMUNITY[:6]}),
                 ("deputies", {}), ("chain", {"target": GRID}))  # fmt: skip
    for question, body in questions:
        assert "'per_" in str(town.resident(BEN).ask(question, body)), question
        stranger = town.bench.as_("R_RESIDENT", person="per_x", scope="370802001001001")
        assert "'per_" not in str(stranger.ask(question, body)), question


def test_an_opinion_comes_down_by_itself(town):
    """FP-D14, K9: opinions of 2025 were still public in 2027."""
    topic_id = town.resolved()
    anybody = town.bench.as_("R_ANONYMOUS", person="", scope="")
    (notice,) = anybody.ask("notices", {})["items"]
    town.bench.at("2025-04-11T23:59:00")
    assert len(anybody.ask("notices", {})["items"]) == 1
    town.bench.at("2025-04-12T00:01:00")
    assert anybody.ask("notices", {})["items"] == []
    assert anybody.ask("notices", {"period": "2025-03"})["items"] == []
    with pytest.raises(NotFound):
        anybody.ask("notice", {"notice_id": notice["id"]})
    assert town.secretary().ask("notice", {"notice_id": notice["id"]})["id"] == notice["id"]
    assert len(town.secretary().ask("notices", {"period": "2025-03"})["items"]) == 1
    assert town.resident().ask("topic", {"topic_id": topic_id})["opinion"]["state"] == "EFFECTIVE"


def test_an_opinion_that_was_objected_to_stays_up_until_it_has_had_effect(town):
    topic_id = town.publicised()
    body = {"topic_id": topic_id, "text": "堵住门口", "directly_affected": True}
    town.resident(ANA).do("object_to_opinion", body)
    town.bench.at("2025-06-10T00:00:00")
    assert len(town.bench.ask("notices", {})["items"]) == 1


def test_staff_enter_nobody_for_the_draw_without_his_signature(town):
    """SEC low 5: a cadre opted a resident in without asking."""
    paper = {"person_id": CAI, "receipt": "同意书 2025-03"}
    with pytest.raises(errors.ReceiptRequired):
        town.cadre().do("opt_in", {"person_id": CAI})
    assert town.cadre().do("opt_in", paper)["state"] == "ENTERED"
    assert town.cadre().do("opt_in", paper)["state"] == "ENTERED"
    assert town.resident(CAI).ask("my_messages")["items"][0]["code"] == "DRAW_ENTERED"
    town.adopt(town.submit())
    topic_id = town.adopted(BEN)

    def drawn(start):
        session_id = town.schedule(topic_id, start, auto=True, invitees=[])
        rows = town.bench.rows(
            "SELECT person_id FROM invitations WHERE session_id = :s AND via = 'DRAW'", s=session_id
        )
        town.on_session("cancel_session", session_id, reason="试")
        return [row["person_id"] for row in rows]

    town.resident(ANA).do("opt_in", {})
    assert drawn("2025-03-07T19:00:00+08:00") == [ANA]
    assert town.secretary().do("opt_in", paper)["state"] == "OPTED_IN"
    assert sorted(drawn("2025-03-08T19:00:00+08:00")) == sorted([ANA, CAI])
    town.resident(CAI).do("opt_out", {})
    with pytest.raises(errors.LeftHimself):
        town.cadre().do("opt_in", paper)
    assert town.resident(CAI).do("opt_in", {})["state"] == "OPTED_IN"


def test_cards_of_a_grid_without_staff_rights_name_no_household(town):
    town.live("per_dan", grid=NEXT_GRID, household="hh_9")
    shown = town.resident().ask("coverage", {"scope": COMMUNITY})
    assert "hh_9" not in str(shown)
    # Nor how many, where they are few.
    assert shown["tiers"][-1]["few"] == ["covered", "rate", "targets"]
    assert "few" not in town.cadre(CADRE).ask("coverage", {"scope": COMMUNITY})["tiers"][-1]
    assert "hh_9" in str(town.cadre(CADRE).ask("coverage", {"scope": COMMUNITY}))


def test_who_agreed_to_be_drawn_is_listed_to_the_staff_of_his_place_and_to_himself(town):
    """OP-M2: an agreement could be made and never be seen again."""
    for person in (ANA, BEN):
        town.resident(person).do("opt_in", {})
    town.resident(BEN).do("opt_out", {})
    town.cadre().do("opt_in", {"person_id": CAI, "receipt": "同意书 2025-03"})
    there, back = walk(town.cadre().ask, "opt_ins", {}, 1)
    assert sorted(there) == sorted([[ANA], [BEN], [CAI]])
    assert back == there[-2::-1]
    states = {item["id"]: item["state"] for item in town.cadre().ask("opt_ins")["items"]}
    assert states == {ANA: "OPTED_IN", BEN: "OPTED_OUT", CAI: "ENTERED"}
    for person, state in states.items():
        found = town.cadre().ask("opt_ins", {"state": state})["items"]
        assert [one["id"] for one in found] == [person]
    assert [one["id"] for one in town.resident(ANA).ask("opt_ins")["items"]] == [ANA]
    with pytest.raises(RoleDenied):
        town.resident(ANA).ask("opt_ins", {"scope": COMMUNITY})
    elsewhere = town.bench.as_("R_CADRE", person="per_x", scope=OTHER_COMMUNITY)
    assert elsewhere.ask("opt_ins")["items"] == []
    with pytest.raises(RoleDenied):
        elsewhere.ask("opt_ins", {"scope": COMMUNITY})


def test_what_supervisors_found_is_listed_to_staff_and_to_who_found_it(town):
    """OP-M2"""
    _topic_id, (task_id,) = town.implementing()
    town.bench.at("2025-03-20T10:00:00")
    town.watch(task_id)
    (found,) = town.cadre().ask("supervisions")["items"]
    assert (found["task_id"], found["person_id"], found["finding"]) == (task_id, BEN, "进度正常")
    worker = town.bench.as_("R_GRID", person=WORKER, scope=GRID)
    assert [one["id"] for one in worker.ask("supervisions")["items"]] == [found["id"]]
    assert town.cadre().ask("supervisions", {"task_id": "tsk_none"})["items"] == []
    assert [one["id"] for one in town.resident(BEN).ask("supervisions")["items"]] == [found["id"]]
    assert town.resident(ANA).ask("supervisions", {"task_id": task_id})["items"] == []
    elsewhere = town.bench.as_("R_CADRE", person="per_x", scope=OTHER_COMMUNITY)
    assert elsewhere.ask("supervisions")["items"] == []
    with pytest.raises(RoleDenied):
        elsewhere.ask("supervisions", {"scope": COMMUNITY})
