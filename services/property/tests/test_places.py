"""Which complaint is about which project, who learns what of it, and lists that stay quick."""

import pytest
import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis.fields import PartOfList
from fivered.chassis.refusal import Invalid, NotFound, StateConflict
from fivered.services.property import errors, rules
from fivered.services.property.storage import lists, tables
from fivered.services.property.views import ground

SUBMITTED = {"kind": "COMPLAINT", "category": "CLEANING", "grid": "370811015901001"}


def two_projects(town, *, buildings=(("1号楼", "2号楼"), ("11号楼", "12号楼"))):
    """Two compounds in one grid, with and without a list of their buildings."""
    for name, own in zip(("prj_a", "prj_b"), buildings, strict=True):
        town.found(name, manager="per_" + name, buildings=list(own))


def waiting(town):
    return town.cadre().ask("undecided_complaints")["items"]


def corrected(town, request="req_1", **more):
    town.bench.consume(
        "steward",
        "request_corrected.v1",
        SUBMITTED | {"request_id": request, "project_id": None} | more,
        subject=request,
        sequence=2,
    )


@pytest.mark.parametrize(
    ("kind", "category", "counts"),
    [
        ("COMPLAINT", "PROPERTY_SERVICE", True),
        ("COMPLAINT", "CLEANING", True),
        ("COMPLAINT", "LIFT", True),
        ("COMPLAINT", "MERCHANT_NUISANCE", False),
        ("COMPLAINT", "NOISE", False),
        ("COMPLAINT", "WATER", False),
        ("REPAIR", "LIFT", False),
        ("CONSULT", "PROPERTY_SERVICE", False),
    ],
)
def test_only_what_property_does_is_a_complaint_about_property(bench, town, kind, category, counts):
    """SP-D4: smoke of a barbecue was counted against the compound's project."""
    town.found()
    assert (town.complain(kind=kind, category=category) is not None) is counts
    assert waiting(town) == []
    assert len(bench.published("complaint_accepted.v1")) == counts


@pytest.mark.parametrize(
    ("building", "claimed", "project"),
    [
        ("1号楼2单元501", None, "prj_a"),
        ("１号楼", None, "prj_a"),
        ("11号楼", None, "prj_b"),
        ("12 号楼", "prj_a", "prj_b"),
        (None, "prj_b", "prj_b"),
        ("3号楼", None, None),
        (None, None, None),
    ],
)
def test_the_building_tells_which_of_two_projects_is_meant(bench, town, building, claimed, project):
    """SP-D5: where two projects serve a grid the complaint vanished."""
    two_projects(town)
    complaint = town.complain(project=claimed, building=building)
    if project is None:
        assert complaint is None
        (found,) = waiting(town)
        assert (found["request_id"], found["candidates"]) == ("req_1", ["prj_a", "prj_b"])
        return
    assert waiting(town) == []
    assert town.cadre().ask("complaint", {"complaint_id": complaint})["project_id"] == project


def test_a_complaint_without_a_project_waits_is_marked_late_and_is_given_one(bench, town):
    """SP-D5: nobody could set the project later."""
    two_projects(town, buildings=((), ()))
    bench.at("2025-03-03T10:00:00")
    town.complain(project=None, at="2025-03-02T20:00:00", by="wei")
    for _ in range(2):
        town.complain(project=None, at="2025-03-02T20:00:00", by="wei")
    (found,) = waiting(town)
    assert (found["state"], found["late"]) == ("WAITING", False)
    bench.fire("2025-03-06T00:00:00")
    assert town.cadre().ask("undecided_complaints", {"late": True})["total"] == 1
    town.enrol_cadre("per_wang")
    town.appoint("C2P", "per_wang", "PROJECT_DEPUTY_MANAGER", project="prj_b")
    town.found("prj_far", community="370811015902", grid="370811015902001")
    give = {"undecided_id": found["id"], "project_id": "prj_a"}
    version = 2
    with pytest.raises(errors.ConflictOfInterest):
        town.cadre("per_wang").do("decide_complaint_project", give, version=99)
    with pytest.raises(errors.SamePerson):
        town.cadre("per_wei").do("decide_complaint_project", give, version=99)
    with pytest.raises(NotFound):
        bench.as_("R_CADRE", person="per_f", scope="370811015902").do(
            "decide_complaint_project", give, version=99
        )
    with pytest.raises(errors.NotServing):
        town.cadre().do(
            "decide_complaint_project", give | {"project_id": "prj_far"}, version=version
        )
    made = town.cadre().do("decide_complaint_project", give, version=version)
    assert made["state"] == "ASSIGNED"
    card = town.cadre().ask("complaint", {"complaint_id": made["complaint_id"]})
    # It counts on the day on which it was filed.
    assert (card["project_id"], card["period"], card["filed_at"][:10]) == (
        "prj_a",
        "2025-03",
        "2025-03-02",
    )
    assert [event["data"]["project_id"] for event in bench.published("complaint_accepted.v1")] == [
        "prj_a"
    ]
    assert waiting(town) == []
    with pytest.raises(StateConflict):
        town.cadre().do("decide_complaint_project", give, version=version + 1)
    # Said again, it is still the one complaint.
    town.complain(project=None)
    assert waiting(town) == []


def test_a_complaint_that_is_about_no_project_is_closed_with_a_reason_that_is_told(bench, town):
    """SP-D5: whatever waits has a second exit."""
    town.complain(project=None, category="PROPERTY_SERVICE", by="wei")
    (found,) = waiting(town)
    none = {"undecided_id": found["id"]}
    with pytest.raises(errors.ReasonRequired):
        town.cadre().do("decide_complaint_project", none, version=1)
    reason = {"reason": "该楼栋没有物业服务"}
    town.cadre().do("decide_complaint_project", none | reason, version=1)
    told = bench.as_("R_RESIDENT", person="per_wei", scope=town.grid).ask("my_messages")["items"]
    assert [message["code"] for message in told] == ["DISMISSED", "UNDECIDED"]
    assert "该楼栋没有物业服务" in told[0]["text"]
    assert "该楼栋没有物业服务" in told[0]["text_en"]


def test_a_project_registered_later_takes_the_complaints_that_waited_for_it(bench, town):
    """SP-D5: never lost, also where the project was not registered yet."""
    town.complain(project=None, category="PROPERTY_SERVICE")
    assert len(waiting(town)) == 1
    town.found()
    assert waiting(town) == []
    assert [row["project_id"] for row in town.cadre().ask("complaints")["items"]] == ["prj_a"]


def test_a_building_belongs_to_one_project_of_its_grid(town):
    """SP-D5: two lists with one building would decide nothing."""
    town.found("prj_a", buildings=["3号楼"])
    with pytest.raises(errors.BuildingTaken):
        town.found("prj_b", buildings=["4号楼", "３号楼"])


def test_a_decision_in_our_own_words_stays_when_a_request_is_corrected(bench, town):
    """An official who wrote what a correction writes was overruled by the next one."""
    town.found()
    complaint = {"complaint_id": town.complain()}
    words = {"valid": False, "reason": "诉求类别或地点已更正,不属于物业投诉"}
    town.cadre().do("validate_complaint", complaint | words, version=1)
    corrected(town, category="PARKING")
    card = town.cadre().ask("complaint", complaint)
    assert (card["valid"], card["reason"]) == ("NO", words["reason"])


def test_a_corrected_request_moves_its_complaint_and_takes_it_out_of_the_rate(bench, town):
    """SP-D5: request_corrected.v1 is followed, and what was is not forgotten."""
    two_projects(town)
    complaint = {"complaint_id": town.complain(project=None, building="1号楼")}
    corrected(town, building="11号楼")
    card = town.cadre().ask("complaint", complaint)
    assert (card["project_id"], card["valid"]) == ("prj_b", "PENDING")
    corrected(town, building="11号楼", category="NOISE")
    card = town.cadre().ask("complaint", complaint)
    assert (card["valid"], card["reason"]) == ("NO", "诉求类别或地点已更正,不属于物业投诉")
    told = bench.as_("R_RESIDENT", person="per_res", scope=town.grid).ask("my_messages")["items"][0]
    assert told["text"].endswith("不属于物业投诉:诉求类别或地点已更正,不属于物业投诉")
    assert told["text_en"].endswith("property project: its category or its place was corrected")
    corrected(town, building="11号楼", category="PARKING")
    card = town.cadre().ask("complaint", complaint)
    assert (card["valid"], card["category"], card["reason"]) == ("PENDING", "PARKING", None)
    said = [
        (event["type"].split(".")[1], event["data"]["project_id"])
        for event in bench.published()
        if "complaint" in event["type"]
    ]
    assert said == [
        ("complaint_accepted", "prj_a"),
        ("complaint_invalidated", "prj_a"),
        ("complaint_accepted", "prj_b"),
        ("complaint_invalidated", "prj_b"),
        ("complaint_accepted", "prj_b"),
    ]
    # What was none becomes one; what waited is told apart by the corrected place.
    town.complain("req_2", category="NOISE", project=None)
    corrected(town, "req_2", building="2号楼", reporter_id="per_wei")
    town.complain("req_3", project=None)
    corrected(town, "req_3", building="12号楼")
    assert waiting(town) == []
    own = {row["request_id"]: row["project_id"] for row in town.cadre().ask("complaints")["items"]}
    assert own == {"req_1": "prj_b", "req_2": "prj_a", "req_3": "prj_b"}


def test_what_is_merged_into_a_complaint_that_property_placed_itself_counts_once(bench, town):
    """SP-D5: steward names no project where two serve the grid; the merged one still counts once."""
    two_projects(town)
    for name in ("req_1", "req_2"):
        town.complain(name, project=None, building="1号楼")
    bench.consume(
        "steward",
        "request_merged.v1",
        {
            "request_id": "req_1",
            "into": "req_2",
            "into_kind": "COMPLAINT",
            "into_category": "CLEANING",
            "into_project_id": None,
        },
        subject="req_1",
        sequence=2,
    )
    shown = {row["request_id"]: row["valid"] for row in town.cadre().ask("complaints")["items"]}
    assert shown == {"req_1": "NO", "req_2": "PENDING"}


# --------------------------------------------------------------------------------------------------
# What the complainant and the project's side learn


def test_the_complainant_sees_what_became_of_his_complaint_and_is_told(bench, town):
    """SP-D25: 403 for R_RESIDENT; neither validity nor reason reached him."""
    town.found()
    which = {"complaint_id": town.complain(by="wei")}
    other = town.complain("req_2", by="other")
    reason = "现场核实,并非物业职责"
    town.cadre().do("validate_complaint", which | {"valid": False, "reason": reason}, version=1)
    town.cadre().do("close_complaint", which | {"outcome": "已向反映人说明"}, version=2)
    wei = bench.as_("R_RESIDENT", person="per_wei", scope=town.grid)
    (mine,) = wei.ask("complaints")["items"]
    assert (mine["id"], mine["request_id"], mine["valid"]) == (
        which["complaint_id"],
        "req_1",
        "NO",
    )
    card = wei.ask("complaint", which)
    assert (card["reason"], card["outcome"], card["state"]) == (reason, "已向反映人说明", "CLOSED")
    assert [row["what"] for row in card["history"]] == ["FILED", "VALID_NO", "CLOSED"]
    assert not {"decided_by", "complainant_id"} & set(card)
    assert not any("actor" in row for row in card["history"])
    told = wei.ask("my_messages")["items"]
    assert [message["code"] for message in told] == ["CLOSED", "VALID_NO", "FILED"]
    assert reason in told[1]["text"]
    with pytest.raises(NotFound):
        wei.ask("complaint", {"complaint_id": other})
    assert wei.ask("complaints", {"scope": town.community})["total"] == 1


def test_nothing_that_the_projects_side_reads_names_the_request_or_who_complained(bench, town):
    """SP-D28, SEC low 10: the complaint's id was the request's, and an order told its number."""
    town.found()
    uuid = "01954f2c-0000-7000-8000-000000000001"
    complaint = town.complain(f"req_{uuid}", by="wei")
    assert uuid not in complaint
    town.complain("req_2")
    bench.consume(
        "steward",
        "request_reopened.v1",
        {"request_id": f"req_{uuid}", "reopen_count": 1},
        subject=f"req_{uuid}",
        sequence=2,
    )
    town.cadre().do(
        "validate_complaint",
        {"complaint_id": complaint, "valid": True, "reason": "现场核实,属实"},
        version=2,
    )
    bench.consume(
        "steward",
        "request_merged.v1",
        {
            "request_id": "req_2",
            "into": f"req_{uuid}",
            "into_kind": "COMPLAINT",
            "into_category": "CLEANING",
            "into_project_id": "prj_a",
        },
        subject="req_2",
        sequence=3,
    )
    for who in (town.manager, town.company):
        (order,) = who().ask("rectifications")["items"]
        seen = [
            order,
            who().ask("rectification", {"rectification_id": order["id"]}),
            who().ask("complaint", {"complaint_id": complaint}),
            who().ask("complaint", {"complaint_id": town.complaint_of("req_2")}),
            who().ask("complaints"),
            who().ask("complaints", {"request_id": "req_2"}),
        ]
        for secret in (uuid, "SR-20250303", "per_wei"):
            assert secret not in str(seen), secret
        assert who().ask("complaints", {"request_id": "req_2"})["total"] == 2


# --------------------------------------------------------------------------------------------------
# Lists


def test_lists_run_both_ways_newest_first_with_their_total(bench, town):
    """K16: oldest first, one way only, without a count."""
    town.found()
    for number in range(7):
        bench.at(f"2025-03-03T10:{number:02d}:00")
        town.complain(f"req_{number}")
    town.street_clerk()
    pages, cursor = [], None
    while True:
        page = bench.ask("complaints", {"limit": 3} | ({"cursor": cursor} if cursor else {}))
        pages.append(page)
        cursor = page["next"]
        if cursor is None:
            break

    def ids(page):
        return [row["request_id"] for row in page["items"]]

    assert [ids(page) for page in pages] == [
        ["req_6", "req_5", "req_4"],
        ["req_3", "req_2", "req_1"],
        ["req_0"],
    ]
    assert {page["total"] for page in pages} == {7}
    assert pages[0]["previous"] is None
    back = bench.ask("complaints", {"limit": 3, "cursor": pages[2]["previous"]})
    assert ids(back) == ids(pages[1])
    first = bench.ask("complaints", {"limit": 3, "cursor": back["previous"]})
    assert (ids(first), first["previous"]) == (ids(pages[0]), None)
    assert first["prev"] is None
    assert back["prev"] == back["previous"]
    assert ids(bench.ask("complaints", {"limit": 3, "cursor": first["next"]})) == ids(pages[1])
    with pytest.raises(Invalid) as refused:
        bench.ask("complaints", {"limit": 3, "cursor": first["next"], "valid": "YES"})
    assert refused.value.field == "cursor"
    assert ids(bench.ask("complaints", {"order": "OLDEST", "limit": 2})) == ["req_0", "req_1"]


@pytest.mark.parametrize("table", ["complaints", "rectifications"])
@pytest.mark.parametrize("scope", ["370811015901", "370811"])
def test_a_page_is_read_by_an_index_and_never_by_the_whole_table(bench, town, table, scope):
    """K16: EXPLAIN said SCAN."""
    chosen = tables.metadata.tables[table]
    seen = []
    with bench.transaction() as tx:
        if tx.conn.dialect.name == "postgresql":
            # A table of no rows is always read whole there; ask what it does with many.
            tx.conn.execute(sa.text("SET LOCAL enable_seqscan = off"))

        def explained(conn, clauseelement, multiparams, params, _options):
            del multiparams, params
            compiled = clauseelement.compile(conn, compile_kwargs={"literal_binds": True})
            word = "EXPLAIN" if conn.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            if " LIMIT " in str(compiled):
                for row in conn.exec_driver_sql(f"{word} {compiled}"):
                    seen.append(str(row[-1]))

        sa.event.listen(tx.conn, "before_execute", explained)
        for more in (
            {"scope": scope},
            {"project_id": "prj_a"},
            {"scope": scope, "state": "OVERDUE"},
        ):
            by = (chosen.c.created_at, records.key_of(chosen))
            beside = records.Window(PartOfList(), by, newest_first=True).cursor(
                {by[0]: tx.now, by[1]: "x"}, back=False
            )
            asked = PartOfList(cursor=beside)
            ground.part(tx, chosen, lists.conditions(chosen, **more), asked, oldest_first=False)
        sa.event.remove(tx.conn, "before_execute", explained)
    assert seen
    whole = [line for line in seen if f"Seq Scan on {table}" in line or line == f"SCAN {table}"]
    assert whole == [], seen


def test_every_category_of_property_is_one_that_steward_knows():
    """SP-D4: a category that nobody can choose would count nothing."""
    assert len(set(rules.PROPERTY_CATEGORIES)) == 7
