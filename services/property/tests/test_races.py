"""Two at the same moment: one wins, and nothing is said twice."""

import threading

import pytest

from fivered.chassis.bus import Call, new_uuid
from fivered.chassis.refusal import Refusal
from testkit.beside import at_once


def answers_of(bench, calls):
    """Run calls that start together; return the state that each answered, or its refusal's name."""
    found = at_once(*(lambda call=call: bench.runtime.call(call)["state"] for call in calls))
    return [one.guard or one.code if isinstance(one, Refusal) else one for one in found]


@pytest.mark.covers("P2")
def test_of_two_appointments_filed_at_the_same_moment_one_becomes_active(bench, town):
    town.found()
    ready = []
    for post in ("COMMITTEE_PART_TIME_MEMBER", "PARTY_BRANCH_MEMBER"):
        made = town.secretary().do(
            "nominate",
            {
                "project_id": "prj_a",
                "direction": "P2C",
                "person_id": "per_wu",
                "target_post": post,
                "party_member": True,
            },
        )
        which = {"appointment_id": made["id"]}
        bench.as_("R_PM", person="per_wu").do("consent_appointment", which)
        paper = which | {"document_ref": "纪要"}
        town.secretary().do("approve_appointment", paper, version=2)
        town.company().do("approve_appointment", paper, version=3)
        ready.append(which)
    town.street_clerk()
    calls = [Call("file_appointment", which, bench.actor, new_uuid(), 4) for which in ready]
    assert sorted(answers_of(bench, calls)) == ["ACTIVE", "DIRECTION_TAKEN"]
    assert len(bench.published("appointment_activated.v1")) == 1


@pytest.mark.covers("F7-flow")
def test_the_cut_off_and_the_last_marker_at_the_same_moment_give_one_marker_per_partition(
    bench, town
):
    town.found()
    town.steward_markers("2025-03", partitions=range(3))
    gate = threading.Barrier(2)
    bench.at("2025-04-03T00:00:00")

    def last_marker():
        gate.wait()
        town.steward_markers("2025-03", partitions=[3])

    thread = threading.Thread(target=last_marker)
    thread.start()
    gate.wait()
    bench.fire("2025-04-03T00:00:00")
    thread.join()
    assert len(bench.published("month_measured.v1")) == 4


@pytest.mark.covers("F3-flow")
def test_two_checkers_of_one_fix_do_not_both_decide(bench, town):
    town.found()
    town.street_clerk()
    rec = {"rectification_id": town.issue("S3")["id"]}
    pair = [{"before": "sha256:b", "after": "sha256:a"}]
    town.manager().do("submit_rectification", rec | {"evidence_pairs": pair}, version=1)
    town.cadre()
    calls = [
        Call("pass_rectification", rec, bench.actor, new_uuid(), 2),
        Call("fail_rectification", rec | {"reason": "不合格的理由"}, bench.actor, new_uuid(), 2),
    ]
    answers = answers_of(bench, calls)
    assert "VERSION_CONFLICT" in answers
    assert len(set(answers)) == 2
