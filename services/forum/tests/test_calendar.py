"""The year 2027 arrives while topics wait."""

from fivered.services.forum.tests.conftest import ANA

# Invented: no notice of the State Council.
YEAR = {
    "year": 2027,
    "off": ["2026-12-31", "2027-01-01", "2027-01-04", "2027-05-01", "2027-10-01"],
    "make_up": [],
    "source": "年度安排(示例)",
}


def test_a_topic_waits_as_much_longer_and_who_takes_part_is_told(town):
    """OP-B1, FP-D1"""
    bench = town.bench.at("2026-12-29T10:00")
    topic_id = town.submit()
    before = town.row("topics", "topic_id", topic_id)["screen_due"]
    said = {"subject": "calendar:2027", "scope": "370811", "sequence": 1}
    bench.consume("steward", "calendar_year_loaded.v1", YEAR, **said)
    row = town.row("topics", "topic_id", topic_id)
    assert str(row["screen_due"]) > str(before)
    armed = bench.rows("SELECT due_at FROM timers WHERE kind = 'topic_screen'")
    assert [str(timer["due_at"]) for timer in armed] == [str(row["screen_due"])]
    told = town.resident(ANA).ask("my_messages", {})["items"]
    assert "DEADLINE_MOVED" in {message["code"] for message in told}
    noted = bench.rows("SELECT action FROM history WHERE ref = :id", id=topic_id)
    assert "deadline_moved" in {line["action"] for line in noted}
    moved = [event["data"] for event in bench.published("deadline_moved.v1")]
    assert [(data["what"], data["id"]) for data in moved] == [("topic_screen", topic_id)]


def test_every_deadline_of_a_topic_that_rests_on_an_unknown_year_says_so(town):
    """B10: an adopted topic showed session_due 2027-01-12 as if it were certain."""
    bench = town.bench.at("2026-12-30T10:00")
    topic_id = town.submit()

    def marked():
        return town.resident(ANA).ask("topic", {"topic_id": topic_id}).get("provisional")

    assert marked() == ["screen_due"]
    town.adopt(topic_id)
    assert marked() == ["screen_due", "session_due"]
    listed = town.cadre().ask("topic_wall", {})["items"]
    assert [card["provisional"] for card in listed] == [["screen_due", "session_due"]]
    said = {"subject": "calendar:2027", "scope": "370811", "sequence": 1}
    bench.consume("steward", "calendar_year_loaded.v1", YEAR, **said)
    assert marked() is None
