"""Agreements as of a day, their texts, and what each side still owes."""

import hashlib

import pytest

from fivered.chassis.refusal import Invalid, RoleDenied
from fivered.services.property import errors

WORDS = "宏河苑党建联建协议\n一、每季度公开收支。"


def names(found):
    return [one["title"] for one in found["items"]]


def test_a_text_is_kept_under_its_digest_and_read_by_both_sides(town):
    bench = town.bench
    town.found()
    draft = {
        "project_id": "prj_a", "type": "JOINT_BUILDING", "valid_from": "2025-03-03",
        "text_sha256": hashlib.sha256(WORDS.encode()).hexdigest(), "text": WORDS,
        "commitments": town.commitments(),
    }  # fmt: skip
    with pytest.raises(errors.TextChanged):
        town.secretary().do("draft_agreement", draft | {"text": WORDS + "二、"})
    with pytest.raises(Invalid):
        bench.do("draft_agreement", draft | {"valid_from": "2025-02-30"})
    made = bench.do("draft_agreement", draft)
    which = {"agreement_id": made["id"]}
    for side in (town.secretary, town.manager, town.company):
        side()
        card = bench.ask("agreement", which)
        assert card["text"] == WORDS
    bench.as_("R_RESIDENT", person="per_x", scope=town.grid)
    assert "text" not in bench.ask("agreement", which)
    town.manager("per_rival")
    assert "text" not in bench.ask("agreement", which)


def test_each_side_reads_what_it_owes_the_next_one_first(town):
    bench = town.bench
    town.found()
    made = town.agree()
    town.manager()
    mine = bench.ask("commitments", {"mine": True})
    assert [one["due_date"] for one in mine["items"]][:2] == ["2025-05-20", "2025-05-20"]
    assert {one["responsible"] for one in mine["items"]} == {"PROJECT"}
    assert "协商议事场地" not in names(mine)
    town.secretary()
    assert names(bench.ask("commitments", {"mine": True})) == ["协商议事场地"]
    assert bench.ask("commitments", {"agreement_id": made})["total"] == mine["total"] + 1
    asked = {"due_from": "2025-05-20", "due_to": "2025-05-20"}
    assert bench.ask("commitments", asked)["total"] == 3
    assert bench.ask("commitments", asked | {"due_to": "2025-05-19"})["total"] == 0
    bench.fire("2025-05-21T00:00:00")
    town.manager()
    overdue = bench.ask("commitments", {"mine": True, "state": "OVERDUE"})
    assert set(names(overdue)) == {"公共照明检修", "电梯年检公示"}
    (first, _second) = overdue["items"]
    version = town.version("commitments", "commitment_id", first["id"])
    late = {"commitment_id": first["id"], "evidence": ["sha256:1"]}
    bench.do("fulfil_commitment", late, version=version)
    assert bench.ask("commitments", {"mine": True, "state": "OVERDUE"})["total"] == 1
    town.manager("per_rival")
    assert bench.ask("commitments", {})["total"] == 0
    with pytest.raises(RoleDenied):
        bench.as_("R_CADRE", person="per_f", scope="370811015902").ask(
            "commitments", {"scope": town.community}
        )


def test_the_list_of_paper_agreements_is_read_as_of_a_cut_off_day(town):
    bench = town.bench
    town.found()
    bench.at("2025-03-05T09:00:00")
    first = town.agree()
    bench.at("2025-04-10T09:00:00")
    town.agree("CREDIT_DELIBERATION", commitments=town.commitments(due_date="2025-06-20"))
    bench.fire("2025-05-21T00:00:00")
    bench.at("2025-05-25T09:00:00")
    town.street_clerk().do(
        "terminate_agreement", {"agreement_id": first, "reason": "双方协商一致"},
        version=town.version("agreements", "agreement_id", first),
    )  # fmt: skip

    def on(day):
        asked = {"at": day} if day else {}
        found = town.secretary().ask("agreement_noncompliance", asked)["items"]
        return [(one["kinds_missing"], one["commitments_overdue"]) for one in found]

    both = ["JOINT_BUILDING", "CREDIT_DELIBERATION"]
    assert on("2025-02-01") == []
    assert on("2025-03-04") == [(both, 0)]
    assert on("2025-03-05") == [(["CREDIT_DELIBERATION"], 0)]
    assert on("2025-04-10") == []
    assert on("2025-05-20") == []
    # 20 May is over at midnight: from the 21st on it is overdue, by what was known then.
    assert on("2025-05-21") == [([], 3)]
    assert [kinds for kinds, _ in on("2025-05-25")] == [["JOINT_BUILDING"]]
    assert [kinds for kinds, _ in on(None)] == [["JOINT_BUILDING"]]
