"""The year 2027 arrives while orders and appointments wait."""

# Invented: no notice of the State Council.
YEAR = {
    "year": 2027,
    "off": ["2026-12-31", "2027-01-01", "2027-01-04", "2027-05-01", "2027-10-01"],
    "make_up": [],
    "source": "年度安排(示例)",
}


def loaded(bench):
    said = {"subject": "calendar:2027", "scope": "370811", "sequence": 1}
    return bench.consume("steward", "calendar_year_loaded.v1", YEAR, **said)


def test_an_order_has_as_many_working_days_as_before(town):
    """OP-B1, IN-A2: S2 of 29 December: three working days."""
    bench = town.bench.at("2026-12-29T10:00")
    town.found()
    town.street_clerk()
    made = town.issue(severity="S2")
    urgent = town.issue(severity="S1")
    asked = "SELECT due_at FROM rectifications WHERE rectification_id = :id"

    def due(order):
        return str(bench.rows(asked, id=order["id"])[0]["due_at"])[:16]

    hours = due(urgent)
    assert due(made) == "2027-01-04 16:00"
    loaded(bench)
    assert (due(made), due(urgent)) == ("2027-01-06 16:00", hours)
    card = town.street_clerk().ask("rectification", {"rectification_id": made["id"]})
    assert card["history"][-1]["what"] == "DEADLINE_MOVED"
    bench.fire("2027-01-06T23:00")
    state = "SELECT state FROM rectifications WHERE rectification_id = :id"
    assert bench.rows(state, id=made["id"])[0]["state"] == "ISSUED"
    bench.fire("2027-01-07T00:00")
    assert bench.rows(state, id=made["id"])[0]["state"] == "OVERDUE"
