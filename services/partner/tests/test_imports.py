"""Partners whose agreement is signed, and offers that were approved, come as files."""

import pytest

PARTNERS = "partner_id,org_name,uscc,category,level,area,settle_mode,operators,agreement_ref\n"
BARBER = "ptn_1,示例理发店,92370899MA0000000B,BARBER,COMMUNITY,370811015901,FUND,per_b,协议-1\n"
OFFERS = (
    "offer_id,partner_id,kind,title,points_price,face_value_fen,settle_fen_per_point,stock_total,"
    "audience,scope,valid_from,valid_to,operator,approver\n"
)
CUT = "off_1,ptn_1,SERVICE,理发一次,60,2500,10,50,BOTH,370811015901,2025-01-01,2026-12-31,per_b,per_c\n"


@pytest.fixture
def bench(files):
    return files


def counts(result):
    return result["created"], result["unchanged"], result["refused"]


def test_a_signed_partner_is_active_and_its_offers_are_on_the_list(bench):
    for _ in range(2):
        partners = bench.load("partners", PARTNERS + BARBER)
        offers = bench.load("offers", OFFERS + CUT)
    assert counts(partners) == counts(offers) == (0, 1, 0)
    facts = [event["type"].partition(".")[2] for event in bench.said()]
    assert facts == ["partner_admitted.v1", "partner_operators_changed.v1", "offer_published.v1"]
    (offer,) = bench.rows("select state, created_by, stock_left from offers")
    assert offer == {"state": "PUBLISHED", "created_by": "per_b", "stock_left": 50}


def test_without_an_agreement_a_partner_only_applies(bench):
    bench.load("partners", PARTNERS + BARBER.replace("协议-1", ""))
    assert bench.rows("select state from partners") == [{"state": "APPLIED"}]
    assert bench.said() == []
    # A later file with the agreement signs nothing: what is there stays as it is.
    assert counts(bench.load("partners", PARTNERS + BARBER)) == (0, 1, 0)
    assert bench.rows("select state from partners") == [{"state": "APPLIED"}]
    result = bench.load("offers", OFFERS + CUT)
    assert [error["code"] for error in result["errors"]] == ["PARTNER_NOT_ACTIVE"]


@pytest.mark.parametrize(
    ("old", "new", "column", "code"),
    [
        ("per_b,per_c", "per_b,per_b", "", "CONFLICT_OF_INTEREST"),
        ("per_b,per_c", "per_x,per_c", "", "NOT_FOUND"),
        ("理发一次", "香烟一条", "title", "OFFER_CATEGORY_FORBIDDEN"),
        (",60,", ",6000,", "points_price", "PRICE_RANGE"),
        ("2025-01-01,2026-12-31", "2026-12-31,2025-01-01", "valid_to", "VALIDITY"),
        ("370811015901,2025", "370811015,2025", "scope", "SCOPE_TOO_WIDE"),
        ("SERVICE", "GIFT", "kind", "BAD_CELL"),
    ],
)
def test_a_wrong_offer_is_refused_and_leaves_nothing_behind(bench, old, new, column, code):
    bench.load("partners", PARTNERS + BARBER)
    wrong = CUT.replace("off_1", "off_2").replace(old, new)
    result = bench.load("offers", OFFERS + CUT + wrong)
    assert counts(result) == (1, 0, 1)
    (error,) = result["errors"]
    assert (error["line"], error["column"], error["code"]) == (3, column, code)
    assert [one["offer_id"] for one in bench.rows("select offer_id from offers")] == ["off_1"]


def test_a_wrong_partner_is_refused_by_line_and_column(bench):
    wrong = (
        BARBER.replace("ptn_1", "ptn_2"),
        BARBER.replace("ptn_1", "ptn_3").replace("000B", "000C"),
        BARBER.replace("BARBER", "CINEMA"),
        BARBER.replace("ptn_1", "ptn_4").replace("370811015901", "370811015"),
    )
    result = bench.load("partners", PARTNERS + BARBER + "".join(wrong))
    assert counts(result) == (1, 0, 4)
    assert [(e["line"], e["column"], e["code"]) for e in result["errors"]] == [
        (3, "uscc", "PARTNER_EXISTS"),
        (4, "uscc", "USCC_CHECK"),
        (5, "partner_id", "PARTNER_EXISTS"),
        (6, "area", "LEVEL_AREA"),
    ]


def test_a_dry_run_admits_nobody(bench):
    assert counts(bench.load("partners", PARTNERS + BARBER, dry_run=True)) == (1, 0, 0)
    assert bench.rows("select * from partners") == []
    assert bench.said() == []


def test_every_template_is_taken(bench):
    for card in bench.ask("_importers")["items"]:
        assert counts(bench.load(card["kind"], card["template"])) == (1, 0, 0)


def errors(result):
    return [(one["line"], one["column"], one["code"]) for one in result["errors"]]


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_a_dry_run_of_partners_says_what_the_run_says(bench, batch):
    """Rows that clash lie in different batches."""
    spelled = BARBER.replace("92370899MA0000000B", "92370899-ma00 00000b")
    rows = [
        BARBER,
        BARBER.replace("ptn_1", "ptn_2").replace("370811015901", "370811015902"),
        spelled.replace("ptn_1", "ptn_3"),
        BARBER.replace("BARBER", "CINEMA"),
        spelled,
        spelled.replace("ptn_1", "ptn_4").replace("370811015901", "370811015902"),
    ]
    result = bench.load_twice("partners", PARTNERS + "".join(rows), batch=batch)
    assert counts(result) == (2, 1, 3)
    assert errors(result) == [
        (4, "uscc", "PARTNER_EXISTS"),
        (5, "partner_id", "PARTNER_EXISTS"),
        (7, "uscc", "PARTNER_EXISTS"),
    ]


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_a_dry_run_of_offers_says_what_the_run_says(bench, batch):
    bench.load("partners", PARTNERS + BARBER)
    rows = [CUT, CUT.replace("off_1", "off_2"), CUT.replace("理发一次", "烫发一次"), CUT]
    result = bench.load_twice("offers", OFFERS + "".join(rows), batch=batch)
    assert counts(result) == (2, 1, 1)
    assert errors(result) == [(4, "offer_id", "OFFER_EXISTS")]
