"""The people and shops of the partner service's tests."""

import pytest

from fivered.services.partner.service import Partner
from testkit.bench import bench, database_url, files  # noqa: F401  pytest finds them here

COMMUNITY = "370811015901"
STREET = "370811015"
ANA, BEN = "per_ana", "per_ben"
BARBER, CLERK = "per_barber", "per_clerk"
CADRE, OFFICER = "per_cadre", "per_officer"
BARBER_USCC, CINEMA_USCC = "92370899MA0000000B", "91370899MA0000003P"


def registered(bench, person, fact="person_registered", *, sequence=1, **data):  # noqa: F811
    data = {"person_id": person} | ({"is_adult": True} | data if fact in WITH_AGE else data)
    return bench.consume("steward", f"{fact}.v1", data, subject=person, sequence=sequence)


WITH_AGE = {"person_registered", "resident_registered", "resident_returned", "resident_corrected"}


class Town:
    """A community with a barber and a street with a cinema, entered through the real doors."""

    def __init__(self, bench):  # noqa: F811  the fixture of that name
        self.bench = bench

    def begin(self):
        """Hear of the people who act."""
        for person in (ANA, BARBER, CLERK, CADRE):
            self.person(person, sequence=0)
        return self

    def person(self, person, fact="person_registered", *, sequence=1, **data):
        """Hear of a person what steward says of him."""
        return registered(self.bench, person, fact, sequence=sequence, **data)

    def as_resident(self, person=ANA, scope=COMMUNITY):
        return self.bench.as_("R_RESIDENT", person=person, scope=scope)

    def as_partner(self, person=BARBER, scope=COMMUNITY):
        return self.bench.as_("R_PARTNER", person=person, scope=scope)

    def as_cadre(self, person=CADRE, scope=COMMUNITY):
        return self.bench.as_("R_CADRE", person=person, scope=scope)

    def as_street(self, person=OFFICER, scope=STREET):
        return self.bench.as_("R_STREET", person=person, scope=scope)

    def application(self, **changes):
        return {
            "org_name": "巧云理发店",
            "uscc": BARBER_USCC,
            "category": "BARBER",
            "level": "COMMUNITY",
            "area": COMMUNITY,
            "settle_mode": "FUND",
            "operators": [BARBER],
        } | changes

    def partner(self, **changes):
        """Admit a partner; returns its id."""
        official = self.as_street if changes.get("level") == "STREET" else self.as_cadre
        doors = official()
        made = doors.do("register_partner", self.application(**changes))
        for step in ("vet_partner", "agree_partner"):
            made = doors.do(step, {"partner_id": made["id"]}, version=made["version"])
        return made["id"]

    def cinema(self):
        return self.partner(
            org_name="澄湖影城",
            uscc=CINEMA_USCC,
            category="CINEMA",
            level="STREET",
            area=STREET,
            operators=[CLERK],
        )

    def draft(self, partner_id, **changes):
        return {
            "partner_id": partner_id,
            "kind": "SERVICE",
            "title": "理发一次",
            "points_price": 60,
            "face_value_fen": 2500,
            "settle_fen_per_point": 10,
            "stock_total": 5,
            "audience": "BOTH",
            "scope": COMMUNITY,
            "valid_from": "2025-01-02",
            "valid_to": "2025-12-31",
        } | changes

    def offer(self, partner_id, *, operator=BARBER, street=False, **changes):
        """Publish an offer; returns its id."""
        self.as_partner(operator)
        made = self.bench.do("draft_offer", self.draft(partner_id, **changes))
        (self.as_street if street else self.as_cadre)()
        made = self.bench.do("approve_offer", {"offer_id": made["id"]}, version=made["version"])
        self.as_partner(operator)
        self.bench.do("publish_offer", {"offer_id": made["id"]}, version=made["version"])
        return made["id"]

    def request(self, offer_id, *, person=ANA, scope=COMMUNITY, **changes):
        self.as_resident(person, scope)
        return self.bench.do("request_redemption", {"offer_id": offer_id} | changes)["id"]

    def answer(self, fact, redemption_id, **more):
        return self.bench.consume(
            "credit",
            f"{fact}.v1",
            {"redemption_id": redemption_id, "wallet": "RES:x", "points": 1} | more,
            subject=redemption_id,
        )

    def reserve(self, offer_id, **who):
        redemption_id = self.request(offer_id, **who)
        self.answer("points_held", redemption_id)
        return redemption_id

    def card(self, redemption_id, *, person=ANA):
        self.as_resident(person)
        return self.bench.ask("redemption", {"redemption_id": redemption_id})

    def state(self, redemption_id):
        row = self.bench.rows(
            "SELECT state FROM redemptions WHERE redemption_id = :id", id=redemption_id
        )
        return row[0]["state"]

    def voucher(self, redemption_id, *, person=ANA):
        return self.card(redemption_id, person=person)["voucher"]

    def verify(self, redemption_id, *, operator=BARBER, person=ANA):
        code = self.voucher(redemption_id, person=person)
        self.as_partner(operator)
        return self.bench.do("verify_redemption", {"redemption_id": redemption_id, "voucher": code})

    def redeem(self, offer_id, *, operator=BARBER, **who):
        """Carry a redemption to REDEEMED; returns its id."""
        redemption_id = self.reserve(offer_id, **who)
        self.verify(redemption_id, operator=operator, person=who.get("person", ANA))
        self.answer("points_captured", redemption_id)
        return redemption_id

    def cancel(self, redemption_id, *, person=ANA, **body):
        version = self.card(redemption_id, person=person)["version"]
        return self.bench.do(
            "cancel_redemption", {"redemption_id": redemption_id} | body, version=version
        )

    def stock(self, offer_id):
        return self.bench.rows("SELECT stock_left FROM offers WHERE offer_id = :id", id=offer_id)[
            0
        ]["stock_left"]

    def area_defined(self, code):
        """Hear of a place what steward says of it."""
        kind = {6: "DISTRICT", 9: "STREET", 12: "COMMUNITY"}[len(code)]
        said = {"code": code, "name": "x", "kind": kind, "parent": code[:-3]}
        self.bench.consume("steward", "area_defined.v1", said, subject=code)

    def fund(self, budget_fen, *, area=COMMUNITY, period="2025-03"):
        for code in (STREET, area):
            self.area_defined(code)
        self.as_street()
        known = self.bench.rows(
            "SELECT version FROM funds WHERE area = :area AND period = :period",
            area=area,
            period=period,
        )
        version = known[0]["version"] if known else None
        body = {"area": area, "period": period, "budget_fen": budget_fen}
        return self.bench.do("set_fund", body, version=version)

    def statement(self, partner_id, period="2025-03"):
        self.as_street()
        found = self.bench.ask("statements", {"partner_id": partner_id, "period": period})["items"]
        return found[0] if found else None

    def move(self, step, row, **body):
        """Make a statement's step as the person who acts now; a payment has its paper."""
        if step == "pay_statement":
            body = {"payment_ref": "回单 0001"} | body
        return self.bench.do(step, {"statement_id": row["id"]} | body, version=row["version"])


@pytest.fixture
def service_cls():
    return Partner


def begun(bench):  # noqa: F811
    Town(bench).begin()


def with_barber(bench):  # noqa: F811
    bench.barber = Town(bench).partner()


def with_haircut(bench):  # noqa: F811
    bench.haircut = Town(bench).offer(bench.barber)


@pytest.fixture
def town(bench):  # noqa: F811
    return Town(bench.staged(begun))


@pytest.fixture
def barber(town):
    return town.bench.staged(with_barber).barber


@pytest.fixture
def haircut(town, barber):
    return town.bench.staged(with_haircut).haircut
