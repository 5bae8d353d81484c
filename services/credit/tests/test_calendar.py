"""A year's notice is changed while months are public and objections wait."""

from datetime import date

import pytest

from fivered.services.credit.tests import stage
from fivered.services.credit.tests.test_manual import propose
from fivered.services.credit.tests.test_objections import file, published
from fivered.services.credit.tests.test_settlement import credit

__all__ = ["credit", "published"]

# 2025 as it was announced, and Thursday 10 April, which nobody knew of (an invented change).
OFF = [
    "2025-01-01", *(f"2025-01-{day}" for day in range(28, 32)),
    *(f"2025-02-0{day}" for day in range(1, 5)), "2025-04-04", "2025-04-05", "2025-04-06",
    "2025-04-10", *(f"2025-05-0{day}" for day in range(1, 6)), "2025-05-31", "2025-06-01",
    "2025-06-02", *(f"2025-10-0{day}" for day in range(1, 9)),
]  # fmt: skip
MAKE_UP = ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"]


def change_2025(bench, version=1, off=OFF):
    data = {"year": 2025, "off": off, "make_up": MAKE_UP, "source": "变更通知(示例)"}
    said = {"subject": "calendar:2025", "scope": "370811", "sequence": version}
    return bench.consume("steward", "calendar_year_loaded.v1", data, **said)


def test_a_notice_an_objection_and_what_waits_for_a_person_have_a_day_more(published):
    """OP-B1, FP-D1: rows, timers, facts and a message; the snapshot itself stays."""
    bench = published
    filed = file(bench)
    stage.resident(bench, "per_a")
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    award = propose(bench, at="2025-04-07T09:00:00+08:00")
    before = shown(bench, filed, award)
    assert change_2025(bench) == 1
    after = shown(bench, filed, award)
    assert {name: day(after[name]) - day(before[name]) for name in before} == {
        "objection": 1, "award": 1, "until": 1, "notice": 1, "down": 1, "timer:notice_end": 1,
        "timer:settlement_close": 1, "timer:objection_accept": 1,
    }  # fmt: skip
    moved = [event["data"]["what"] for event in bench.published("deadline_moved.v1")]
    assert sorted(moved) == ["award", "notice_end", "objection_accept", "settlement_close"]
    told = bench.as_("R_STEWARD", person="per_s", scope=stage.GRID).ask("messages")["items"]
    assert [row["ref"] for row in told if row["code"] == "DEADLINE_MOVED"] == [filed["id"]]
    # Said twice it moves nothing more.
    assert change_2025(bench) == 1
    assert shown(bench, filed, award) == after
    bench.fire("2025-04-16T12:00")
    assert bench.rows("SELECT state FROM settlements WHERE notice_id IS NOT NULL") == [
        {"state": "PUBLISHED"}
    ]


def test_a_year_that_is_taken_back_and_loaded_again_gives_one_day_and_no_more(published):
    """H6-11: the day that was relied on stays, and was counted from at each later correction."""
    bench = published
    filed = file(bench)
    stage.resident(bench, "per_a")
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    award = propose(bench, at="2025-04-07T09:00:00+08:00")
    assert change_2025(bench) == 1
    once = shown(bench, filed, award)
    as_announced = [one for one in OFF if one != "2025-04-10"]
    for version, off in enumerate((as_announced, OFF, as_announced, OFF), 2):
        assert change_2025(bench, version, off) == 1
        assert shown(bench, filed, award) == once
    # What passes to the next level there begins anew.
    bench.fire("2025-05-08T06:00")
    change_2025(bench, 6, [*OFF, "2025-05-12"])
    after = shown(bench, filed, award)
    change_2025(bench, 7)
    change_2025(bench, 8, [*OFF, "2025-05-12"])
    assert shown(bench, filed, award) == after


@pytest.mark.parametrize(
    ("at", "years", "period", "late"),
    [
        # March was cut off at the end of 2 April, and its days say later since.
        ("2025-04-03T09:00", [[*OFF, "2025-04-02"]], "2025-04", True),
        # It was to be cut off a day later, which stays when the year is taken back.
        ("2025-04-01T09:00", [[*OFF, "2025-04-02"], OFF], "2025-03", False),
    ],
)
def test_a_deed_counts_in_its_month_until_that_is_cut_off(bench, at, years, period, late):
    stage.rules(bench)
    stage.resident(bench, "per_a")
    bench.fire(at)
    for version, off in enumerate(years, 1):
        change_2025(bench, version, off)
    bench.fire("2025-04-03T10:00")
    bench.as_("R_CADRE", person="per_cadre", scope=stage.COMMUNITY)
    propose(bench, at="2025-03-28T09:00:00+08:00")
    (award,) = bench.rows("SELECT period, late FROM awards")
    assert (award["period"], bool(award["late"])) == (period, late)


def shown(bench, filed, award):
    one = {"objection": ("objections", "accept_due"), "award": ("awards", "due_at")}
    found = {}
    for name, (table, column) in one.items():
        rows = bench.rows(f"SELECT {column} AS at FROM {table} WHERE {column} IS NOT NULL")
        found[name] = str(max(str(row["at"]) for row in rows))
    found["until"] = str(bench.rows("SELECT max(objection_until) AS at FROM settlements")[0]["at"])
    notice = bench.rows("SELECT ends_at, down_at FROM notices")[0]
    found |= {"notice": str(notice["ends_at"]), "down": str(notice["down_at"])}
    kinds = ("notice_end", "settlement_close", "objection_accept")
    for row in bench.rows("SELECT kind, due_at FROM timers"):
        if row["kind"] in kinds:
            found[f"timer:{row['kind']}"] = str(row["due_at"])
    return found


def day(text):
    return date.fromisoformat(text[:10]).toordinal()
