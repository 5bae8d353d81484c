"""What waits for managers, companies, communities and streets is the list of things to do."""

from datetime import timedelta

from fivered.services.property.service import Property
from fivered.services.property.tests.test_agreements import due, meeting
from fivered.services.property.tests.test_complaints import validate
from fivered.services.property.tests.test_owners_votes import CLOSES, OPENS, Hall
from fivered.services.property.tests.test_owners_votes import SECOND as VOTE_OFFICER
from fivered.services.property.tests.test_people import compound, dies  # noqa: F401
from fivered.services.property.tests.test_rectifications import PAIR
from fivered.services.property.tests.test_reopening import BACK, by, close, version
from testkit.waits import Waits

COMMUNITY, STREET, GRID = "370811015901", "370811015", "370811015901001"
MANAGER = ("per_wu", "R_PM", COMMUNITY)
OTHER = ("per_rival", "R_PM", COMMUNITY)
COMPANY = ("per_zheng", "R_PCO", STREET)
SECRETARY = ("per_sun", "R_SECRETARY", COMMUNITY)
CADRE = ("per_li", "R_CADRE", COMMUNITY)
CLERK = ("per_qian", "R_STREET", STREET)
SECOND = ("per_second", "R_STREET", STREET)
FAR = ("per_far", "R_CADRE", "370811015902")
DAILY = {
    "CONSENT_TO_APPOINTMENT", "APPROVE_APPOINTMENT", "FILE_APPOINTMENT", "SIGN_AGREEMENT",
    "FULFIL_COMMITMENT", "ACCEPT_COMMITMENT", "VALIDATE_COMPLAINT", "CLOSE_COMPLAINT", "DECIDE_COMPLAINT_PROJECT",
    "SUBMIT_RECTIFICATION", "CHECK_RECTIFICATION", "OVERDUE_RECTIFICATION", "CONFIRM_WITHDRAWAL",
    "DO_WORK", "CHECK_WORK", "PUBLISH_DISCLOSURE",
}  # fmt: skip
OFFICES = {
    "NAME_MANAGER", "NAME_REPRESENTATIVES", "CONFIRM_REPRESENTATIVES", "CONFIRM_REOPENING",
    "COMPLETE_COMMITTEE",
}  # fmt: skip


ENDING = {"AGREEMENT_EXPIRING"}
VOTES = {"CAST_OWNERS_VOTE", "CONFIRM_VOTE_PAPER", "DECIDE_VOTE_OBJECTION"}


def test_every_kind_is_seen_to_wait_by_one_of_these_tests():
    # END_INCIDENT: test_incidents.py.
    tried = DAILY | OFFICES | ENDING | VOTES
    # In test_incidents.py, test_calls.py, test_quality.py and test_handing_over.py.
    others = {
        "END_INCIDENT",
        "ANSWER_MEETING_CALL",
        "APPROVE_MINUTES",
        "OVERDUE_WORK",
        "QUALITY_CHECK",
        *("HAND_OVER", "TAKE_OVER", "SETTLE_HANDOVER"),
    }
    assert {row.kind for row in Property.waits} == tried | others


def test_an_agreement_that_ends_within_thirty_days_waits_for_both_sides(town):
    waits, bench = Waits(town.bench), town.bench
    town.found()
    ends = town.agree(valid_to="2025-09-03")
    town.agree("CREDIT_DELIBERATION")
    bench.fire("2025-08-03T00:00:00")
    assert waits.things("AGREEMENT_EXPIRING", *_of(SECRETARY)) == {}
    bench.fire("2025-08-04T00:00:00")
    assert set(waits.things("AGREEMENT_EXPIRING", *_of(SECRETARY))) == {ends}
    waits.until(
        "AGREEMENT_EXPIRING", ends, lambda: bench.fire("2025-09-03T00:00:00"), to=MANAGER,
        not_to=[OTHER, FAR],
    )  # fmt: skip


def test_votes_wait_for_the_owners_the_second_officer_and_the_street(town):
    hall, waits = Hall(town).begin(), Waits(town.bench)
    bench = town.bench
    vote = hall.call()["id"]
    bench.fire(OPENS)
    waits.until(
        "CAST_OWNERS_VOTE", vote, lambda: hall.cast(vote, "per_a", "101"),
        to=("per_a", "R_RESIDENT", GRID), not_to=[("per_x", "R_RESIDENT", GRID)],
    )  # fmt: skip
    paper = hall.paper(vote, "102")
    waits.until(
        "CONFIRM_VOTE_PAPER", paper, lambda: hall.confirm(paper), to=(VOTE_OFFICER, "R_CADRE", COMMUNITY),
        not_to=[CADRE, FAR],
    )  # fmt: skip
    bench.fire(CLOSES)
    hall.count(vote)
    made = bench.as_("R_RESIDENT", person="per_b", scope=GRID).do(
        "object_to_vote", {"vote_id": vote, "text": "我交的纸质选票没有计入。"}
    )["id"]
    found = {"objection_id": made, "outcome": "DISMISSED", "reasons": "经核对,选票已计入。"}
    waits.until(
        "DECIDE_VOTE_OBJECTION", made,
        lambda: town.street_clerk().do("decide_vote_objection", found, version=1),
        to=CLERK, not_to=[FAR],
    )  # fmt: skip
    assert waits.proved == VOTES


def test_the_days_work_waits_for_whom_may_act_and_is_gone_when_it_is_done(town):
    bench, waits = town.bench, Waits(town.bench)
    town.found()
    town.link_officials()

    def until(kind, of, act, to, not_to=(OTHER, FAR)):
        return waits.until(kind, of, act, to=to, not_to=not_to)

    # An appointment goes through five hands.
    made = town.secretary().do(
        "nominate",
        {"project_id": "prj_a", "direction": "P2C", "person_id": "per_wu",
         "target_post": "COMMITTEE_PART_TIME_MEMBER"},
    )["id"]  # fmt: skip
    which = {"appointment_id": made}
    until(
        "CONSENT_TO_APPOINTMENT", made, lambda: town.manager().do("consent_appointment", which),
        MANAGER,
    )  # fmt: skip
    paper = which | {"document_ref": "纪要"}
    until(
        "APPROVE_APPOINTMENT", made,
        lambda: town.secretary().do("approve_appointment", paper, version=2), SECRETARY,
    )  # fmt: skip
    town.company().do("approve_appointment", paper, version=3)
    until(
        "FILE_APPOINTMENT", made,
        lambda: town.street_clerk().do("file_appointment", which, version=4), CLERK,
    )  # fmt: skip

    # An agreement, and what it promises.
    made = town.secretary().do(
        "draft_agreement",
        {"project_id": "prj_a", "type": "JOINT_BUILDING", "valid_from": "2025-03-03",
         "text_sha256": town.text, "commitments": town.commitments()},
    )["id"]  # fmt: skip
    sign = {"agreement_id": made, "text_sha256": town.text}
    until(
        "SIGN_AGREEMENT", made,
        lambda: town.manager().do("sign_agreement", sign | {"side": "PROJECT"}, version=1), MANAGER,
    )  # fmt: skip
    until(
        "SIGN_AGREEMENT", made,
        lambda: town.secretary().do("sign_agreement", sign | {"side": "COMMUNITY"}, version=2),
        SECRETARY,
    )  # fmt: skip

    # What people complain of.
    cpl = town.complain("req_1")
    until(
        "VALIDATE_COMPLAINT", cpl, lambda: validate(town, cpl, valid=True, version=1), CADRE,
        not_to=[MANAGER, FAR],
    )  # fmt: skip
    until(
        "CLOSE_COMPLAINT", cpl,
        lambda: town.cadre().do(
            "close_complaint", {"complaint_id": cpl, "outcome": "已恢复保洁"}, version=2
        ),
        CADRE, not_to=[MANAGER, FAR],
    )  # fmt: skip
    town.complain("req_2", project="prj_unknown")
    (waiting,) = town.cadre().ask("undecided_complaints")["items"]
    decided = {"undecided_id": waiting["id"], "project_id": "prj_a", "reason": "现场核实属此小区"}
    until(
        "DECIDE_COMPLAINT_PROJECT", waiting["id"],
        lambda: town.cadre().do("decide_complaint_project", decided, version=waiting["version"]),
        CADRE, not_to=[MANAGER, FAR],
    )  # fmt: skip

    # Orders: carried out, checked; missed, withdrawn by two.
    town.street_clerk()
    order, late = ({"rectification_id": town.issue("S3")["id"]} for _ in range(2))
    until(
        "SUBMIT_RECTIFICATION", order["rectification_id"],
        lambda: town.manager().do(
            "submit_rectification", order | {"evidence_pairs": PAIR}, version=1
        ), MANAGER,
    )  # fmt: skip
    until(
        "CHECK_RECTIFICATION", order["rectification_id"],
        lambda: town.cadre().do("pass_rectification", order, version=2), CADRE,
    )  # fmt: skip
    held = town.secretary().do(
        "hold_meeting",
        meeting(town, decisions=[{"text": "充电桩选址", "kind": "WORK", "due_date": "2025-03-20"}]),
    )
    work = {"work_id": held["decisions"][0]["opened"]}
    town.manager().do("start_work", work, version=1)
    until(
        "DO_WORK", work["work_id"],
        lambda: town.manager().do("deliver_work", work | {"evidence": ["sha256:9"]}, version=2),
        MANAGER,
    )  # fmt: skip
    until(
        "CHECK_WORK", work["work_id"],
        lambda: town.cadre().do("check_work", work | {"accepted": True}, version=3), CADRE,
    )  # fmt: skip
    fees = {"project_id": "prj_a", "kind": "FEES", "title": "一季度收支", "due_date": "2025-04-15"}
    shown = {"disclosure_id": town.cadre().do("schedule_disclosure", fees)["id"]}
    until(
        "PUBLISH_DISCLOSURE", shown["disclosure_id"],
        lambda: town.manager().do("publish_disclosure", shown | {"doc_sha256": "d" * 64}, version=1),
        MANAGER,
    )  # fmt: skip

    bench.fire("2025-04-30T00:00:00")
    wrong = late | {"reason": "逾期因供电公司原因"}

    def withdrawn(person):
        number = town.version("rectifications", "rectification_id", late["rectification_id"])
        return by(bench, person).do("withdraw_rectification", wrong, version=number)

    assert late["rectification_id"] in waits.things("OVERDUE_RECTIFICATION", *_of(CLERK))
    withdrawn(CLERK[0])
    waits.until(
        "CONFIRM_WITHDRAWAL", late["rectification_id"], lambda: withdrawn(SECOND[0]), to=SECOND,
        not_to=[CLERK],
    )  # fmt: skip
    assert waits.things("OVERDUE_RECTIFICATION", *_of(CLERK)) == {}
    waits.proved.add("OVERDUE_RECTIFICATION")

    bench.fire("2025-05-11T00:00:00")
    promise = due(bench, "公共照明检修")
    kept = {"commitment_id": promise["commitment_id"]}
    until(
        "FULFIL_COMMITMENT", kept["commitment_id"],
        lambda: town.manager().do("fulfil_commitment", kept | {"evidence": ["sha256:1"]}, version=2),
        MANAGER,
    )  # fmt: skip
    until(
        "ACCEPT_COMMITMENT", kept["commitment_id"],
        lambda: town.secretary().do("accept_commitment", kept, version=3), SECRETARY,
    )  # fmt: skip
    assert waits.proved == DAILY


def test_offices_that_are_empty_and_changes_by_two_wait_for_the_street(compound):  # noqa: F811
    town, bench, waits = compound, compound.bench, Waits(compound.bench)
    names = {"company_id": "pco_a", "representatives": ["per_n", "per_zheng"], "document_ref": "函"}
    town.street_clerk().do("change_representatives", names, version=1)
    waits.until(
        "CONFIRM_REPRESENTATIVES", "pco_a", to=SECOND, not_to=[CLERK, COMPANY],
        act=lambda: by(bench, SECOND[0]).do("change_representatives", names, version=2),
    )  # fmt: skip
    dies(town, "per_wu")
    bench.at(bench.now + timedelta(hours=1))
    waits.until(
        "NAME_MANAGER", "prj_a", to=CLERK, not_to=[CADRE],
        act=lambda: town.company().do(
            "change_manager", {"project_id": "prj_a", "person_id": "per_new"},
            version=town.version("projects", "project_id", "prj_a"),
        ),
    )  # fmt: skip
    (committee,) = town.cadre().ask("committees", {"project_id": "prj_a"})["items"]
    gone, *rest = committee["members"]
    dies(town, gone)
    town.settle("per_fresh")
    row = town.cadre().ask("committee", {"committee_id": committee["id"]})
    filled = {
        "committee_id": committee["id"], "members": [*rest, "per_fresh"], "chair": rest[0],
        "reason": "补选一名委员",
    }  # fmt: skip
    waits.until(
        "COMPLETE_COMMITTEE", committee["id"], to=SECRETARY, not_to=[FAR],
        act=lambda: town.secretary().do("correct_committee", filled, version=row["version"]),
    )  # fmt: skip
    for person in ("per_n", "per_zheng"):
        dies(town, person)
    fresh = names | {"representatives": ["per_two"]}

    def named(person):
        number = town.version("companies", "company_id", "pco_a")
        return by(bench, person).do("change_representatives", fresh, version=number)

    assert "pco_a" in waits.things("NAME_REPRESENTATIVES", *_of(CLERK))
    named(CLERK[0])
    waits.until("CONFIRM_REPRESENTATIVES", "pco_a", lambda: named(SECOND[0]), to=SECOND)
    assert waits.things("NAME_REPRESENTATIVES", *_of(CLERK)) == {}
    waits.proved.add("NAME_REPRESENTATIVES")

    # At the same instant, as on the clock of a demonstration: it was a fault.
    close(town)
    by(bench, CLERK[0]).do("reopen_project", BACK, version=version(town))
    waits.until(
        "CONFIRM_REOPENING", "prj_a", to=SECOND, not_to=[CLERK],
        act=lambda: by(bench, SECOND[0]).do("reopen_project", BACK, version=version(town)),
    )  # fmt: skip
    assert waits.proved == OFFICES


def _of(who):
    return who[0], who[1:]
