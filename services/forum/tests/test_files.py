"""What a supervisor has seen, and what shows that a task is done, are files of their senders."""

import pytest

from fivered.chassis.files import UnknownFile
from fivered.chassis.refusal import NotFound
from fivered.services.forum.tests.conftest import ANA, BEN, GRID
from testkit.papers import sent

pytestmark = pytest.mark.slow


def test_evidence_of_a_task_is_a_file_of_who_shows_it(town, tmp_path):
    bench = town.bench
    _topic, (task_id,) = town.implementing()
    seen = sent(bench, tmp_path / "blobs", BEN)
    record = {"task_id": task_id, "finding": "正在施划", "media": [seen, {"ref": "纸质 3"}]}
    foreign = sent(bench, tmp_path / "blobs", "per_zzz", b"%PDF-1.7 2")
    with pytest.raises(UnknownFile):
        town.resident(BEN).do("record_supervision", record | {"media": [foreign]})
    town.resident(BEN).do("record_supervision", record)
    assert [one["id"] for one in bench.ask("_files", {"thing": task_id})["items"]] == [seen]
    bench.as_("R_PARTNER", person="per_far", scope="370802001001")
    with pytest.raises(NotFound):
        bench.ask("_file", {"file_id": seen})


def test_photos_of_a_topic_are_seen_by_whoever_reads_it(town, tmp_path):
    bench = town.bench
    photo = sent(bench, tmp_path / "blobs", ANA)
    topic = {
        "title": "小院停车", "description": "消防通道常被占用。", "way": "ONLINE",
        "category": "PARKING", "level": "GRID", "scope": [GRID], "media": [photo],
    }  # fmt: skip
    with pytest.raises(UnknownFile):
        town.resident(BEN).do("submit_topic", topic)
    made = town.resident(ANA).do("submit_topic", topic)
    town.resident(BEN)
    assert bench.ask("topic", {"topic_id": made["id"]})["files"] == [photo]
    assert bench.ask("_file", {"file_id": photo})["thing_id"] == made["id"]
