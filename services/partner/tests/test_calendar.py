"""The year 2027 arrives while a statement waits for its partner."""

from fivered.services.partner.tests.test_statements import ask_refund

# Invented: no notice of the State Council.
YEAR = {
    "year": 2027,
    "off": ["2027-01-01", "2027-01-05", "2027-01-06", "2027-05-01", "2027-10-01"],
    "make_up": [],
    "source": "年度安排(示例)",
}


def loaded(bench, **changed):
    said = {"subject": "calendar:2027", "scope": "370811", "sequence": 1}
    return bench.consume("steward", "calendar_year_loaded.v1", YEAR | changed, **said)


def test_a_statement_waits_as_much_longer(town):
    """OP-B1, FP-D1: statements of December come on the third working day of January."""
    town.bench.at("2026-12-10T10:00")
    barber = town.partner()
    offer = town.offer(
        barber, valid_from="2026-12-01T00:00:00+08:00", valid_to="2027-12-31T00:00:00+08:00"
    )
    town.redeem(offer)
    asked = "SELECT due_at FROM timers WHERE kind = 'statement_issue'"
    town.bench.fire("2026-12-31T10:00")
    # The fourth, fifth and sixth, as far as anybody knows.
    assert str(town.bench.rows(asked)[0]["due_at"])[:16] == "2027-01-06 01:00"
    loaded(town.bench)
    assert str(town.bench.rows(asked)[0]["due_at"])[:16] == "2027-01-08 01:00"
    town.bench.fire("2027-01-08T10:00")
    statement = town.statement(barber, "2026-12")
    assert statement["state"] == "ISSUED"


def test_a_statement_that_was_issued_has_more_time_and_its_history_says_so(town):
    """OP-B1: issued on the third working day as far as anybody knew, silence confirms it later."""
    bench = town.bench.at("2026-12-10T10:00")
    barber = town.partner()
    offer = town.offer(
        barber, valid_from="2026-12-01T00:00:00+08:00", valid_to="2027-12-31T00:00:00+08:00"
    )
    town.redeem(offer)
    bench.fire("2027-01-06T09:00")
    asked = "SELECT confirm_due, version FROM statements"
    before = bench.rows(asked)[0]
    assert str(before["confirm_due"])[:16] == "2027-01-13 16:00"
    loaded(bench, off=[*YEAR["off"], "2027-01-11"])
    after = bench.rows(asked)[0]
    assert str(after["confirm_due"])[:16] == "2027-01-14 16:00"
    armed = bench.rows("SELECT due_at FROM timers WHERE kind = 'statement_confirm'")
    assert [str(row["due_at"]) for row in armed] == [str(after["confirm_due"])]
    steps = bench.rows("SELECT step, version FROM history WHERE kind = 'statement'")
    assert steps[-1] == {"step": "deadline_moved", "version": before["version"] + 1}


def test_a_refund_is_provisional_until_the_year_is_known_and_its_history_says_that_it_moved(town):
    """K1: the row moved, and nothing told the holder of the later day."""
    bench = town.bench.at("2026-12-30T10:00")
    barber = town.partner()
    offer = town.offer(barber, valid_from="2026-12-01", valid_to="2027-12-31")
    redemption_id = town.redeem(offer)
    asked = ask_refund(town, redemption_id)
    assert asked["provisional"] == ["due"]
    before = town.card(redemption_id)
    assert before["provisional"] == ["refund_due"]
    loaded(bench)
    after = town.card(redemption_id)
    assert "provisional" not in after
    assert after["refund_due"] > before["refund_due"]
    assert after["history"][-1]["step"] == "deadline_moved"
    bench.fire(before["refund_due"])
    assert bench.published("refund_overdue.v1") == []
    bench.fire(after["refund_due"])
    assert len(bench.published("refund_overdue.v1")) == 1
