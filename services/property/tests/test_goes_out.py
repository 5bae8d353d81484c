"""What property tells leaves for phones: reasons that people wrote stay, ours go along."""

from fivered.services.property.actions import ground
from fivered.services.property.tests.test_ends import ended


def test_what_property_tells_leaves_without_what_people_wrote(bench, town):
    town.found()
    complaint = town.complain()
    number = bench.rows("SELECT number FROM messages")[0]["number"]
    ended(bench, "request_rejected", reason="OUT_OF_SCOPE")
    with bench.transaction() as tx:
        ground.tell(
            tx, "per_res", "VALID_NO", number=number, said="李家并未反映", complaint_id=complaint
        )
    bench.fire(bench.now)
    said = [m for e in bench.published("messages_told.v1") for m in e["data"]["messages"]]
    said = [one for one in said if one["to"] == ["per_res"]]
    assert [(one["to"], one["kind"]) for one in said] == [
        (["per_res"], "FILED"), (["per_res"], "DISMISSED"), (["per_res"], "VALID_NO"),
    ]  # fmt: skip
    assert number in said[0]["text_zh"]
    # Why a request was rejected is a sentence of ours; what an official wrote stays in the inbox.
    assert "…" not in said[1]["text_zh"]
    assert said[2]["text_zh"] == f"您的投诉 {number} 经核实不成立:…。详情见站内消息"
    assert "李家" not in str(bench.published())
