"""What people are told leaves for their phones: by the timer that telling arms."""

from fivered.services.forum.tests.conftest import ANA


def test_what_the_forum_tells_leaves_once(town):
    topic = town.submit()
    town.secretary()
    number = town.row("topics", "topic_id", topic)["number"]
    town.on_topic("reject_topic", topic, reason="NOT_PUBLIC")
    town.bench.fire(town.bench.now)
    said = [m for e in town.bench.published("messages_told.v1") for m in e["data"]["messages"]]
    assert [(one["to"], one["kind"], one["group"]) for one in said] == [
        ([ANA], "TOPIC_COLLECTED", "MATTERS"), ([ANA], "TOPIC_REJECTED", "MATTERS"),
    ]  # fmt: skip
    assert said[0]["text_zh"] == f"议题 {number} 已收集"
    assert said[1]["text_en"].startswith(f"Topic {number} is not adopted")
