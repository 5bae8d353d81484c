"""What waits for an administrator: decisions that take another person."""

from fivered.services.identity.service import Identity
from fivered.services.identity.tests.conftest import DISTRICT, STREET
from fivered.services.identity.tests.test_rights import ANA, decide, propose
from fivered.services.identity.tests.test_systems import BODY, as_district, moved
from testkit.waits import Waits


def test_each_kind_waits_for_another_person_and_is_gone_when_it_is_done(house):
    waits = Waits(house.bench)
    house.resident(ANA)
    zhou, qin = (
        (house.first_day(login)["person_id"], "R_DISTRICT", DISTRICT) for login in ("zhou", "qin")
    )
    grant = propose(house, by=zhou[0], role="R_DISTRICT", scope=DISTRICT)
    street = ("per_meng", "R_STREET", STREET)
    own = (ANA, "R_DISTRICT", DISTRICT)
    grant = waits.until(
        "GRANT_TO_APPROVE", grant["id"], lambda: decide(house, "approve_grant", grant, by=qin[0]),
        to=qin, not_to=[zhou, own, street],
    )  # fmt: skip
    grant = decide(house, "end_grant", grant, by=zhou[0])
    for other in (qin, own):
        assert grant["id"] in waits.things("GRANT_END_TO_AGREE", other[0], other[1:])
    waits.until(
        "GRANT_END_TO_AGREE", grant["id"], lambda: decide(house, "end_grant", grant, by=qin[0]),
        to=qin, not_to=[zhou, street],
    )  # fmt: skip
    system = as_district(house, zhou[0]).do("propose_service_account", BODY)
    waits.until(
        "SYSTEM_TO_APPROVE", system["id"],
        lambda: moved(house, "approve_service_account", system, qin[0]),
        to=qin, not_to=[zhou, ("per_far", "R_STREET", "370811001")],
    )  # fmt: skip
    assert waits.proved == {row.kind for row in Identity.waits}
