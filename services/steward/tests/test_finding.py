"""Somebody who calls is found by name, initials, number or household, by who may, and never unseen.

SP-D15, OP-B4: who takes a call finds the caller.
"""

import dataclasses
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from fivered.chassis.bus import Call
from fivered.chassis.refusal import Invalid, RoleDenied
from fivered.services.steward import errors, rules, storage
from fivered.services.steward.actions import announcing
from fivered.services.steward.service import Steward
from fivered.services.steward.storage.tables import person_digests, persons
from fivered.services.steward.tests.ground import (
    CADRE,
    CHEN,
    COMMUNITY,
    GRID,
    GRID_2,
    GRID_WORKER,
    IDS,
    LI,
    OTHER_CADRE,
    STREET_SCOPE,
    STW_GRID,
    WANG,
    Ground,
    person_id,
)
from testkit.bench import database_url, open_bench  # noqa: F401

SHAN, NAMESAKE, LONG = person_id(51), person_id(52), person_id(53)
ELSEWHERE = "370811015902"
ELSEWHERE_GRID = "370811015902001"
LONG_NAME = "阿依古丽·买买提"


def peopled(bench):
    """People whose names are read in several ways, are long, or are alike."""
    ground = Ground(bench)
    district = bench.as_("R_DISTRICT")
    district.do("define_area", {"code": ELSEWHERE, "name": "夏园社区", "kind": "COMMUNITY"})
    district.do("define_area", {"code": ELSEWHERE_GRID, "name": "夏园网格", "kind": "GRID"})
    ground.person(SHAN, "单小曾", grid=GRID, household_id="hh_shan")
    ground.person(NAMESAKE, "王晓莉", grid=GRID_2)
    ground.person(LONG, LONG_NAME, grid=GRID, household_id="hh_shan")


@pytest.fixture
def known(ground):
    return ground.staged(peopled)


def search(ground, role="R_CADRE", scope=COMMUNITY, *, who=CADRE, key=None, **body):
    return ground.by(who, role, scope).do("find_people", body, key=key)


def ids(ground, *args, **body):
    return [one["person_id"] for one in search(ground, *args, **body)["items"]]


def test_a_person_is_found_by_each_way_to_ask(known):
    """SP-D15, OP-B4; polyphones are found by each reading."""
    for body, found in (
        ({"name": "王小丽"}, [WANG]),
        ({"name": "王 小丽"}, [WANG]),
        ({"name": "王小"}, []),
        ({"initials": "wxl"}, [WANG, NAMESAKE]),
        ({"initials": "W.X.L."}, [WANG, NAMESAKE]),
        ({"initials": "wx"}, []),
        # 单 is read shàn, dān or chán, 曾 zēng or céng.
        *(({"initials": one}, [SHAN]) for one in ("sxz", "dxz", "cxc", "sxc")),
        ({"initials": "sxq"}, []),
        ({"initials": "ayglmmt"}, [LONG]),
        ({"initials": "aygl"}, []),
        ({"name": LONG_NAME.replace("·", "•")}, [LONG]),
        ({"phone": "128-1234-5678"}, [WANG]),
        ({"id_no": IDS["LI"]}, [LI]),
        ({"household_id": "hh_shan"}, [SHAN, LONG]),
        ({"household_id": "hh_none"}, []),
    ):
        assert ids(known, **body) == found, body
    (card,) = search(known, name="王小丽")["items"]
    assert (card["name"], card["phone"], card["grid"]) == ("王小丽", "128****5678", GRID)


def test_family_names_are_found_as_they_are_read():
    """Each is read otherwise as a family name than elsewhere."""
    for name, letters in (
        ("单", "s"), ("曾", "z"), ("解", "x"), ("仇", "q"), ("查", "z"), ("区", "o"), ("朴", "p"),
        ("尉迟", "yc"), ("万俟", "mq"), ("盖", "g"), ("翟", "z"), ("种", "c"), ("员", "y"),
        ("繁", "p"), ("黑", "h"), ("缪", "m"), ("乐", "y"), ("长孙", "zs"), ("薄", "b"),
    ):  # fmt: skip
        assert rules.pinyin.stand_for(f"{letters}ml", f"{name}明丽"), name
        assert f"{letters}ml"[: rules.pinyin.KEPT] in rules.pinyin.kept(f"{name}明丽"), name
    assert not rules.pinyin.stand_for("bml", "王明丽")


def test_who_searches_finds_the_people_of_their_own_area(known):
    """The next grid, the next community and another street find nobody; above, names are masked."""
    for role, scope, found in (
        ("R_GRID", GRID, [WANG]),
        ("R_GRID", GRID_2, []),
        ("R_SECRETARY", COMMUNITY, [WANG]),
        ("R_CADRE", ELSEWHERE, []),
        ("R_STREET", STREET_SCOPE, [WANG]),
        ("R_STREET", "370811016", []),
        ("R_DISTRICT", "370811", [WANG]),
    ):
        for body in ({"name": "王小丽"}, {"phone": "12812345678"}):
            assert ids(known, role, scope, **body) == found, (role, scope)
    (masked,) = search(known, "R_STREET", STREET_SCOPE, name="王小丽")["items"]
    assert (masked["name"], "phone" in masked) == ("王*丽", False)
    # Who lives in no grid is found where the registration lies.
    assert ids(known, "R_DISTRICT", "370811", name="欧阳明德") == [GRID_WORKER]
    assert ids(known, name="欧阳明德") == []
    for role, scope in (("R_STREET", STREET_SCOPE), ("R_DISTRICT", "370811")):
        with pytest.raises(RoleDenied) as refused:
            search(known, role, scope, initials="wxl")
        assert refused.value.field == "initials"
        assert "社区" in str(refused.value.describe())
    for role in ("R_RESIDENT", "R_STEWARD", "R_PM", "R_PARTNER", "R_MERCHANT", "R_OWNERS",
                 "R_DEPUTY", "R_AUDITOR", "R_STREET_LEAD", "R_DISTRICT_LEAD"):  # fmt: skip
        with pytest.raises(RoleDenied):
            search(known, role, COMMUNITY, name="王小丽")


@pytest.mark.parametrize(
    ("body", "refusal", "field"),
    [
        ({}, Invalid, "name"),
        ({"name": "王小丽", "initials": "wxl"}, Invalid, "initials"),
        ({"name": "Wang"}, errors.BadName, "name"),
        ({"initials": "王"}, errors.BadInitials, "initials"),
        ({"initials": "w"}, errors.BadInitials, "initials"),
        ({"household_id": ""}, Invalid, "household_id"),
        *(({"phone": one}, errors.BadPhone, "phone") for one in ("abc", "", "1281234567")),
        *(
            ({"id_no": one}, errors.BadIdNumber, "id_no")
            for one in ("3708991981010177x0", "", "370811198001010012")
        ),
    ],
)
def test_what_nobody_can_be_found_by_is_refused(known, body, refusal, field):
    with pytest.raises(refusal) as refused:
        search(known, **body)
    assert refused.value.field == field


def test_a_grid_worker_whose_post_is_suspended_finds_nobody(known):
    """SEC-C1: a token outlives its post."""
    known.staff()
    assert ids(known, "R_GRID", GRID, who=GRID_WORKER, name="王小丽") == [WANG]
    known.cadre().do("suspend_steward", {"steward_id": STW_GRID, "reason": "停职"}, version=1)
    with pytest.raises(errors.CallerNotServing):
        search(known, "R_GRID", GRID, who=GRID_WORKER, name="王小丽")


def test_twenty_are_shown_and_it_is_said_that_there_are_more(known):
    lines = [{"person_id": person_id(200 + n), "name": "赵大明", "synthetic": True, "grid": GRID}
             for n in range(21)]  # fmt: skip
    known.cadre().do("register_people", {"people": lines[:20]})
    whole = search(known, name="赵大明")
    assert (whole["found"], whole["more"], "more_zh" in whole) == (20, False, False)
    known.cadre().do("register_people", {"people": lines[20:]})
    for body in ({"name": "赵大明"}, {"initials": "zdm"}):
        cut = search(known, **body)
        assert (len(cut["items"]), cut["found"], cut["more"]) == (20, 20, True)
        assert "超过 20 人" in cut["more_zh"]
        assert "More than 20" in cut["more_en"]


def test_each_search_is_noted_and_who_was_found_reads_it(known):
    """Who, when, by what, how many; and not what was asked."""
    search(known, initials="wxl")
    search(known, name="郑无名")
    search(known, household_id="hh_shan")
    reads = known.bench.as_("R_AUDITOR").ask("person_reads", {})["items"]
    noted = [
        (one["actor_id"], one["why"], one["found"], one["person_id"])
        for one in reads
        if one["door"] == "find_people"
    ]
    assert noted == [
        (CADRE, "HOUSEHOLD_ID", 2, LONG),
        (CADRE, "HOUSEHOLD_ID", 2, SHAN),
        (CADRE, "NAME", 0, None),
        (CADRE, "INITIALS", 2, NAMESAKE),
        (CADRE, "INITIALS", 2, WANG),
    ]
    (own,) = known.by(WANG, "R_RESIDENT", COMMUNITY).ask("person_reads", {})["items"]
    assert (own["why_zh"], own["office"]) == ("按姓名首字母查找", "春晖社区")
    assert own["why_en"] == "asked for the initials of a name"
    assert "actor_id" not in own


def test_what_was_asked_and_found_stands_in_no_table_or_log(known, caplog):
    """The reply is kept under its key for 30 days, and the database may be stolen."""
    caplog.set_level(logging.DEBUG)
    first = search(known, name="王小丽", key="k1")
    assert search(known, name="王小丽", key="k1") == first
    search(known, initials="ayglmmt")
    (kept,) = known.bench.rows("select reply from idempotency where key = 'k1'")
    assert "items" not in str(kept)
    for table in Steward.tables.tables:
        raw = str(known.bench.rows(f"select * from {table}"))
        for secret in ("王小丽", "\\u738b", "ayglm", "阿依古丽"):
            assert secret not in raw, (table, secret)
    assert "王小丽" not in caplog.text
    assert "ayglm" not in caplog.text


def test_one_is_found_by_the_name_and_in_the_place_of_today(known):
    """Corrected, moved, gone and back, merged: never by what was."""
    fix = {"person_id": WANG, "name": "仇小莉", "reason": "姓名写错"}
    known.cadre().do("correct_person", fix, version=1)
    assert ids(known, name="王小丽") == []
    assert ids(known, initials="wxl") == [NAMESAKE]
    assert ids(known, name="仇小莉") == ids(known, initials="qxl") == [WANG]

    away = {"person_id": WANG, "to_grid": ELSEWHERE_GRID}
    known.by(CADRE, "R_STREET", STREET_SCOPE).do("move_person", away, version=2)
    there = ("R_CADRE", ELSEWHERE)
    assert ids(known, initials="qxl") == []
    assert ids(known, *there, initials="qxl") == ids(known, *there, name="仇小莉") == [WANG]

    gone = {"person_id": WANG, "reason": "MOVED_OUT"}
    known.by(CADRE, *there).do("deactivate_person", gone, version=3)
    (card,) = search(known, *there, name="仇小莉")["items"]
    assert card["status"] == "MOVED_OUT"
    back = {"person_id": WANG, "grid": GRID, "reason": "迁回"}
    known.by(CADRE, "R_STREET", STREET_SCOPE).do("return_person", back, version=4)
    assert ids(known, *there, name="仇小莉") == []
    assert ids(known, initials="qxl") == [WANG]

    known.person(CHEN, "仇小莉")
    stays = known.by(CADRE, "R_DISTRICT", "370811").do(
        "propose_merge", {"person_id": WANG, "into": CHEN, "reason": "同一人"}, version=5
    )
    known.by(OTHER_CADRE, "R_DISTRICT", "370811").do(
        "decide_merge", {"merge_id": stays["id"], "confirmed": True}, version=1
    )
    assert ids(known, name="仇小莉") == ids(known, initials="qxl") == [CHEN]
    _require_whole(known)


def _require_whole(ground):
    """Everybody is found by the digests of today's name and area, and nobody by another one."""
    with ground.bench.transaction() as tx:
        vault = storage.vault(tx)
        wanted = {
            (digest, row.person_id)
            for row in tx.conn.execute(persons.select().where(persons.c.status != "MERGED"))
            for digest in storage.finding.digests_of(vault, row)
        }
        assert {tuple(row) for row in tx.conn.execute(person_digests.select())} == wanted
    assert wanted


def test_who_comes_with_a_file_is_found_by_name(database_url, tmp_path):  # noqa: F811
    settings = {"FIVERED_SYNTHETIC": "1", "FIVERED_BLOBS": str(tmp_path / "blobs")}
    opened = open_bench(Steward, database_url, **settings)
    ground = Ground(opened).begin()
    head = "person_id,name,phone,id_no,birth_year,grid,household_id,synthetic\n"
    result = opened.load("people", f"{head}{SHAN},单小曾,,,1980,{GRID},,true\n")
    assert result["created"] == 1
    assert ids(ground, initials="sxz") == [SHAN]
    # A file of this release may say where they live; one of the release before need not.
    head = head.replace("household_id", "household_id,building,unit,room")
    opened.as_("R_DISTRICT")
    result = opened.load("people", f"{head}{SHAN},单小曾,,,1980,{GRID},,3号楼,2单元,502,true\n")
    assert (result["unchanged"], result["refused"]) == (1, 0)
    assert ids(ground, building="3", room="502") == [SHAN]
    opened.runtime.close()


def test_who_was_registered_before_is_found_by_name_after_an_upgrade(known, monkeypatch):
    """Names are sealed, and a migration has no keys: a timer does it, in parts, and once more for
    what the release before wrote meanwhile."""
    monkeypatch.setattr(announcing, "_PART", 3)
    with known.bench.transaction() as tx:
        tx.conn.execute(person_digests.delete())
        tx.arm("FIND_BY_NAME", "1", tx.now)
    assert ids(known, initials="wxl") == []
    known.bench.fire(known.bench.now)
    assert ids(known, initials="wxl") == [WANG, NAMESAKE]
    _require_whole(known)
    with known.bench.transaction() as tx:
        vault = storage.vault(tx)
        renamed = persons.update().where(persons.c.person_id == WANG)
        tx.conn.execute(renamed.values(name=vault.seal("仇小莉", f"{WANG}.name")))
    # By the former name nobody is found at once, by the new one after a day.
    assert ids(known, initials="wxl") == [NAMESAKE]
    assert ids(known, initials="qxl") == []
    known.bench.fire("2025-03-04T09:00:00")
    assert ids(known, initials="qxl") == [WANG]
    _require_whole(known)
    assert known.bench.rows("select ref from timers where kind = 'FIND_BY_NAME'") == []


def test_an_intake_of_the_area_is_told_whom_the_number_names(known):
    """SP-D15, OP-B4: id and masked name; elsewhere, and for other roles, only that there is one."""
    number = {"name": "王小丽", "synthetic": True, "id_no": IDS["WANG"]}
    with pytest.raises(errors.PersonExists) as told:
        known.cadre().do("register_person", number)
    assert told.value.params == {"who": f" (王*丽, {WANG})", "person_id": WANG, "name": "王*丽"}
    with pytest.raises(errors.PersonExists) as untold:
        known.by(CADRE, "R_CADRE", ELSEWHERE).do("register_person", number)
    assert untold.value.params == {"who": ""}
    with pytest.raises(RoleDenied):
        known.by(CADRE, "R_PM", COMMUNITY).do("register_person", number)
    # The answer to a list is kept under its key, and holds no name.
    (line,) = known.cadre().do("register_people", {"people": [number]}, key="list")["items"]
    assert (line["result"], line["person_id"]) == ("PERSON_EXISTS", WANG)
    assert "王" not in str(known.bench.rows("select reply from idempotency where key = 'list'"))
    assert "王" not in str(line)


# --------------------------------------------------------------------------------------------------
# Where somebody lives

HOME = {"building": "3号楼", "unit": "2单元", "room": "502"}


def home_of(ground, who=WANG, role="R_CADRE", scope=COMMUNITY):
    return ground.by(CADRE, role, scope).ask("person", {"person_id": who}).get("dwelling")


def lives(ground, version, who=WANG, **where):
    order = {"person_id": who, "reason": "登记住处"} | where
    return ground.cadre().do("correct_person", order, version=version)


def test_who_lives_at_a_place_is_found_there(known):
    """DOMAIN 1.1, SP-D15: by building, unit and room, as people write them."""
    lives(known, 1, **HOME)
    lives(known, 1, SHAN, building="3栋", unit="2", room="501")
    lives(known, 1, LONG, building="3#", room="502室")
    for body, found in (
        ({"building": "3号楼"}, [WANG, SHAN, LONG]),
        ({"building": " 3 "}, [WANG, SHAN, LONG]),
        ({"building": "3栋", "unit": "2"}, [WANG, SHAN]),
        ({"building": "3", "unit": "２单元", "room": "502室"}, [WANG]),
        ({"building": "3", "room": "502"}, [WANG, LONG]),
        ({"building": "13号楼"}, []),
        ({"building": "3", "unit": "1"}, []),
    ):
        assert ids(known, **body) == found, body
    assert ids(known, "R_GRID", GRID, who=GRID_WORKER, building="3") == [WANG, SHAN, LONG]
    assert ids(known, "R_GRID", GRID_2, building="3") == []
    assert ids(known, "R_CADRE", ELSEWHERE, building="3") == []
    for role, scope in (("R_STREET", STREET_SCOPE), ("R_DISTRICT", "370811")):
        with pytest.raises(RoleDenied) as refused:
            search(known, role, scope, building="3")
        assert refused.value.field == "building"
    for body, refusal in (
        ({"unit": "2"}, errors.BuildingNeeded),
        ({"building": "3", "name": "王小丽"}, Invalid),
        ({"building": ""}, Invalid),
    ):
        with pytest.raises(refusal):
            search(known, **body)
    (noted,) = known.by(WANG, "R_RESIDENT", COMMUNITY).ask("person_reads", {"limit": 1})["items"]
    assert (noted["why_zh"], noted["why_en"]) == ("按住处查找", "asked who lives at a place")


def test_a_dwelling_is_read_by_the_community_and_the_person_alone(known):
    """DOMAIN 1.6: full to the dwelling for cadre and self; sealed at rest."""
    lives(known, 1, **HOME)
    assert home_of(known) == HOME
    assert home_of(known, role="R_GRID", scope=GRID) == HOME
    assert (
        known.by(WANG, "R_RESIDENT", COMMUNITY).ask("person", {"person_id": WANG})["dwelling"]
        == HOME
    )
    for role, scope in (
        ("R_STREET", STREET_SCOPE), ("R_DISTRICT", "370811"), ("R_AUDITOR", "370811"),
    ):  # fmt: skip
        assert home_of(known, role=role, scope=scope) is None
    cards = known.bench.as_("R_RESIDENT", person=LI).ask("people_cards", {"ids": [WANG]})
    assert "dwelling" not in cards["items"][0]
    lives(known, 2, clear=["dwelling"])
    assert home_of(known) is None
    (change, _first) = known.cadre().ask("person_history", {"person_id": WANG})["items"]
    assert change["before"] == {"dwelling": HOME}
    above = known.by(CADRE, "R_STREET", STREET_SCOPE).ask("person_history", {"person_id": WANG})
    assert above["items"][0]["before"] == {}
    for table in Steward.tables.tables:
        assert "3号楼" not in str(known.bench.rows(f"select * from {table}")), table


def test_a_dwelling_is_given_with_every_way_to_come_to_live_somewhere(known):
    """Registered, moved, gone and back, merged; who moves without one has none."""
    person = known.person(CHEN, "陈静", grid=GRID, **HOME)
    assert ids(known, **HOME) == [CHEN]
    away = {"person_id": CHEN, "to_grid": GRID_2}
    moved = known.cadre().do("move_person", away, version=person["version"])
    assert home_of(known, CHEN) is None
    within = away | {"building": "8号楼"}
    assert known.cadre().do("move_person", within, version=2)["version"] == 3
    assert known.cadre().do("move_person", within, version=3)["version"] == 3
    assert ids(known, building="8") == [CHEN]
    known.cadre().do("deactivate_person", {"person_id": CHEN, "reason": "MOVED_OUT"}, version=3)
    assert ids(known, building="8") == []
    back = {"person_id": CHEN, "grid": GRID, "reason": "迁回"} | HOME
    assert known.cadre().do("return_person", back, version=4)["state"] == "ACTIVE"
    assert ids(known, **HOME) == [CHEN]
    merge = known.cadre(CADRE).do(
        "propose_merge", {"person_id": CHEN, "into": WANG, "reason": "同一人"}, version=5
    )
    known.cadre().do("decide_merge", {"merge_id": merge["id"], "confirmed": True}, version=1)
    assert ids(known, **HOME) == [WANG]
    assert home_of(known) == HOME
    assert moved["version"] == 2
    _require_whole(known)


@pytest.mark.parametrize(
    ("more", "refusal", "field"),
    [
        ({"grid": GRID, "unit": "2"}, errors.BuildingNeeded, "building"),
        ({"building": "3"}, errors.GridNeeded, "grid"),
        ({"grid": GRID, "building": "3" * 21}, Invalid, "building"),
    ],
)
def test_half_an_address_is_refused(known, more, refusal, field):
    with pytest.raises(refusal) as refused:
        known.person(CHEN, "陈静", **more)
    assert refused.value.field == field


def test_a_list_that_knows_the_dwelling_adds_it_to_who_is_registered(known):
    """The register comes first, the addresses with a later list; what is known is not overwritten."""
    line = {"person_id": SHAN, "name": "单小曾", "synthetic": True, "grid": GRID,
            "household_id": "hh_shan"}  # fmt: skip
    for more, result in ((HOME, "stored"), ({}, "stored"), (HOME, "stored"),
                         ({"building": "9"}, "ID_TAKEN")):  # fmt: skip
        (item,) = known.cadre().do("register_people", {"people": [line | more]})["items"]
        assert item["result"] == result, more
        assert home_of(known, SHAN) == HOME
    assert ids(known, **HOME) == [SHAN]
    _require_whole(known)


REVEAL = {"subject": WANG, "reason": "回电核实楼道灯的具体位置"}


def test_the_number_of_one_person_is_shown_so_many_times_a_day_to_all_together(known):
    """DOMAIN 1.6: whoever asks, and under whichever registration."""
    known.person(CHEN, "王小丽", phone="12800000077", grid=GRID)
    actors = [known.cadre(person_id(300 + n)).actor for n in range(14)]

    def one(number, subject=WANG):
        try:
            call = Call("reveal_number", REVEAL | {"subject": subject}, actors[number])
            known.bench.runtime.call(dataclasses.replace(call, key=f"r{number}"))
        except errors.RevealsOfOne as refused:
            return refused
        return None

    assert one(0, CHEN) is None
    merge = known.cadre(CADRE).do(
        "propose_merge", {"person_id": CHEN, "into": WANG, "reason": "同一人"}, version=1
    )
    known.cadre().do("decide_merge", {"merge_id": merge["id"], "confirmed": True}, version=1)
    with ThreadPoolExecutor(6) as threads:
        refused = [one for one in threads.map(one, range(1, 14)) if one is not None]
    assert len(refused) == 4
    assert (refused[0].status, refused[0].code) == (429, "RATE_LIMIT")
    assert refused[0].params["limit"] == 10
    assert refused[0].params["seconds"] == 15 * 3600
    assert "10 次" in refused[0].describe()
    # Another person's is shown still, and this one's tomorrow.
    assert known.cadre().do("reveal_number", REVEAL | {"subject": LI})["left"] == 19
    known.bench.at("2025-03-04T00:00:00")
    assert known.cadre().do("reveal_number", REVEAL)["left"] == 19
