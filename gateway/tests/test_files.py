"""Photos and papers: taken whole or in parts, known by their content, read by an address."""

import base64
import hashlib
import hmac
import io
import os
import socketserver
import struct
import threading
import time
import zipfile
import zlib
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import anyio
import msgspec
import pytest
import sqlalchemy as sa
from PIL import Image

from fivered.chassis.files import sweep_kept, sweep_uploads
from fivered.chassis.kept import kept_in
from fivered.gateway.files import named, signed
from fivered.gateway.identity import issue
from fivered.gateway.tests.conftest import DISTRICT, RESIDENT, Site, problem_of
from testkit.bench import KEY
from testkit.disks import small_disk

pytestmark = pytest.mark.slow


def photo(form="JPEG", size=(1600, 1200), **more):
    picture = Image.new("RGB", size, (180, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # stands on its side
    exif[0x010F] = "Owner of the phone"
    exif.get_ifd(0x8825).update({1: "N", 2: (39.0, 54.0, 26.0), 3: "E", 4: (116.0, 23.0, 29.0)})
    out = io.BytesIO()
    picture.save(out, form, exif=exif, **more)
    return out.getvalue()


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/"), content)
    return out.getvalue()


DOCX = {"[Content_Types].xml": "<Types/>", "word__document.xml": "<w/>"}
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\n%%EOF\n"


@pytest.fixture
def site(toy, place):
    return Site(toy).build(extra=(toy.doors,), **asdict(place), file_points=4_000_000)


def send(site, content, name="照片.jpg", media_type="application/octet-stream", **more):
    return site.ask(
        "POST", f"/v1/files?name={name}", content=content,
        headers={"Content-Type": media_type}, **more,
    )  # fmt: skip


def attach(site, *files, counter="c1", **more):
    body = {"counter_id": counter, "media": list(files)}
    return site.ask("POST", "/v1/toy/proofs", json=body, **more)


def kept(place):
    found = kept_in(place).older("toy", time.time() + 60)
    return sorted(key.rpartition("/")[2] for some in found for key in some)


def waiting(folder):
    return list(folder.glob("uploads/*/*"))


def test_a_photo_loses_place_and_owner_and_is_read_by_an_address(site, place):
    answer = send(site, photo(), name="现场 13805310000.jpg")
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert sent["media_type"] == "image/jpeg"
    assert sent["name"] == "现场 _.jpg"
    assert attach(site, sent["id"], "旧编号 7").status_code == 201
    listed = site.ask("GET", "/v1/toy/files?thing=c1").json()["items"]
    assert [(one["id"], one["name"]) for one in listed] == [(sent["id"], sent["name"])]
    card = site.ask("GET", f"/v1/toy/files/{sent['id']}").json()
    assert datetime.fromisoformat(card["expires_at"]).timestamp() - time.time() < 301
    got = site.ask("GET", card["url"], grants=None)
    assert got.status_code == 200
    said = got.headers
    assert said["content-type"] == "image/jpeg"
    assert said["content-disposition"].startswith("inline; filename*=utf-8''")
    assert (said["x-content-type-options"], "sandbox" in said["content-security-policy"]) == (
        "nosniff", True,
    )  # fmt: skip
    assert hashlib.sha256(got.content).hexdigest() == sent["sha256"]
    seen = Image.open(io.BytesIO(got.content))
    assert seen.size == (1200, 1600)
    assert (dict(seen.getexif()), b"Owner" in got.content, b"Exif" in got.content) == (
        {}, False, False,
    )  # fmt: skip
    for size, side in (("small", 320), ("medium", 1280)):
        less = site.ask("GET", card["previews"][size], grants=None)
        assert max(Image.open(io.BytesIO(less.content)).size) == side
        assert less.headers["etag"] != said["etag"]
    part = site.ask("GET", card["url"], grants=None, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, got.content[:10])
    again = site.ask("GET", card["url"], grants=None, headers={"If-None-Match": said["etag"]})
    assert again.status_code == 304
    # After a restore the smaller ones are made anew.
    for name in kept(place):
        if name.endswith(".small"):
            kept_in(place).remove(f"toy/{name}")
    assert site.ask("GET", card["previews"]["small"], grants=None).status_code == 200


def test_other_pictures_lose_it_as_well(site):
    for form in ("PNG", "WEBP"):
        loses_it(site, form)


# 96 x 64 points on their side (upright 64 x 96, blue above red), with place and owner; made by
# pillow-heif.
HEIC = (Path(__file__).parent / "data" / "phone.heic").read_bytes()


def test_what_newer_phones_take_is_kept_as_a_picture_that_everybody_sees(site):
    answer = send(site, HEIC, name="IMG_0001.HEIC")
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert (sent["media_type"], sent["name"]) == ("image/jpeg", "IMG_0001.jpg")
    attach(site, sent["id"])
    card = site.ask("GET", f"/v1/toy/files/{sent['id']}").json()
    got = site.ask("GET", card["url"], grants=None)
    assert got.headers["content-type"] == "image/jpeg"
    seen = Image.open(io.BytesIO(got.content))
    (red, _, blue), (red_below, _, blue_below) = seen.getpixel((32, 8)), seen.getpixel((32, 88))
    assert (seen.size, blue > 150 > red, red_below > 150 > blue_below) == ((64, 96), True, True)
    assert (dict(seen.getexif()), b"Owner" in got.content) == ({}, False)
    assert site.ask("GET", card["previews"]["small"], grants=None).status_code == 200


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (HEIC[:40], 422, "FILE_DAMAGED"),
        (HEIC[:-60], 422, "FILE_DAMAGED"),
        (HEIC[:300] + b"\xff" * 12 + HEIC[312:], 422, "FILE_DAMAGED"),
        (HEIC.replace(b"ftypheic", b"ftypisom"), 415, "FILE_KIND_REFUSED"),
        # It says that it is 65,535 points wide and high.
        (HEIC[:362] + b"\x00\x00\xff\xff" * 2 + HEIC[370:], 422, "PICTURE_TOO_LARGE"),
    ],
)  # fmt: skip
def test_a_broken_one_of_those_is_told(site, content, status, code):
    answer = send(site, content)
    assert (answer.status_code, problem_of(answer)["code"]) == (status, code), answer.text


def loses_it(site, form):
    sent = send(site, photo(form)).json()
    assert sent["media_type"] == f"image/{form.lower()}"
    assert sent["name"].endswith(f".{form.lower()}")
    attach(site, sent["id"])
    url = site.ask("GET", f"/v1/toy/files/{sent['id']}").json()["url"]
    assert dict(Image.open(io.BytesIO(site.ask("GET", url).content)).getexif()) == {}


CADRE = {"role": "R_CADRE", "scope": "370811015901"}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def pdf(*objects):
    body = b"".join(b"%d 0 obj %s endobj\n" % (n, one) for n, one in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"%%EOF\n"


def packed(content, kind=b"/Type /ObjStm"):
    data = zlib.compress(content)
    head = b"<< %s /Filter /FlateDecode /Length %d >>" % (kind, len(data))
    return head + b" stream\n" + data + b"\nendstream"


JAVASCRIPT = b"<< /S /JavaScript /JS (app.alert(1)) >>"
OF_KINDS = [
    (pdf(JAVASCRIPT), 415, "ACTIONS_REFUSED"),
    (pdf(b"<< /S /J#61vaScript /J#53 (x) >>"), 415, "ACTIONS_REFUSED"),
    (pdf(b"<< /S /Launch /F (a.exe) >>"), 415, "ACTIONS_REFUSED"),
    (pdf(packed(b"1 0 " + JAVASCRIPT)), 415, "ACTIONS_REFUSED"),
    (pdf(packed(bytes(70_000_000))), 422, "FILE_UNPACKS_TOO_LARGE"),
    # What a page draws is no action, nor is a name that only begins like one.
    (pdf(packed(JAVASCRIPT, b"/Type /XObject"), b"<< /JSX 1 /Launches 2 >>"), 201, ""),
    (pdf(b"<< /S /GoTo /D [1 0 R /Fit] >>"), 201, ""),
    (b"<html><script>alert(1)</script>", 415, "FILE_KIND_REFUSED"),
    (b"MZ\x90\x00", 415, "FILE_KIND_REFUSED"),
    (b"", 415, "FILE_KIND_REFUSED"),
    (b"GIF89a....", 415, "FILE_KIND_REFUSED"),
    (archive(a__b="x"), 415, "FILE_KIND_REFUSED"),
    (archive(**DOCX, word__vbaProject__bin="x"), 201, ""),
    (archive(**DOCX, **{"word/vbaProject.bin": "x"}), 415, "MACROS_REFUSED"),
    (archive(**DOCX | {"[Content_Types].xml": "macroEnabled"}), 415, "MACROS_REFUSED"),
    (OLE + "WordDocument\0_VBA_PROJECT".encode("utf-16-le"), 415, "MACROS_REFUSED"),
    (OLE + "WordDocument\0".encode("utf-16-le"), 201, ""),
    (archive(**DOCX, bomb=bytes(30_000_000)), 422, "FILE_UNPACKS_TOO_LARGE"),
    (archive(**DOCX)[:60], 422, "FILE_DAMAGED"),
    (photo()[:3000], 422, "FILE_DAMAGED"),
    (photo(size=(3000, 2000)), 422, "PICTURE_TOO_LARGE"),
    (archive(**DOCX), 201, ""),
    (PDF, 201, ""),
]


def test_what_a_file_is_its_content_says(site, folder):
    """A page that calls itself a picture, a program, a bomb: nothing of it is kept."""
    for content, status, code in OF_KINDS:
        before = len(waiting(folder))
        answer = send(site, content, name="照片.jpg", media_type="image/jpeg")
        assert answer.status_code == status, (answer.text, content[:200])
        if code:
            assert problem_of(answer)["code"] == code
            assert len(waiting(folder)) == before


def test_a_file_is_larger_than_its_kind_may_be(toy, place, folder):
    site = Site(toy).build(extra=(toy.doors,), **asdict(place), file_kinds=("pdf:1", "jpg:2"))
    assert problem_of(send(site, PDF + bytes(1_100_000)))["code"] == "FILE_TOO_LARGE"
    assert problem_of(send(site, PDF + bytes(3_000_000)))["code"] == "BODY_TOO_LARGE"
    assert problem_of(send(site, photo("PNG")))["code"] == "FILE_KIND_REFUSED"
    assert waiting(folder) == []


def test_a_form_holds_one_file_and_says_its_name(site):
    answer = site.ask("POST", "/v1/files", files={"file": ("../../会议纪要.exe", PDF, "x/y")})
    assert answer.status_code == 201, answer.text
    assert answer.json()["name"] == "会议纪要.pdf"
    two = [("a", ("a.pdf", PDF)), ("b", ("b.pdf", PDF))]
    assert problem_of(site.ask("POST", "/v1/files", files=two))["code"] == "FORM_UNREADABLE"


def test_names_lose_what_nobody_sees():
    assert named("a\u202egpj.exe", "jpg") == "agpj.jpg"
    assert named("C:\\x\\合同.docx", "docx") == "合同.docx"
    assert named("..", "pdf") == "file.pdf"


def test_the_same_key_is_the_same_file(site, folder):
    first = send(site, PDF, key="k1")
    again = send(site, PDF, key="k1")
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = send(site, PDF + b"%", key="k1")
    assert problem_of(other)["code"] == "IDEMPOTENCY_MISMATCH"
    assert len(waiting(folder)) == 1


def test_who_sends_too_many_waits_a_day(toy, place):
    site = Site(toy).build(extra=(toy.doors,), **asdict(place), files_a_day=2)
    assert [send(site, PDF).status_code for _ in range(3)] == [201, 201, 429]
    assert send(site, PDF, person="per_2").status_code == 201
    assert send(site, PDF, grants=None).status_code == 401


# --------------------------------------------------------------------------------------------------
# In parts


def cut_off(site, path, content):
    """Send the beginning of a body, as the server tells it when the line breaks after that."""
    told = [
        {"type": "http.request", "body": content, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return told.pop(0)

    async def send(_message):
        pass

    path, _, query = path.partition("?")
    bearer = f"Bearer {issue(KEY, 'per_1', (DISTRICT,), 1)}"
    scope = {
        "type": "http", "method": "PATCH", "path": path, "query_string": query.encode(),
        "headers": [(b"authorization", bearer.encode())], "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("gateway", 80), "http_version": "1.1",
        "raw_path": path.encode(), "root_path": "",
    }  # fmt: skip
    anyio.run(site.app, scope, receive, send)


def test_an_upload_goes_on_after_a_cut_connection(site):
    content = photo(quality=95, size=(1900, 1900))
    told = {"name": "现场.jpg", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    begun = site.ask("POST", "/v1/files/uploads", json=told, key="u1")
    assert begun.status_code == 201, begun.text
    where = begun.headers["location"]

    raw = {"Content-Type": "application/octet-stream"}
    cut_off(site, f"{where}?offset=0", content[:5000])
    asked = site.ask("GET", where)
    assert (asked.json()["offset"], asked.json()["file"]) == (5000, None)
    assert site.ask("HEAD", where).headers["upload-offset"] == "5000"
    # Begun again under the same key, it is the same upload.
    assert site.ask("POST", "/v1/files/uploads", json=told, key="u1").json()["offset"] == 5000
    wrong = site.ask("PATCH", f"{where}?offset=0", content=content, headers=raw)
    assert problem_of(wrong)["code"] == "OFFSET_WRONG"
    assert attach(site, begun.json()["id"]).status_code == 422
    rest = site.ask("PATCH", f"{where}?offset=5000", content=content[5000:], headers=raw)
    assert rest.status_code == 200, rest.text
    assert rest.json()["file"]["media_type"] == "image/jpeg"
    assert attach(site, begun.json()["id"]).status_code == 201
    late = site.ask("PATCH", f"{where}?offset=9", content=b"x", headers=raw)
    assert problem_of(late)["code"] == "STATE_CONFLICT"


def test_what_comes_is_what_was_announced(site, folder):
    told = {"name": "a.pdf", "size": len(PDF), "sha256": "0" * 64}
    where = site.ask("POST", "/v1/files/uploads", json=told).headers["location"]
    raw = {"Content-Type": "application/octet-stream"}
    longer = site.ask("PATCH", f"{where}?offset=0", content=PDF + b"%", headers=raw)
    assert problem_of(longer)["code"] == "BODY_TOO_LARGE"
    other = site.ask("PATCH", f"{where}?offset=0", content=PDF, headers=raw)
    assert problem_of(other)["code"] == "FILE_CHANGED"
    assert waiting(folder) == []
    foreign = site.ask("GET", where, person="per_2")
    assert foreign.status_code == 404


# --------------------------------------------------------------------------------------------------
# Whose


def test_a_command_names_files_of_its_own_caller_only(site, toy, place, folder):
    sent = send(site, PDF).json()
    for one, person in ((sent["id"], "per_2"), (sent["id"][:-1] + "z", "per_1")):
        body = attach(site, one, person=person)
        assert body.status_code == (422 if person == "per_2" else 201)
    missing = f"fil_{'0' * 8}-0000-0000-0000-{'0' * 12}"
    problem = problem_of(attach(site, missing))
    assert (problem["guard"], problem["field"]) == ("UNKNOWN_FILE", "media")
    assert kept(place) == []
    assert attach(site, sent["id"]).status_code == 201
    # Named again, also after a day, it is the same file.
    sweep_uploads(str(folder), older_than_s=-1)
    assert attach(site, sent["id"], counter="c2").status_code == 201
    assert len(kept(place)) == 1
    assert attach(site, sent["id"], counter="c2", person="per_2").status_code == 201


def test_who_may_not_read_the_thing_is_told_of_no_file(site):
    sent = send(site, PDF).json()
    assert attach(site, sent["id"], grants=(RESIDENT,)).status_code == 201
    # A cadre is shown the thing, and not what was sent with it.
    for grants in ((RESIDENT,), (CADRE,), None):
        for path in (f"/v1/toy/files/{sent['id']}", "/v1/toy/files?thing=c1"):
            assert site.ask("GET", path, grants=grants).status_code == 404
    assert site.ask("GET", f"/v1/toy/files/{sent['id']}", grants=(DISTRICT,)).status_code == 200
    assert site.ask("GET", "/v1/toy/files?thing=c9").status_code == 404


def test_an_address_ends_and_is_not_altered(site):
    sent = send(site, PDF).json()
    attach(site, sent["id"])
    url = site.ask("GET", f"/v1/toy/files/{sent['id']}").json()["url"]
    assert site.ask("GET", url, grants=None).headers["content-disposition"].startswith("inline")
    what, _, mark = url.rpartition("/")[2].partition(".")
    for altered in (f"{what[:-2]}AA.{mark}", f"{what}.{mark[:-4]}AAAA"):
        assert site.ask("GET", f"/v1/files/{altered}", grants=None).status_code == 404
    told = msgspec.json.decode(base64.urlsafe_b64decode(what + "=="))
    told[0] = int(time.time()) - 1
    key = hmac.digest(KEY.encode(), b"fivered.files", "sha256")
    old = site.ask("GET", f"/v1/files/{signed(key, msgspec.json.encode(told))}", grants=None)
    assert problem_of(old)["code"] == "FILE_ADDRESS_EXPIRED"
    assert site.ask("GET", f"{url}?size=small", grants=None).status_code == 404


def test_what_nobody_names_is_swept(site, toy, place, folder):
    runtime = toy.runtimes["toy"]
    sent, other = send(site, PDF).json(), send(site, PDF + b"%").json()
    attach(site, sent["id"])
    refused = {"counter_id": "c1", "media": [other["id"]], "refuse": True}
    assert site.ask("POST", "/v1/toy/proofs", json=refused).status_code == 404
    assert len(kept(place)) == 2
    assert sweep_kept(runtime) == 0
    assert sweep_kept(runtime, older_than_s=-60) == 1
    assert len(kept(place)) == 1
    assert sweep_uploads(str(folder)) == 0
    for one in waiting(folder):
        os.utime(one, (1, 1))
    assert sweep_uploads(str(folder)) == 2
    assert site.ask("GET", f"/v1/toy/files/{sent['id']}").status_code == 200
    with runtime.engine.begin() as conn:
        conn.execute(sa.delete(runtime.chassis.files))
    assert sweep_kept(runtime, older_than_s=-60) == 1


def test_where_the_disk_is_full_nothing_is_kept(toy, tmp_path):
    with small_disk(tmp_path / "disk", "2m") as disk:
        site = Site(toy).build(extra=(toy.doors,), blobs=str(disk.folder))
        disk.fill(left=100_000)
        assert problem_of(send(site, PDF + os.urandom(900_000)))["code"] == "NO_ROOM"
        assert waiting(disk.folder) == []
        disk.empty()
        assert send(site, PDF).status_code == 201


# --------------------------------------------------------------------------------------------------
# Viruses


class Scanner(socketserver.ThreadingTCPServer):
    """Speaks clamd's INSTREAM, and finds what clamd's own test file holds."""

    daemon_threads = True


class Scan(socketserver.StreamRequestHandler):
    def handle(self):
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!L", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        found = b"Eicar-Signature FOUND" if b"EICAR-STANDARD" in content else b"OK"
        self.wfile.write(b"stream: " + found + b"\0")


@pytest.fixture
def scanner():
    server = Scanner(("127.0.0.1", 0), Scan)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_each_file_is_looked_at_for_viruses(toy, place, folder, scanner):
    port = scanner.server_address[1]
    built = {"extra": (toy.doors,), **asdict(place)}
    site = Site(toy).build(**built, file_scanner=f"tcp://127.0.0.1:{port}")
    assert send(site, PDF + bytes(200_000)).status_code == 201
    problem = problem_of(send(site, PDF + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"))
    assert problem["code"] == "FILE_INFECTED"
    assert "Eicar-Signature" in problem["detail"]
    assert len(waiting(folder)) == 1
    scanner.shutdown()
    scanner.server_close()
    away = send(site, PDF)
    assert (away.status_code, problem_of(away)["code"]) == (503, "SCAN_UNAVAILABLE")
    assert len(waiting(folder)) == 1
