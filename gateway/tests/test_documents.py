"""Documents that the gateway writes: a valid feed, a certificate whose QR code can be scanned."""

import io
from xml.etree import ElementTree as ET

import pypdf
import pypdfium2
import pytest
import zxingcpp
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from fivered.chassis.replies import Reply
from fivered.gateway.certificate import certificate_pdf, fitted, loaded, shown, wrapped
from fivered.gateway.documents import PDF, atom, font_at, public_url
from fivered.gateway.doors import PUBLIC, Doors
from fivered.gateway.tests.conftest import Site, settings
from fivered.gateway.vote_paper import vote_pdf

pytestmark = pytest.mark.slow

NS = {"a": "http://www.w3.org/2005/Atom"}
URL = "https://wuhong.example/v1/credit/certificates/crt_019f0000-0000-7000-8000-000000000001"
CERTIFICATE = {
    "code": "crt_019f0000-0000-7000-8000-000000000001",
    "number": "ZS-20250709-811015-00001",
    "state": "VALID",
    "title": "2025年二季度最美邻居",
    "form": "NOTICE",
    "level": "STREET",
    "approval_doc_no": None,
    "granted_at": "2025-07-08T17:00:00+00:00",
}


def scanned(content):
    page = pypdfium2.PdfDocument(content)[0]
    return [found.text for found in zxingcpp.read_barcodes(page.render(scale=3).to_pil())]


@pytest.mark.covers("C15")
def test_the_qr_code_of_a_certificate_leads_to_where_it_is_verified():
    made = certificate_pdf(CERTIFICATE, name="王*丽", url=URL)
    assert scanned(made) == [URL]
    page = pypdf.PdfReader(io.BytesIO(made)).pages[0]
    text = page.extract_text()
    for part in ("荣誉证书", "王*丽", "2025年二季度最美邻居", "街道级", "2025年7月9日", URL):
        assert part in text, part
    assert [note.get_object()["/A"]["/URI"] for note in page["/Annots"]] == [URL]
    assert "REVOKED" not in text


def test_a_certificate_says_who_gives_it():
    """H3-12: nobody was named who gives it."""
    text = text_of(
        certificate_pdf(CERTIFICATE | {"issuer": "任城区金城街道"}, name="王*丽", url=URL)
    )
    assert "任城区金城街道" in text


def test_the_same_certificate_is_the_same_file_and_a_revoked_one_says_so():
    made = certificate_pdf(CERTIFICATE, name="王*丽", url=URL)
    assert certificate_pdf(CERTIFICATE, name="王*丽", url=URL) == made
    revoked = certificate_pdf(CERTIFICATE | {"state": "REVOKED"}, name="王*丽", url=URL)
    assert "已撤销" in pypdf.PdfReader(io.BytesIO(revoked)).pages[0].extract_text()


def notice(**more):
    return {
        "id": "gs_1",
        "number": "GS-X-20250408-015901-00001",
        "kind": "SETTLEMENT",
        "scope": "370811015901",
        "period": "2025-03",
        "published_at": "2025-04-08T01:00:00+00:00",
        "ends_at": "2025-04-15T16:00:00+00:00",
        "title": None,
        "corrects": None,
    } | more


@pytest.mark.covers("C9")
def test_a_feed_has_what_rfc_4287_asks_for():
    made = atom(
        [
            notice(id="gs_2", corrects="gs_1"),
            notice(kind="COMMENDATION", title="<最美邻居> & 好人"),
        ],
        base="https://wuhong.example",
        path="/v1/credit/notices.atom",
        params=[("scope", "370811015901"), ("cursor", "a|b")],
        following="c|d",
    )
    feed = ET.fromstring(made)
    assert feed.tag == f"{{{NS['a']}}}feed"
    for name in ("id", "title", "updated", "author/a:name"):
        assert feed.findtext(f"a:{name}", namespaces=NS)
    links = {link.get("rel"): link.get("href") for link in feed.findall("a:link", NS)}
    assert links["self"].startswith("https://wuhong.example/v1/credit/notices.atom?scope=")
    assert links["next"].endswith("scope=370811015901&cursor=c%7Cd")
    entries = feed.findall("a:entry", NS)
    assert [entry.findtext("a:id", namespaces=NS) for entry in entries] == [
        "urn:fivered:notice:gs_2",
        "urn:fivered:notice:gs_1",
    ]
    assert entries[1].findtext("a:title", namespaces=NS) == "表彰公示 <最美邻居> & 好人"
    for entry in entries:
        for name in ("title", "updated", "published", "summary"):
            assert entry.findtext(f"a:{name}", namespaces=NS)
        assert entry.find("a:link[@rel='alternate']", NS) is not None
    related = entries[0].find("a:link[@rel='related']", NS)
    assert related.get("href") == "https://wuhong.example/notices/gs_1"


def test_an_empty_feed_is_a_feed():
    made = atom([], base="https://x", path="/f", params=[], following=None)
    assert ET.fromstring(made).findtext("a:updated", namespaces=NS).startswith("1970-01-01")


def test_the_public_address_is_a_setting_and_never_what_a_caller_writes():
    assert public_url(settings(public_url="https://wuhong.example/")) == "https://wuhong.example"
    assert public_url(settings(host="127.0.0.1", port=8000)) == "http://127.0.0.1:8000"


def test_long_titles_are_wrapped():
    assert wrapped("一二三四五", 2) == ["一二", "三四", "五"]
    assert wrapped("", 2) == [""]


@pytest.mark.parametrize("sign", ["\u0007", "\u0000", "\u001f", "\ufffe", "\ud800"])
def test_a_sign_that_xml_does_not_know_leaves_the_feed_readable(sign):
    """SEC low 6: one control character in a title, and no reader took the district's feed."""
    made = atom(
        [notice(title=f"季度{sign}之星")], base="https://x", path="/f", params=[], following=None
    )
    title = ET.fromstring(made).findtext("a:entry/a:title", namespaces=NS)
    assert title == "月度赋分公示 季度\ufffd之星"


def text_of(content):
    return pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()


def test_the_result_of_an_owners_vote_is_a_paper_with_every_line_and_its_digest():
    text = "结果:通过 🏠\n" + "".join(f"第{n}项:{'甲' * 60}\n" for n in range(40))
    vote = {"id": "owv_1", "number": "YZ-1", "document": text, "document_sha256": "ab" * 32}
    made = vote_pdf(vote, url="https://wuhong.example/owners-votes/owv_1")
    assert vote_pdf(vote, url="https://wuhong.example/owners-votes/owv_1") == made
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages]
    assert len(pages) == 3
    whole = "".join(pages)
    assert all(f"第{n}项:" in whole for n in range(40))
    assert whole.count("甲") == 40 * 60
    for number, page in enumerate(pages, 1):
        assert "ab" * 32 in page
        assert "/owners-votes/owv_1" in page
        assert f"第 {number}/3 页" in page


def test_a_character_that_no_font_draws_is_marked_and_named_and_never_left_out():
    """IN-A12: the certificate of 𠮷永年 showed 永年."""
    text = text_of(certificate_pdf(CERTIFICATE, name="𠮷永年", url=URL))
    assert "〓永年" in text
    assert "U+20BB7" in text
    for drawn in ("龚䶮", "㛃丽"):
        plain = text_of(certificate_pdf(CERTIFICATE, name=drawn, url=URL))
        assert drawn in plain
        assert "U+" not in plain


@pytest.fixture
def font(tmp_path):
    """A font of two signs beyond U+FFFF, full squares."""
    pen = TTGlyphPen(None)
    for n, corner in enumerate(((0, 0), (0, 900), (900, 900), (900, 0))):
        (pen.lineTo if n else pen.moveTo)(corner)
    pen.closePath()
    square, empty = pen.glyph(), TTGlyphPen(None).glyph()
    made = FontBuilder(1000)
    made.setupGlyphOrder([".notdef", "one", "two"])
    made.setupCharacterMap({0x20BB7: "one", 0x2123D: "two"})
    made.setupGlyf({".notdef": empty, "one": square, "two": square})
    made.setupHorizontalMetrics(dict.fromkeys((".notdef", "one", "two"), (1000, 0)))
    made.setupHorizontalHeader(ascent=900, descent=-100)
    made.setupNameTable({"familyName": "Rare", "styleName": "Regular", "psName": "Rare"})
    made.setupOS2(sTypoAscender=900, sTypoDescender=-100)
    made.setupPost()
    made.save(tmp_path / "rare.ttf")
    return str(tmp_path / "rare.ttf")


def test_a_rare_name_is_drawn_where_there_is_a_font_for_it(font):
    """IN-A12: names of extension B and beyond; what that font lacks too is marked still."""
    given = CERTIFICATE | {"title": "𠮷祥之家", "approval_doc_no": "𡈽表〔2025〕1号"}
    made = certificate_pdf(given, name="𠮷永年\U0003ffff", url=URL, rare=font_at(font))
    text = text_of(made)
    # What it draws is seen and cannot be copied: reportlab says no sign beyond U+FFFF in words.
    assert (text.count("〓"), "U+3FFFF" in text, "U+20BB7" in text) == (2, True, False)
    page = pypdfium2.PdfDocument(made)[0].render(scale=1).to_pil().convert("L")
    assert page.getpixel((378, 180)) < 80, "the first sign of the name"
    plain = pypdfium2.PdfDocument(certificate_pdf(given, name="永年", url=URL))[0]
    assert plain.render(scale=1).to_pil().convert("L").getpixel((378, 180)) > 200
    assert font_at("/no/such/font.ttf") == font_at("") == ""


def test_signs_of_a_title_and_of_a_document_s_number_are_named_too():
    """IN-A12: in the title the mark stood alone; in the number the sign was left out."""
    given = CERTIFICATE | {"title": "𠮷祥之家", "approval_doc_no": "𡈽表〔2025〕1号"}
    text = text_of(certificate_pdf(given, name="王*丽", url=URL))
    assert "〓祥之家" in text
    assert "表彰名称中的“〓”依次为:U+20BB7" in text
    assert "批准文号:〓表" in text
    assert "批准文号中的“〓”依次为:U+2123D" in text


def test_the_form_of_a_character_is_no_sign_of_its_own():
    """IN-A12, note 4: a name with a variation selector bore a mark for what nobody writes."""
    text = text_of(certificate_pdf(CERTIFICATE, name="葛\U000e0100丽辻\ufe00", url=URL))
    assert "葛丽辻" in text
    assert "〓" not in text


@pytest.mark.parametrize("name", ["买买提·吐尔逊" * 29, "阿" * 206, "Ab " * 60, "𠮷" * 200])
def test_a_long_name_stays_within_the_border(name):
    """IN-A12: a name of 206 characters ran over both borders."""
    from reportlab.pdfbase import pdfmetrics

    loaded("")  # Whichever test is the first of its process.
    drawn, _ = shown(name)
    lines, size = fitted(
        drawn,
        682,
        lambda text, size: pdfmetrics.stringWidth(text, "STSong-Light", size),
        sizes=range(28, 11, -2),
    )
    assert "".join(lines) == drawn
    assert all(pdfmetrics.stringWidth(line, "STSong-Light", size) <= 682 for line in lines)
    made = certificate_pdf(
        CERTIFICATE | {"approval_doc_no": "任表〔2025〕" * 12}, name=name, url=URL
    )
    page = pypdf.PdfReader(io.BytesIO(made)).pages[0]
    seen = []

    def look(text, _, matrix, *_more):
        if text.strip():
            seen.append((matrix[4], matrix[5], text))

    page.extract_text(visitor_text=look)
    assert min(x for x, _, _ in seen) >= 36
    assert min(y for _, y, _ in seen) >= 36
    assert scanned(made) == [URL]


class Certifying:
    """A credit that has given a person a certificate."""

    async def call(self, *_asked, **_rest):
        return CERTIFICATE | {"kind": "RES", "ref": "per_7", "person_id": "per_7"}

    async def state(self):
        return {"bus": "up"}


def test_a_certificate_shows_no_id_where_nobody_can_name_its_bearer():
    """SP-D32, its kind: without steward the certificate of a person bore the id."""
    doors = Doors("credit", tag="信用 / Credit")
    doors.query(
        "GET", "/certificates/{code}/document", "certificate_document", reply=Reply, roles=PUBLIC,
        summary="证书 / Certificate", produces=PDF,
    )  # fmt: skip
    site = Site(Certifying()).build(services=("credit",), extra=(doors,))
    answer = site.ask("GET", "/v1/credit/certificates/crt_1/document", grants=None)
    assert answer.status_code == 200, answer.text
    text = text_of(answer.content)
    assert "不公开姓名" in text
    assert "per_7" not in text
