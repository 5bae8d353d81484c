"""Partners whose agreement is signed, and offers that were approved, come as files."""

from contextlib import closing

import pytest

from fivered.chassis.refusal import StateConflict
from fivered.services.partner.errors import ConflictOfInterest
from fivered.services.partner.tests.conftest import registered
from testkit.bench import open_bench

pytestmark = pytest.mark.slow

PARTNERS = "partner_id,org_name,uscc,category,level,area,settle_mode,operators,agreement_ref\n"
BARBER = "ptn_1,示例理发店,92370899MA0000000B,BARBER,COMMUNITY,370811015901,FUND,per_b,协议-1\n"
OFFERS = (
    "offer_id,partner_id,kind,title,points_price,face_value_fen,settle_fen_per_point,stock_total,"
    "audience,scope,valid_from,valid_to,operator,approver\n"
)
CUT = "off_1,ptn_1,SERVICE,理发一次,60,2500,10,50,BOTH,370811015901,2025-01-01,2026-12-31,per_b,per_c\n"


STREET = "370811015"


@pytest.fixture
def bench(files):
    registered(files, "per_b")
    registered(files, "per_1")
    return files


def counts(result):
    return result["created"], result["unchanged"], result["refused"]


def test_a_signed_partner_is_active_and_its_offers_wait_for_approval(bench):
    for _ in range(2):
        partners = bench.load("partners", PARTNERS + BARBER)
        offers = bench.load("offers", OFFERS + CUT)
    assert counts(partners) == counts(offers) == (0, 1, 0)
    facts = [event["type"].partition(".")[2] for event in bench.published()]
    assert facts == ["partner_admitted.v1", "partner_operators_changed.v1"]
    (offer,) = bench.rows("select state, stock_left from offers")
    assert offer == {"state": "DRAFT", "stock_left": 50}


def test_whom_a_file_names_as_approver_has_approved_nothing(bench):
    """t2 A1: an unregistered person, a resident or the importer's invention published an offer."""
    bench.load("partners", PARTNERS + BARBER)
    bench.load("offers", OFFERS + CUT.replace("per_c", "per_nobody"))
    bench.as_("R_CADRE", person="per_c", scope="370811015901")
    (waiting,) = bench.ask("waiting_offers", {})["items"]
    card = bench.ask("offer", {"offer_id": waiting["id"]})
    assert "per_nobody" in card["history"][-1]["note"]
    approved = bench.do("approve_offer", {"offer_id": waiting["id"]}, version=waiting["version"])
    assert approved["state"] == "APPROVED"
    bench.as_("R_PARTNER", person="per_b", scope="370811015901")
    published = bench.do("publish_offer", {"offer_id": waiting["id"]}, version=approved["version"])
    assert published["state"] == "PUBLISHED"


def test_who_imports_an_offer_does_not_approve_it(bench):
    """t2 A1: four eyes, also where the importer is an official of the right level."""
    street = PARTNERS + BARBER.replace("COMMUNITY,370811015901", f"STREET,{STREET}")
    assert counts(bench.load("partners", street)) == (1, 0, 0)
    text = OFFERS + CUT.replace("370811015901,2025", f"{STREET},2025")
    bench.as_("R_STREET", person="per_importer", scope=STREET)
    assert counts(bench.load("offers", text)) == (1, 0, 0)
    bench.as_("R_STREET", person="per_importer", scope=STREET)
    with pytest.raises(ConflictOfInterest):
        bench.do("approve_offer", {"offer_id": "off_1"}, version=1)
    bench.as_("R_STREET", person="per_other", scope=STREET)
    assert bench.do("approve_offer", {"offer_id": "off_1"}, version=1)["state"] == "APPROVED"
    with pytest.raises(StateConflict):
        bench.do("approve_offer", {"offer_id": "off_1"}, version=2)


def test_the_drafts_of_a_file_are_approved_at_once_each_with_its_own_word(bench):
    """A file of 200 offers took 200 calls of a second person."""
    own = (
        BARBER.replace("ptn_1", "ptn_2")
        .replace("per_b", "per_1")
        .replace("92370899MA0000000B", "92370899MA00000084")
    )
    bench.load("partners", PARTNERS + BARBER + own)
    rows = [CUT.replace("off_1", f"off_{number}") for number in (1, 2, 3)]
    rows.append(CUT.replace("off_1", "off_4").replace("ptn_1", "ptn_2"))
    assert counts(bench.load("offers", OFFERS + "".join(rows))) == (4, 0, 0)
    bench.as_("R_CADRE", person="per_1", scope="370811015901")
    bench.do("approve_offer", {"offer_id": "off_2"}, version=1)
    order = [{"offer_id": f"off_{number}", "version": 1} for number in (3, 2, 1, 4, 9)]
    done = bench.do("approve_offers", {"offers": order})
    assert done["approved"] == 2
    assert [(one["id"], one["state"], one.get("code")) for one in done["items"]] == [
        ("off_3", "APPROVED", None),
        ("off_2", "REFUSED", "VERSION_CONFLICT"),
        ("off_1", "APPROVED", None),
        ("off_4", "REFUSED", "CONFLICT_OF_INTEREST"),
        ("off_9", "REFUSED", "NOT_FOUND"),
    ]
    assert all(one["message_en"].isascii() for one in done["items"] if "code" in one)
    states = bench.rows("select offer_id, state from offers order by offer_id")
    assert [one["state"] for one in states] == ["APPROVED", "APPROVED", "APPROVED", "DRAFT"]


def test_who_imported_a_file_approves_none_of_it_at_once_either(bench):
    street = PARTNERS + BARBER.replace("COMMUNITY,370811015901", f"STREET,{STREET}")
    bench.load("partners", street)
    bench.as_("R_STREET", person="per_importer", scope=STREET)
    bench.load("offers", OFFERS + CUT.replace("370811015901,2025", f"{STREET},2025"))
    order = {"offers": [{"offer_id": "off_1", "version": 1}]}
    bench.as_("R_STREET", person="per_importer", scope=STREET)
    assert bench.do("approve_offers", order)["approved"] == 0
    bench.as_("R_STREET", person="per_other", scope=STREET)
    assert bench.do("approve_offers", order)["approved"] == 1


def test_without_an_agreement_a_partner_only_applies(bench):
    bench.load("partners", PARTNERS + BARBER.replace("协议-1", ""))
    assert bench.rows("select state from partners") == [{"state": "APPLIED"}]
    assert bench.published() == []
    # A later file with the agreement signs nothing, and says so (t2 B8).
    (error,) = bench.load("partners", PARTNERS + BARBER)["errors"]
    assert (error["column"], error["code"]) == ("agreement_ref", "PARTNER_DIFFERS")
    assert bench.rows("select state from partners") == [{"state": "APPLIED"}]
    result = bench.load("offers", OFFERS + CUT)
    assert [error["code"] for error in result["errors"]] == ["PARTNER_NOT_ACTIVE"]


@pytest.mark.parametrize(
    ("old", "new", "column", "code"),
    [
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


def test_all_that_is_wrong_with_a_row_is_told_at_once(bench):
    """Only the first wrong cell was told, and of a day that its text is too long."""
    bench.load("partners", PARTNERS + BARBER)
    cells = CUT.replace("SERVICE", "GIFT").replace(",60,", ",many,").replace("BOTH", "ALL")
    rules = (
        CUT.replace("off_1", "off_2")
        .replace(",60,", ",6000,")
        .replace(",10,50", ",11,50")
        .replace("370811015901,2025-01-01,2026-12-31", "370811015,20250301,2026年底")
    )
    result = bench.load("offers", OFFERS + cells + rules)
    assert counts(result) == (0, 0, 2)
    assert errors(result) == [
        (2, "kind", "BAD_CELL"),
        (2, "points_price", "BAD_CELL"),
        (2, "audience", "BAD_CELL"),
        (3, "valid_from", "VALIDITY"),
        (3, "valid_to", "VALIDITY"),
        (3, "scope", "SCOPE_TOO_WIDE"),
        (3, "points_price", "PRICE_RANGE"),
        (3, "settle_fen_per_point", "PRICE_RANGE"),
    ]
    assert "2025-01-31" in result["errors"][3]["expected_zh"]


def test_a_code_of_an_area_is_told_though_it_holds_the_digits_of_another_cell(bench):
    """37: "exceeds the partner's area [settle_fen_per_point]", since 370811015901 holds a 10."""
    bench.load("partners", PARTNERS + BARBER)
    (error,) = bench.load("offers", OFFERS + CUT.replace("901,2025", "902,2025"))["errors"]
    assert error["message_zh"] == "项目适用范围 370811015902 超出合伙人所在区域 370811015901"
    assert error["message_en"] == (
        "The offer's scope 370811015902 exceeds the partner's area 370811015901"
    )


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
    assert bench.published() == []


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


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("示例理发店", "新名理发店", "org_name"),
        ("per_b", "per_1", "operators"),
        ("协议-1", "协议-2", "agreement_ref"),
    ],
)
def test_a_known_partner_with_other_content_is_refused_and_not_called_unchanged(
    bench, old, new, column
):
    """t2 B8: "unchanged 1", and the new name was dropped."""
    bench.load("partners", PARTNERS + BARBER)
    result = bench.load("partners", PARTNERS + BARBER.replace(old, new))
    assert counts(result) == (0, 0, 1)
    (error,) = result["errors"]
    assert (error["column"], error["code"]) == (column, "PARTNER_DIFFERS")


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        (",60,", ",61,", "points_price"),
        (",50,", ",49,", "stock_total"),
        ("BOTH", "STEWARD", "audience"),
        ("2026-12-31", "2026-12-30", "valid_to"),
    ],
)
def test_a_known_offer_with_other_content_is_refused(bench, old, new, column):
    """t2 B8"""
    bench.load("partners", PARTNERS + BARBER)
    bench.load("offers", OFFERS + CUT)
    result = bench.load("offers", OFFERS + CUT.replace(old, new))
    assert counts(result) == (0, 0, 1)
    (error,) = result["errors"]
    assert (error["column"], error["code"]) == (column, "OFFER_DIFFERS")


def test_what_is_wrong_in_a_row_is_said_in_one_language_each(bench):
    """t2 C5: Chinese inside the English, and "partner" inside the Chinese."""
    bench.load("partners", PARTNERS + BARBER)
    turned = CUT.replace("2025-01-01,2026-12-31", "2026-12-31,2025-01-01")
    lost = CUT.replace("off_1", "off_2").replace("ptn_1", "ptn_9")
    wrong, missing = bench.load("offers", OFFERS + turned + lost)["errors"]
    assert wrong["message_en"].isascii()
    assert not any(letter.isascii() and letter.isalpha() for letter in missing["message_zh"])


def test_an_operator_of_whom_nobody_has_said_anything_is_refused(
    service_cls, database_url, tmp_path
):
    """t1 B1: where nobody says anything meanwhile."""
    given = {"FIVERED_BLOBS": str(tmp_path / "blobs"), "FIVERED_IMPORT_PATIENCE_S": "0.5"}
    bench = open_bench(service_cls, database_url, **given)
    with closing(bench.runtime):
        registered(bench, "per_b")
        result = bench.load("partners", PARTNERS + BARBER.replace("per_b", "per_b|per_nobody"))
    (error,) = result["errors"]
    assert (error["column"], error["code"]) == ("operators", "UNKNOWN_PERSON")
