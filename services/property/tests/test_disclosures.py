"""Disclosures are read by everybody, version by version, with what differs."""

import pytest

from fivered.chassis import files
from fivered.chassis.refusal import NotFound, NumberOfAPerson
from fivered.services.property import errors
from fivered.services.property.replies import DisclosureContent  # noqa: F401  what is answered

TEXT = "一季度物业费收支\n电梯维保合同已续签"
FIGURES = [
    {"side": "IN", "item": "物业费", "amount_fen": 12_000_000},
    {"side": "IN", "item": "广告", "amount_fen": 300_050},
    {"side": "OUT", "item": "电梯维保", "amount_fen": 4_500_000},
]


def schedule(town, kind="FEES", title="一季度收支"):
    due = {"project_id": "prj_a", "kind": kind, "title": title, "due_date": "2025-04-15"}
    return {"disclosure_id": town.secretary().do("schedule_disclosure", due)["id"]}


def read(town, which, **more):
    return town.bench.as_("R_ANONYMOUS", person="", scope="").ask("disclosure", which | more)


@pytest.mark.covers("P18")
def test_residents_read_what_is_disclosed_and_each_version_of_it(bench, town):
    town.found()
    which = schedule(town)
    nothing = read(town, which)
    assert (nothing["edition"], nothing["readable"], nothing["text"]) == (None, False, "")
    town.manager()
    with pytest.raises(errors.NothingToRead):
        bench.do("publish_disclosure", which, version=1)
    with pytest.raises(NumberOfAPerson):
        bench.do("publish_disclosure", which | {"text": "联系 13812345678"}, version=1)
    bench.do("publish_disclosure", which | {"text": TEXT, "figures": FIGURES}, version=1)
    first = read(town, which)
    assert (first["text"], first["figures"]) == (TEXT, FIGURES)
    assert (first["income_fen"], first["expense_fen"]) == (12_300_050, 4_500_000)
    assert first["readable"] is True
    assert "published_by" not in str(first)

    # A new version, with what differs; the one before stays readable.
    right = {
        "text": TEXT.replace("已续签", "已续签一年"),
        "figures": [FIGURES[0], FIGURES[1] | {"amount_fen": 310_000}, FIGURES[2]],
        "reason": "广告收入补记",
    }
    town.manager()
    with pytest.raises(errors.NothingChanges):
        same = {"text": TEXT, "figures": FIGURES, "reason": "内容并无改动"}
        bench.do("correct_disclosure", which | same, version=2)
    bench.do("correct_disclosure", which | right, version=2)
    now, before = read(town, which), read(town, which, edition=1)
    assert (now["edition"], now["text"]) == (2, right["text"])
    assert (before["edition"], before["text"]) == (1, TEXT)
    assert before["doc_sha256"] == first["doc_sha256"] != now["doc_sha256"]
    assert [one["note"] for one in now["versions"]] == [None, "广告收入补记"]
    assert now["versions"][1]["added"] == ["电梯维保合同已续签一年", "收入 广告 3100.00 元"]
    assert now["versions"][1]["removed"] == ["电梯维保合同已续签", "收入 广告 3000.50 元"]
    with pytest.raises(NotFound):
        read(town, which, edition=3)
    with pytest.raises(NotFound):
        read(town, {"disclosure_id": "dsc_none"})

    # A digest alone is what it was: published, and nothing to read. Contracts have their kind.
    paper = schedule(town, "CONTRACT", "电梯维保合同")
    town.manager().do("publish_disclosure", paper | {"doc_sha256": "d" * 64}, version=1)
    bench.as_("R_ANONYMOUS", person="", scope="")
    listed = bench.ask("disclosures", {"project_id": "prj_a"})["items"]
    assert {one["kind"]: one["readable"] for one in listed} == {"FEES": True, "CONTRACT": False}
    (contract,) = bench.ask("disclosures", {"project_id": "prj_a", "kind": "CONTRACT"})["items"]
    assert contract["id"] == paper["disclosure_id"]
    board = bench.ask("board", {"project_id": "prj_a"})["disclosures"]
    assert {one["kind"]: one["readable"] for one in board} == {"FEES": True, "CONTRACT": False}


@pytest.mark.covers("P18")
def test_a_file_that_nobody_has_sent_is_not_disclosed(bench, town):
    town.found()
    which = schedule(town)
    missing = files.file_id_of("per_wu", "never sent")
    with pytest.raises((files.UnknownFile, files.NoBlobs)):
        town.manager().do("publish_disclosure", which | {"files": [missing]}, version=1)
    assert read(town, which)["state"] == "SCHEDULED"
