"""Documents through the gateway: a feed, a certificate with the holder's name, files."""

import io
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

import pypdf
import pypdfium2
import pytest
import zxingcpp

from fivered.chassis.embedded import EmbeddedHost
from fivered.gateway.tests.conftest import Site
from fivered.services.credit.service import Credit
from fivered.services.credit.tests import stage, test_commendations
from fivered.services.credit.tests.calendar_of_months import STREET, award, final_month
from fivered.services.steward.service import Steward
from fivered.services.steward.tests.ground import GRID, WANG, Ground
from testkit.bench import open_bench
from testkit.waiting import wait_until

RESIDENT = ({"role": "R_RESIDENT", "scope": GRID},)
STAFF = ({"role": "R_STREET", "scope": STREET},)
BASE = "https://wuhong.example"
NS = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def site(tmp_path):
    """A gateway in front of credit and steward, in which Wang was commended."""
    blobs = str(tmp_path / "blobs")
    steward = open_bench(Steward, f"sqlite:///{tmp_path}/steward.sqlite", FIVERED_SYNTHETIC="1")
    Ground(steward).begin()
    credit = open_bench(Credit, f"sqlite:///{tmp_path}/credit.sqlite", FIVERED_BLOBS=blobs)
    credit.at("2025-02-20T09:00")
    stage.rules(credit)
    stage.resident(credit, WANG, test_commendations.ALL)
    credit.at("2025-03-03T09:00")
    award(credit, f"RES:{WANG}", "R-RES-13", level="NATION")
    for period in test_commendations.MONTHS:
        final_month(credit, period)
    credit.at("2025-07-01T09:00")
    made = test_commendations.publicised(credit, f"RES:{WANG}")
    credit.fire("2025-07-09T09:00")
    test_commendations.approve(credit, made)
    given = test_commendations.approve(credit, made, verb="grant")
    host = EmbeddedHost({"credit": credit.runtime, "steward": steward.runtime})
    host.start()
    site = Site(host).build(services=("credit", "steward"), extra=(), blobs=blobs, public_url=BASE)
    site.code = given["certificates"][f"RES:{WANG}"]
    yield site
    host.stop()


@pytest.mark.covers("C15", "N24", "REQ-L03")
def test_a_certificate_names_its_holder_as_each_viewer_may_see_him(site):
    path = f"/v1/credit/certificates/{site.code}"
    proof = site.ask("GET", path, grants=None)
    assert proof.status_code == 200, proof.text
    assert proof.json()["state"] == "VALID"
    assert "王" not in proof.text
    everybody = site.ask("GET", f"{path}/document", grants=None)
    assert everybody.headers["content-type"] == "application/pdf"
    assert "王*丽" in text_of(everybody.content)
    # And who gives it: the place for which it was opened.
    issuer = proof.json()["issuer"]
    assert issuer
    assert issuer in text_of(everybody.content)
    own = site.ask("GET", f"{path}/document", person=WANG, grants=RESIDENT)
    assert "王小丽" in text_of(own.content)
    picture = pypdfium2.PdfDocument(own.content)[0].render(scale=3).to_pil()
    [code] = zxingcpp.read_barcodes(picture)
    assert code.text == f"{BASE}/certificates/{site.code}"
    # What stands in the code is a page of this gateway, for whoever scans it.
    page = site.ask("GET", code.text.removeprefix(BASE), grants=None)
    assert page.headers["content-type"].startswith("text/html")
    for shown in ("有效", "王*丽", issuer, proof.json()["number"], proof.json()["title"]):
        assert shown in page.text, shown
    assert WANG not in page.text
    assert "王小丽" not in page.text
    nothing = site.ask("GET", "/certificates/crt_nothing", grants=None)
    assert (nothing.status_code, 'role="alert"' in nothing.text) == (404, True)
    fonts = pypdf.PdfReader(io.BytesIO(own.content)).pages[0]["/Resources"]["/Font"].values()
    # The program that writes PDF names Helvetica on every page; nothing is drawn with it.
    used = [font for one in fonts if (font := one.get_object())["/BaseFont"] != "/Helvetica"]
    assert used
    # A reader that does not have the font would draw nothing.
    assert all("/FontFile2" in font["/FontDescriptor"].get_object() for font in used)
    assert site.ask("GET", "/v1/credit/certificates/revoked", grants=None).json()["items"] == []
    missing = site.ask("GET", "/v1/credit/certificates/crt_nothing/document", grants=None)
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"


def text_of(content):
    return pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text()


@pytest.mark.covers("C9")
def test_everybody_can_subscribe_to_the_notices_of_a_place(site):
    answer = site.ask("GET", f"/v1/credit/notices.atom?scope={STREET}", grants=None)
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(answer.content)
    known = {"If-None-Match": answer.headers["etag"]}
    again = site.ask("GET", f"/v1/credit/notices.atom?scope={STREET}", grants=None, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    newest = parsedate_to_datetime(answer.headers["last-modified"])
    assert newest.isoformat() == feed.find("a:updated", NS).text
    assert "Authorization" not in answer.headers["vary"]
    kinds = [entry.find("a:category", NS).get("term") for entry in feed.findall("a:entry", NS)]
    assert kinds[0] == "COMMENDATION"
    assert "SETTLEMENT" in kinds
    wrong = site.ask("GET", "/v1/credit/notices.atom?scope=x", grants=None)
    assert wrong.status_code == 422


@pytest.mark.covers("REQ-L08")
def test_a_file_is_asked_for_made_and_given_only_to_who_asked(site):
    order = {"kind": "STATEMENT", "format": "CSV"}
    asked = site.ask("POST", "/v1/credit/exports", person=WANG, grants=RESIDENT, json=order)
    assert asked.status_code == 202, asked.text
    path = f"/v1/credit/exports/{asked.json()['id']}"

    def card():
        return site.ask("GET", path, person=WANG, grants=RESIDENT).json()

    assert wait_until(lambda: card()["state"] == "READY", 30)
    given = site.ask("GET", f"{path}/file", person=WANG, grants=RESIDENT)
    assert given.status_code == 200, given.text
    assert given.headers["content-type"] == "text/csv; charset=utf-8"
    assert given.headers["content-disposition"].startswith("attachment;")
    assert given.content.startswith("\ufeff入账时间,行为时间,".encode())
    assert len(given.content) == card()["size"]
    other = site.ask("GET", f"{path}/file", person="per_x", grants=STAFF)
    assert other.status_code == 404
    denied = site.ask(
        "POST",
        "/v1/credit/exports",
        person="per_x",
        grants=RESIDENT,
        json={"kind": "TRIAL_BALANCE", "format": "CSV"},
    )
    assert (denied.status_code, denied.json()["code"]) == (403, "ROLE_DENIED")


# What would be personal in an answer to everybody; ids are platform numbers, not identity numbers.
PERSONAL = {"name", "phone", "work_phone", "id_no", "address", "building", "dwelling", "birth_year"}


def members_in(value):
    """Every member name of an answer, however deep."""
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from members_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members_in(inner)


@pytest.mark.covers("N19", "REQ-L03")
def test_public_answers_of_credit_have_no_member_that_is_personal(site):
    document = site.ask("GET", "/openapi.json", grants=None).json()
    schemas = document["components"]["schemas"]
    public = [
        (path, verbs["get"])
        for path, verbs in document["paths"].items()
        if path.startswith("/v1/credit/") and {} in verbs.get("get", {}).get("security", [])
    ]
    assert len(public) >= 8
    for path, operation in public:
        for kind, content in operation["responses"]["200"]["content"].items():
            if kind == "application/json":
                schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
                # A file has a name of its own.
                own = {"name"} if path.endswith("/files/{file_id}") else set()
                assert not PERSONAL & set(schema.get("properties", {})) - own, path
    # And what is really answered, of the notices that hang and the certificate that was given.
    listed = site.ask("GET", f"/v1/credit/notices?scope={STREET}", grants=None).json()["items"]
    for one in listed:
        found = site.ask("GET", f"/v1/credit/notices/{one['id']}", grants=None)
        assert not PERSONAL & set(members_in(found.json())), one["kind"]
        assert "王" not in found.text
    for path in ("leaderboards/370811?kind=PRJ", f"certificates/{site.code}"):
        found = site.ask("GET", f"/v1/credit/{path}", grants=None)
        assert found.status_code == 200, found.text
        assert not PERSONAL & set(members_in(found.json()))
    refused = site.ask("GET", "/v1/credit/leaderboards/370811?kind=RES", grants=None)
    assert refused.json()["guard"] == "NOT_FOR_PERSONS"
    refused = site.ask("GET", f"/v1/credit/organisations/RES:{WANG}/negatives", grants=None)
    assert refused.json()["guard"] == "NOT_FOR_PERSONS"
