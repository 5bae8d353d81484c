"""Who is waited for hears of it: an agreement to sign, a commitment to accept, work, a nomination."""

from fivered.services.property.tests.test_twice import told


def manager_of(town, project="prj_a"):
    (row,) = town.bench.rows(
        "SELECT manager_person_id FROM projects WHERE project_id = :p", p=project
    )
    return row["manager_person_id"]


def test_the_other_side_hears_of_a_draft_and_of_what_was_shown(town):
    bench = town.bench
    town.found()
    town.agree()
    assert ("AGREEMENT_TO_SIGN", manager_of(town)) in told(bench, "AGREEMENT_TO_SIGN")
    (community,) = bench.rows("SELECT signed_by_community FROM agreements")
    bench.at("2025-05-15T09:00:00")
    bench.fire("2025-05-15T09:00:00")
    town.manager()
    (first, *_others) = bench.ask("commitments", {"mine": True, "state": "DUE"})["items"]
    version = town.version("commitments", "commitment_id", first["id"])
    shown = {"commitment_id": first["id"], "evidence": ["sha256:1"]}
    bench.do("fulfil_commitment", shown, version=version)
    assert told(bench, "COMMITMENT_TO_ACCEPT") == [
        ("COMMITMENT_TO_ACCEPT", community["signed_by_community"])
    ]


def test_who_is_nominated_is_asked_for_consent(town):
    town.found()
    town.appoint("P2C", "per_wu", "PARTY_BRANCH_MEMBER")
    assert told(town.bench, "APPOINTMENT_ASKED") == [("APPOINTMENT_ASKED", "per_wu")]
