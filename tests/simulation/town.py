"""The town of the simulation, and what its people do.

Made once per process; every run begins with a copy. What people do is drawn by the seed before the
run: stories, whose steps are told in one order at fixed times. A step waits for what it needs, as a
person does; so what comes of it does not depend on how long the bus takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from fivered.chassis.messages import Actor
from fivered.services.credit.tests import stage
from fivered.services.steward.tests import ground

COMMUNITY, GRID, GRID_2 = ground.COMMUNITY, ground.GRID, ground.GRID_2
ANA, BEN, BARBER = ground.person_id(31), ground.person_id(32), ground.person_id(33)
POOR = ground.person_id(34)
BAKER = ground.person_id(35)
OFFICER = ground.person_id(41)
WALLETS = (ANA, BEN)
RICH = 100_000
VOUCHER_H = 1
# Requests that wait for their reporter's word.
RESOLVED = 12


def settle_in(benches, drain):
    """Bring fresh services to where every run begins.

    Args:
        benches: By name.
        drain: Lets the bus deliver everything.
    """
    steward, credit, partner = benches["steward"], benches["credit"], benches["partner"]
    place = ground.Ground(steward).begin().staff()
    for person, name in ((ANA, "安安"), (BEN, "本本"), (BARBER, "巧云"), (POOR, "小丘"),
                         (BAKER, "麦香")):  # fmt: skip
        place.person(person, name, grid=GRID, birth_year=1980)
    credit.as_("R_DISTRICT", person="per_district").do("import_rule_set", {"code": "RC-2025.1"})
    drain()
    for person in (ANA, BEN, POOR):
        consent(credit, person)
    for person in WALLETS:
        stage.give(
            credit, f"RES:{person}", "2025-01", RICH, f"00000000-0000-4000-8000-{person[-12:]}"
        )
    town = Town(partner)
    barber = town.admit("巧云理发店", "92370899MA0000000B", BARBER)
    partner.noted = {
        "offer": town.offer(barber),
        "baker": town.admit("麦香面包房", "91370899MA0000003P", BAKER),
    }
    steward.noted = {"resolved": [_resolved(place) for _ in range(RESOLVED)]}
    drain()


def _resolved(place):
    place.bench.at(place.bench.now + timedelta(minutes=1))
    return place.resolved(place.submit(ANA))["id"]


def consent(credit, person):
    """A resident consents to scoring and points."""
    body = {"notice_version": "2025.1", "purposes": ["SCORING", "POINTS"]}
    return credit.as_("R_RESIDENT", person=person, scope=GRID).do("grant_consent", body)


class Town:
    """The partner's side of the town."""

    def __init__(self, bench):
        self.bench = bench

    def admit(self, name, uscc, operator):
        """Admit a shop; returns its id."""
        office = self.bench.as_("R_CADRE", person=ground.CADRE, scope=COMMUNITY)
        made = office.do(
            "register_partner",
            {"org_name": name, "uscc": uscc, "category": "BARBER", "level": "COMMUNITY",
             "area": COMMUNITY, "settle_mode": "FUND", "operators": [operator]},
        )  # fmt: skip
        for step in ("vet_partner", "agree_partner"):
            made = office.do(step, {"partner_id": made["id"]}, version=made["version"])
        return made["id"]

    def offer(self, partner_id):
        """Publish an offer; returns its id."""
        made = self.bench.as_("R_PARTNER", person=BARBER, scope=COMMUNITY).do(
            "draft_offer",
            {"partner_id": partner_id, "kind": "SERVICE", "title": "理发一次", "points_price": 60,
             "face_value_fen": 2500, "settle_fen_per_point": 10, "stock_total": 900,
             "audience": "BOTH", "scope": COMMUNITY, "valid_from": "2025-01-02",
             "valid_to": "2025-12-31", "voucher_ttl_h": VOUCHER_H},
        )  # fmt: skip
        office = self.bench.as_("R_CADRE", person=ground.CADRE, scope=COMMUNITY)
        made = office.do("approve_offer", {"offer_id": made["id"]}, version=made["version"])
        operator = self.bench.as_("R_PARTNER", person=BARBER, scope=COMMUNITY)
        operator.do("publish_offer", {"offer_id": made["id"]}, version=made["version"])
        return made["id"]


# --------------------------------------------------------------------------------------------------
# What people do


@dataclass
class Story:
    """One person's matter, told step by step.

    Attributes:
        name: The same in both runs of a seed.
        steps: (service, what must hold before, what is done), each given the world and this.
        noted: What the steps remember: ids and versions.
    """

    name: str
    steps: list
    noted: dict = field(default_factory=dict)


def _always(_world, _story):
    return True


def _does(role, person, scope, method, body, *, version=None, keep="id"):
    """Return a step's deed: a command, whose reply's id and version the story keeps."""

    def act(world, story, service):
        given = body(story.noted) if callable(body) else body
        seen = story.noted[version] if version else None
        reply = world.command(service, Actor(person, role, scope), method, given, version=seen)
        if isinstance(reply, dict):
            story.noted[keep] = reply.get("id", story.noted.get(keep))
            story.noted[f"{keep}_version"] = reply.get("version")

    return act


def rating(number, chance):
    """A request that is done is rated: credit gives the steward an award."""
    body = {"stars": chance.choice((5, 5, 4, 2)), "solved": True}

    def rates(world, story, service):
        story.noted["id"] = world.benches["steward"].noted["resolved"][number]
        world.command(service, Actor(ANA, "R_RESIDENT", COMMUNITY), "rate_request",
                      body | {"request_id": story.noted["id"]})  # fmt: skip

    return Story(f"rating {number}", [("steward", _always, rates)])


def request(number, chance):
    """A request goes its whole way."""
    who, stars = chance.choice((ANA, BEN, POOR)), chance.choice((5, 5, 4, 2))

    def of(more=None):
        return lambda noted: {"request_id": noted["id"], **(more or {})}

    def handler(method, body):
        def act(world, story, service):
            asked = "SELECT handler_person FROM requests WHERE request_id = :id"
            (row,) = world.benches["steward"].rows(asked, id=story.noted["id"])
            deed = _does("R_STEWARD", row["handler_person"], GRID, method, body,
                         version="id_version")  # fmt: skip
            deed(world, story, service)

        return act

    done = {"outcome": "SOLVED", "note": "已更换灯泡", "media": ["sha256:1"]}
    filed = {"channel": "PHONE", "kind": "REPAIR", "grid": GRID, "text": "楼道灯不亮",
             "category": chance.choice(("REPAIR_COMMON", "NEIGHBOUR_DISPUTE"))}  # fmt: skip
    return Story(
        f"request {number}",
        [
            ("steward", _always, _does("R_RESIDENT", who, COMMUNITY, "submit_request", filed)),
            ("steward", _always, handler("accept_request", of())),
            ("steward", _always, handler("contact_request", of({"note": "已电话联系"}))),
            ("steward", _always, handler("resolve_request", of(done))),
            ("steward", _always, _does("R_RESIDENT", who, COMMUNITY, "rate_request",
                                       of({"stars": stars, "solved": True}))),
        ],
    )  # fmt: skip


def _state_of(world, story):
    asked = "SELECT state, version FROM redemptions WHERE redemption_id = :id"
    (row,) = world.benches["partner"].rows(asked, id=story.noted["id"])
    story.noted["version"] = row["version"]
    return row["state"]


def _is(*states):
    return lambda world, story: _state_of(world, story) in states


def _verified(who):
    def act(world, story, service):
        partner = world.benches["partner"].as_("R_RESIDENT", person=who, scope=COMMUNITY)
        card = partner.ask("redemption", {"redemption_id": story.noted["id"]})
        body = {"redemption_id": story.noted["id"], "voucher": card["voucher"]}
        world.command(service, Actor(BARBER, "R_PARTNER", COMMUNITY), "verify_redemption", body)

    return act


def _of_redemption(noted):
    return {"redemption_id": noted["id"]}


def redemption(number, chance):
    """Points are spent: held, then captured, given back, or left to expire; or there are none."""
    ending = chance.choice(("verify", "verify", "cancel", "expire", "poor"))
    who = POOR if ending == "poor" else chance.choice(WALLETS)

    def asked(world, story, service):
        body = {"offer_id": world.benches["partner"].noted["offer"], "qty": 1}
        reply = world.command(
            service, Actor(who, "R_RESIDENT", COMMUNITY), "request_redemption", body
        )
        story.noted["id"] = reply["id"]

    steps = [("partner", _always, asked)]
    if ending == "verify":
        rated = _does("R_RESIDENT", who, COMMUNITY, "rate_redemption",
                      lambda noted: _of_redemption(noted) | {"stars": 5})  # fmt: skip
        steps += [
            ("partner", _is("RESERVED"), _verified(who)),
            ("partner", _is("REDEEMED"), rated),
        ]
    if ending == "cancel":
        given_up = _does("R_RESIDENT", who, COMMUNITY, "cancel_redemption", _of_redemption,
                         version="version")  # fmt: skip
        steps.append(("partner", _is("RESERVED"), given_up))
    return Story(f"redemption {number} {ending}", steps)


def newcomer(number, chance):
    """Somebody is registered, and consents as soon as credit knows of it; some move on."""
    who = ground.person_id(1000 + number)
    body = {"person_id": who, "name": "新居民", "synthetic": True, "grid": GRID,
            "birth_year": 1990}  # fmt: skip
    known = "SELECT 1 FROM people WHERE person_id = :id"

    def heard(world, _story):
        return bool(world.benches["credit"].rows(known, id=who))

    def consents(world, _story, service):
        body = {"notice_version": "2025.1", "purposes": ["SCORING", "POINTS"]}
        world.command(service, Actor(who, "R_RESIDENT", GRID), "grant_consent", body)

    def moves(grid):
        def act(world, story, service):
            (row,) = world.benches["steward"].rows(
                "SELECT version FROM persons WHERE person_id = :id", id=who
            )
            story.noted["version"] = row["version"]
            body = {"person_id": who, "to_grid": grid}
            deed = _does("R_DISTRICT", OFFICER, "370811", "move_person", body, version="version")
            deed(world, story, service)

        return ("steward", _always, act)

    steps = [
        ("steward", _always, _does("R_DISTRICT", OFFICER, "370811", "register_person", body)),
        ("credit", heard, consents),
        *(moves(grid) for grid in (GRID_2, GRID, GRID_2)[: chance.randrange(4)]),
    ]
    return Story(f"newcomer {number}", steps)


def suspension(number, chance):
    """The baker closes for a while, once or twice; the vouchers are honoured."""
    steps = []
    for step in ("suspend_partner", "resume_partner") * chance.randint(1, 2):

        def act(world, story, service, step=step):
            partner = world.benches["partner"]
            (row,) = partner.rows(
                "SELECT version FROM partners WHERE partner_id = :id", id=partner.noted["baker"]
            )
            body = {"partner_id": partner.noted["baker"]}
            if step == "suspend_partner":
                body |= {"vouchers": "HONOUR", "reason": "门店装修"}
            world.command(service, Actor(ground.OTHER_CADRE, "R_CADRE", COMMUNITY), step, body,
                          version=row["version"])  # fmt: skip

        steps.append(("partner", _always, act))
    return Story(f"suspension {number}", steps)


KINDS = (rating, rating, rating, request, redemption, redemption, redemption, redemption, newcomer)


def script(chance):
    """Draw what happens: a list of (seconds since the step before, story, number of its step)."""
    stories = [chance.choice(KINDS)(n, chance) for n in range(chance.randint(3, 9))]
    if chance.random() < 0.4:
        stories.append(suspension(len(stories), chance))
    left = dict.fromkeys(range(len(stories)), 0)
    told = []
    while left:
        n = chance.choice(list(left))
        told.append((chance.randint(20, 100), stories[n], left[n]))
        left[n] += 1
        if left[n] == len(stories[n].steps):
            del left[n]
    return told
