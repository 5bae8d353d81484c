"""A person asks that the own data be erased: what is said, who decides, what is left (REQ-L08)."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from fivered.chassis.messages import SELF
from fivered.chassis.refusal import Invalid, NotFound, RoleDenied, StateConflict
from fivered.services.steward import errors
from fivered.services.steward.storage.desk import request_calls, request_notes
from fivered.services.steward.storage.tables import (
    person_digests,
    persons,
    request_references,
    requests,
)
from fivered.services.steward.tests.ground import (
    CADRE,
    COMMUNITY,
    GRID,
    GRID_WORKER,
    IDS,
    LI,
    SECOND,
    WANG,
    person_id,
)

SECRETARY = person_id(81)


def ask(ground, who=WANG, role=SELF, scope="", **body):
    return ground.by(who, role, scope).do("ask_erasure", body)


def decide(ground, asked, *, by=SECRETARY, role="R_SECRETARY", scope=COMMUNITY, **body):
    order = {"erasure_id": asked["id"], "approved": True} | body
    return ground.by(by, role, scope).do("decide_erasure", order, version=asked["version"])


def told(ground):
    with ground.bench.transaction() as tx:
        outbox = tx.runtime.chassis.outbox
        asked = sa.select(outbox.c.subject).where(outbox.c.fact == "person_erased.v1")
        return tx.conn.execute(asked).scalars().all()


def test_a_person_asks_is_told_what_stays_and_another_one_decides(ground):
    made = ground.submit(WANG, text="电话12812345678联系王小丽")
    asked = ask(ground)
    assert asked["state"] == "ASKED"
    assert asked["decide_by"].startswith("2025-03-18")
    assert any("账目" in one for one in asked["stays"])
    assert asked["holds"] == [{"kind": "REQUEST", "ref": made["number"]}]
    # Asked again it is the same request.
    assert ask(ground)["id"] == asked["id"]

    held = decide(ground, asked)
    assert (held["state"], held["holds"]) == ("HELD", asked["holds"])
    assert ask(ground)["id"] == asked["id"]
    assert told(ground) == []
    ground.by(WANG, "R_RESIDENT", COMMUNITY).do(
        "cancel_request", {"request_id": made["id"]}, version=made["version"]
    )
    later(ground, 2)
    done = ground.by(WANG, SELF, "").ask("erasure", {"erasure_id": asked["id"]})
    assert (done["state"], done["decided_by"], "holds" in done) == ("DONE", SECRETARY, False)
    assert told(ground) == [WANG]

    # Nothing of the person is left that says who it was; the id stays.
    with ground.bench.transaction() as tx:
        (row,) = tx.conn.execute(sa.select(persons).where(persons.c.person_id == WANG))
        assert (row.phone, row.phone_hmac, row.id_no_hmac, row.birthday) == (None,) * 4
        assert (row.status, row.grid, row.household_id) == ("ERASED", None, None)
        found = tx.conn.execute(
            sa.select(person_digests).where(person_digests.c.person_id == WANG)
        ).all()
        assert found == []
        assert tx.conn.execute(sa.select(requests.c.number)).scalars().all() == [made["number"]]
    cadre = ground.by(CADRE, "R_CADRE", COMMUNITY)
    assert cadre.ask("people_cards", {"ids": [WANG]})["items"][0]["name"] == "已删除"
    request = cadre.ask("request", {"request_id": made["id"]})
    assert "12812345678" not in str(request)
    assert "王小丽" not in str(cadre.ask("person_history", {"person_id": WANG}))

    # The same number and phone are free again, under another id.
    again = ground.person(
        person_id(82), "王小丽", id_no=IDS["WANG"], phone="12812345678", grid=GRID
    )
    assert again["id"] == person_id(82)
    with pytest.raises(StateConflict):
        ask(ground)
    with pytest.raises(errors.CallerGone):
        ground.submit(WANG)


def test_who_may_ask_for_whom(ground):
    with pytest.raises(NotFound):
        ask(ground, LI, "R_RESIDENT", COMMUNITY, person_id=WANG)
    with pytest.raises(RoleDenied):
        ask(ground, GRID_WORKER, "R_GRID", GRID, person_id=WANG)
    with pytest.raises(errors.ReceiptNeeded):
        ask(ground, CADRE, "R_CADRE", COMMUNITY, person_id=WANG)
    with pytest.raises(NotFound):
        ask(ground, CADRE, "R_CADRE", "370811015902", person_id=WANG, receipt="SQ-1")
    asked = ask(ground, CADRE, "R_CADRE", COMMUNITY, person_id=WANG, receipt="SQ-1")
    # Two people: who entered the paper does not decide on it, in whatever role.
    with pytest.raises(errors.RecorderConfirms):
        decide(ground, asked, by=CADRE)
    # The person reads it and may withdraw it; strangers do not see it.
    own = ground.by(WANG, SELF, "")
    assert [one["id"] for one in own.ask("erasures", {})["items"]] == [asked["id"]]
    assert own.ask("erasure", {"erasure_id": asked["id"]})["receipt"] == "SQ-1"
    with pytest.raises(NotFound):
        ground.by(LI, SELF, "").ask("erasure", {"erasure_id": asked["id"]})
    assert ground.by(LI, SELF, "").ask("erasures", {})["items"] == []
    withdrawn = ground.by(WANG, SELF, "").do(
        "withdraw_erasure", {"erasure_id": asked["id"]}, version=1
    )
    assert withdrawn["state"] == "WITHDRAWN"
    with pytest.raises(StateConflict):
        decide(ground, withdrawn)


def test_a_refusal_says_why_and_the_person_reads_it(ground):
    asked = ask(ground)
    assert "reason" not in asked or asked["reason"] is None
    with pytest.raises(errors.ReasonNeeded):
        decide(ground, asked, approved=False)
    with pytest.raises(NotFound):
        decide(ground, asked, scope="370811015902")
    decide(ground, asked, approved=False, reason="有未结的信访事项")
    own = ground.by(WANG, SELF, "").ask("erasure", {"erasure_id": asked["id"]})
    assert (own["state"], own["reason"]) == ("REFUSED", "有未结的信访事项")
    assert told(ground) == []
    area = ground.by(SECOND, "R_SECRETARY", COMMUNITY).ask("erasures", {"state": "REFUSED"})
    assert [one["id"] for one in area["items"]] == [asked["id"]]
    assert ask(ground)["id"] != asked["id"]


def later(ground, hours):
    """Let time pass, and fire what is due."""
    ground.bench.fire(ground.bench.now + timedelta(hours=hours))


def said(ground, source, fact, **data):
    ground.bench.consume(source, fact, data)


def test_who_holds_something_hands_it_over_first_and_then_it_goes_on(ground):
    """Facts of the others that steward knows anyway: nobody is asked."""
    ground.staff()
    partner = {"partner_id": "ptn_1", "org_id": "org_1"}
    said(ground, "partner", "partner_admitted.v1", **partner, operators=[WANG, LI])
    said(ground, "property", "company_representatives_changed.v1", company_id="cmp_1",
         representatives=[WANG])  # fmt: skip
    said(ground, "property", "project_manager_changed.v1", project_id="prj_1", person_id=WANG)
    link = {"link_id": "lnk_1", "target_kind": "GRID", "target": GRID, "official_id": "off_1"}
    said(ground, "forum", "liaison_assigned.v1", **link, person_id=WANG)

    def kinds(card):
        return [(one["kind"], one["ref"]) for one in card["holds"]]

    asked = ask(ground)
    # Another operator is left: nothing of the partner has to be handed over.
    expected = [("LIAISON", GRID), ("REPRESENTATIVE", "cmp_1"), ("MANAGER", "prj_1")]
    assert kinds(asked) == expected
    said(ground, "partner", "partner_operators_changed.v1", **partner, operators=[WANG])
    held = decide(ground, asked)
    assert kinds(held) == [*expected, ("OPERATOR", "ptn_1")]
    said(ground, "property", "company_representatives_changed.v1", company_id="cmp_1",
         representatives=[LI])  # fmt: skip
    said(ground, "property", "project_manager_ended.v1", project_id="prj_1", person_id=WANG)
    said(ground, "forum", "liaison_ended.v1", link_id="lnk_1")
    later(ground, 1)
    own = ground.by(WANG, SELF, "")
    assert kinds(own.ask("erasure", {"erasure_id": asked["id"]})) == [("OPERATOR", "ptn_1")]
    listed = ground.by(SECRETARY, "R_SECRETARY", COMMUNITY).ask("erasures", {"state": "HELD"})
    assert [one["id"] for one in listed["items"]] == [asked["id"]]
    said(ground, "partner", "partner_exited.v1", partner_id="ptn_1")
    later(ground, 1)
    assert told(ground) == [WANG]


def test_who_holds_a_post_leaves_it_first_and_one_that_is_held_up_is_still_refused(ground):
    ground.staff()
    asked = ask(ground, CADRE)
    held = decide(ground, asked, role="R_DISTRICT", scope="370811")
    assert held["state"] == "HELD"
    assert {one["kind"] for one in held["holds"]} == {"STEWARD"}
    no = {"approved": False, "reason": "岗位须先交接"}
    refused = decide(ground, held, role="R_DISTRICT", scope="370811", **no)
    assert refused["state"] == "REFUSED"
    later(ground, 2)
    assert told(ground) == []


def test_a_registration_that_was_given_up_goes_along(ground):
    ground.person(person_id(83), "王小丽", grid=GRID)
    merge = ground.by(CADRE, "R_CADRE", COMMUNITY).do(
        "propose_merge",
        {"person_id": person_id(83), "into": WANG, "reason": "同一人登记两次"},
        version=1,
    )
    order = {"merge_id": merge["id"], "confirmed": True}
    ground.by(SECOND, "R_SECRETARY", COMMUNITY).do("decide_merge", order, version=1)
    decide(ground, ask(ground))
    assert sorted(told(ground)) == sorted([WANG, person_id(83)])
    with ground.bench.transaction() as tx:
        left = tx.conn.execute(
            sa.select(persons.c.phone, persons.c.id_no_hmac).where(
                persons.c.person_id.in_([WANG, person_id(83)])
            )
        ).all()
    assert [tuple(row) for row in left] == [(None, None)] * 2


def proposed(ground, who=WANG, key=None, **wanted):
    return ground.by(who, SELF, "").do("propose_correction", wanted, key=key)


def judged(ground, card, *, by=CADRE, approved=True, scope=COMMUNITY, **more):
    order = {"correction_id": card["id"], "approved": approved} | more
    return ground.by(by, "R_CADRE", scope).do("decide_correction", order, version=card["version"])


def test_a_person_proposes_a_correction_and_an_official_decides(ground):
    card = proposed(ground, name="王小莉", phone="12812345679")
    assert (card["state"], card["wanted"]["name"]) == ("ASKED", "王小莉")
    with pytest.raises(NotFound):
        judged(ground, card, scope="370811015902")
    (waiting,) = ground.by(CADRE, "R_CADRE", COMMUNITY).ask("corrections", {})["items"]
    assert waiting["wanted"]["phone"] == "12812345679"
    done = judged(ground, card)
    assert (done["state"], done["wanted"]["name"]) == ("DONE", None)
    own = ground.by(WANG, "R_RESIDENT", COMMUNITY)
    card = own.ask("people_cards", {"ids": [WANG]})["items"][0]
    assert (card["name"], card["phone"]) == ("王小莉", "12812345679")
    assert own.ask("corrections", {})["items"][0]["state"] == "DONE"
    assert own.ask("person_history", {"person_id": WANG})["items"][0]["before"]["name"] == "王小丽"
    with pytest.raises(StateConflict):
        judged(ground, done)


def test_a_correction_that_is_refused_changes_nothing_and_says_why(ground):
    card = proposed(ground, phone="12800000099")
    # Since then it is another household's.
    ground.person(person_id(84), "赵六", phone="12800000099", grid=GRID)
    with pytest.raises(errors.PhoneTaken):
        judged(ground, card)
    with pytest.raises(errors.CorrectionReasonNeeded, match="不予更正"):
        judged(ground, card, approved=False)
    judged(ground, card, approved=False, reason="该号码属他人")
    own = ground.by(WANG, "R_RESIDENT", COMMUNITY)
    assert own.ask("corrections", {})["items"][0]["reason"] == "该号码属他人"
    assert own.ask("people_cards", {"ids": [WANG]})["items"][0]["phone"] == "12812345678"
    assert ground.by(LI, SELF, "").ask("corrections", {})["items"] == []
    with pytest.raises(Invalid):
        proposed(ground)


def test_what_cannot_be_approved_is_not_taken(ground):
    for wanted, refusal, field in (
        ({"phone": "12800000002"}, errors.PhoneTaken, "phone"),
        ({"birth_year": 1981}, errors.NumberTellsBirth, "birth_year"),
        ({"name": "王 小丽", "phone": "12812345678"}, errors.NothingCorrected, "name"),
    ):
        with pytest.raises(refusal) as refused:
            proposed(ground, **wanted)
        assert refused.value.field == field
        # Whose number it is, is not told.
        assert LI not in str(refused.value.params)
    unnumbered = ground.person(person_id(84), "赵小六", grid=GRID)["id"]
    with pytest.raises(errors.BirthAhead):
        proposed(ground, unnumbered, birth_year=2026)
    assert ground.by(WANG, SELF, "").ask("corrections", {})["items"] == []
    # Of what is proposed only that is kept which changes something.
    assert proposed(ground, name="王小莉", phone="12812345678")["wanted"]["phone"] is None


def test_three_proposals_wait_and_one_is_withdrawn_by_its_person(ground):
    first, *_others = (proposed(ground, name=name) for name in ("王小莉", "王小荔", "王小俐"))
    with pytest.raises(errors.TooManyProposals, match="3"):
        proposed(ground, name="王小丽丽")
    order = {"correction_id": first["id"]}
    with pytest.raises(NotFound):
        ground.by(LI, SELF, "").do("withdraw_correction", order, version=1)
    gone = ground.by(WANG, SELF, "").do("withdraw_correction", order, version=1)
    assert (gone["state"], gone["wanted"]["name"]) == ("WITHDRAWN", None)
    with pytest.raises(StateConflict):
        judged(ground, gone)
    own = ground.by(WANG, SELF, "")
    with pytest.raises(StateConflict):
        own.do("withdraw_correction", order, version=2)
    (listed,) = own.ask("corrections", {"state": "WITHDRAWN"})["items"]
    assert listed["id"] == first["id"]
    proposed(ground, name="王小丽丽")


def test_an_erasure_ends_what_waits(ground):
    card = proposed(ground, name="王小莉")
    decide(ground, ask(ground))
    (left,) = ground.by(CADRE, "R_CADRE", COMMUNITY).ask("corrections", {})["items"]
    assert (left["state"], left["wanted"]["name"]) == ("ENDED", None)
    with pytest.raises(StateConflict):
        judged(ground, left)
    assert left["id"] == card["id"]


def test_no_stored_reply_holds_what_is_sealed_and_the_same_key_still_tells(ground):
    """The repeated request answers the proposal as it stands now."""
    said, why = {"name": "欧阳晨曦", "phone": "12877769999"}, "户口本上不是这样写的"
    card = proposed(ground, key="wish", **said)
    assert proposed(ground, key="wish", **said) == card
    assert card["wanted"]["name"] == said["name"]
    cadre = {"approved": False, "reason": why}
    done = []
    for command, asked in (("correction", card), ("erasure", ask(ground))):
        for _ in range(2):
            ground.by(SECOND, "R_SECRETARY", COMMUNITY)
            order = cadre | {f"{command}_id": asked["id"]}
            done.append(ground.bench.do(f"decide_{command}", order, version=1, key=command))
    assert [one["reason"] for one in done] == [why] * 4
    assert done[0] == done[1]
    assert done[2] == done[3]
    ground.by(WANG, SELF, "")
    assert proposed(ground, key="wish", **said)["state"] == "REFUSED"
    with ground.bench.transaction() as tx:
        kept = str(tx.conn.execute(sa.select(tx.runtime.chassis.idempotency.c.reply)).all())
    assert [one for one in (*said.values(), why) if one in kept] == []
    assert card["id"] in kept


def test_references_of_a_persons_requests_go_whoever_filed_them(ground):
    """The number of a hotline's slip is kept under its source, which is no person."""
    ground.staff()
    cadre = ground.by(CADRE, "R_CADRE", COMMUNITY)
    made = {}
    for who in (WANG, LI):
        body = {"channel": "HOTLINE_12345", "kind": "REPAIR", "category": "REPAIR_COMMON",
                "grid": GRID, "text": "楼道灯不亮", "external_ref": f"JN-{who}", "reporter_id": who}  # fmt: skip
        made[who] = cadre.do("submit_request", body)
    body = {"request_id": made[WANG]["id"]}
    ground.by(WANG, "R_RESIDENT", COMMUNITY).do(
        "cancel_request", body, version=made[WANG]["version"]
    )
    told = ground.by(WANG, SELF, "").ask("_my_data", {})["tables"]
    assert [len(one["rows"]) for one in told if one["table"] == "request_references"] == [1]
    decide(ground, ask(ground))
    with ground.bench.transaction() as tx:
        kept = tx.conn.execute(sa.select(request_references.c.request_id)).scalars().all()
    assert kept == [made[LI]["id"]]


def test_notes_and_calls_are_found_by_whose_request_it_is(ground):
    """Exported, merged and erased with the person: neither names its reporter in a column."""
    ground.staff()
    made = {
        who: ground.submit(who, caller_phone=f"1281234567{n}") for n, who in enumerate((WANG, LI))
    }
    for who, one in made.items():
        body = {"request_id": one["id"], "text": f"请先打电话给{who}"}
        ground.by(who, "R_RESIDENT", COMMUNITY).do("add_note", body)

    def given(who):
        tables = ground.by(who, SELF, "").ask("_my_data", {})["tables"]
        rows = {one["table"]: one["rows"] for one in tables}
        notes, calls = rows.get("request_notes", []), rows.get("request_calls", [])
        return [one["text"] for one in notes], [one["phone"] for one in calls]

    assert given(WANG) == ([f"请先打电话给{WANG}"], ["12812345670"])
    assert given(LI) == ([f"请先打电话给{LI}"], ["12812345671"])
    # The registration that is kept has those of the one that was given up.
    kept = ground.person(person_id(83), "王小丽", grid=GRID)["id"]
    order = {"person_id": WANG, "into": kept, "reason": "同一人登记两次"}
    merge = ground.by(CADRE, "R_CADRE", COMMUNITY).do("propose_merge", order, version=1)
    order = {"merge_id": merge["id"], "confirmed": True}
    ground.by(SECOND, "R_SECRETARY", COMMUNITY).do("decide_merge", order, version=1)
    assert given(kept) == ([f"请先打电话给{WANG}"], ["12812345670"])
    version = ground.by(kept, "R_RESIDENT", COMMUNITY).ask(
        "request", {"request_id": made[WANG]["id"]}
    )["version"]
    ground.by(kept, "R_RESIDENT", COMMUNITY).do(
        "cancel_request", {"request_id": made[WANG]["id"]}, version=version
    )
    decide(ground, ask(ground, kept))
    with ground.bench.transaction() as tx:
        for table, column in ((request_notes, "text"), (request_calls, "phone")):
            asked = sa.select(table.c.request_id).where(table.c[column].is_not(None))
            assert tx.conn.execute(asked).scalars().all() == [made[LI]["id"]]
    assert given(LI) == ([f"请先打电话给{LI}"], ["12812345671"])


def test_a_person_is_given_the_dwelling_by_its_parts(ground):
    home = {"building": "3号楼", "room": "502"}
    who = ground.person(person_id(84), "赵小六", grid=GRID, **home)["id"]
    told = {
        one["table"]: one["rows"] for one in ground.by(who, SELF, "").ask("_my_data", {})["tables"]
    }
    (row,) = told["persons"]
    assert row["dwelling"] == home
