"""The contact board through HTTP, as JSON and as a page: words, consent, and posts without a name.

SP-D32: the page showed `GRID_WORKER` and `per_...`.
"""

import html
import io
import re

import pypdf
import pytest

from fivered.gateway.tests.test_documents import scanned
from fivered.services.steward.rules.routing import DUTIES
from fivered.services.steward.tests.ground import GRID, LI, OTHER_CADRE, STAFF, WANG
from tests.journeys.test_files import send
from tests.journeys.test_requests import STEWARD, made, site, tell  # noqa: F401

WORKER = "stw_00000000-0000-7000-8000-000000000012"
CODES = re.compile(r"per_|stw_|\b(?:FULL_TIME|PART_TIME|[A-Z]+_[A-Z]+|POLICE|WATER|GAS|HEAT)\b")
REASONS = {"GAS": "本小区未通燃气"}


@pytest.fixture
def house(site):  # noqa: F811
    """A grid worker who agreed to be named and sits there, property staff who did not agree."""
    body = {
        "steward_id": WORKER, "person_id": LI, "type": "FULL_TIME", "duty": "GRID_WORKER",
        "grids": [GRID], "work_phone": "0537-2345678", "employer": "春晖社区居委会",
        "board_consent": True, "consent_ref": "公示同意-2025-001",
    }  # fmt: skip
    answer = tell(site, "R_CADRE", OTHER_CADRE, "/v1/steward/stewards", body)
    assert answer.status_code == 201, answer.text
    return site


def publish(house, **reasons):
    rest = dict.fromkeys((duty for duty in DUTIES if duty != "GRID_WORKER"), "岗位空缺")
    body = {"reasons": rest | REASONS | reasons}
    return tell(house, "R_CADRE", OTHER_CADRE, f"/v1/steward/grids/{GRID}/board", body)


def sit(house):
    shift = {
        "steward_id": WORKER, "grid": GRID, "start": "2025-03-03T08:00:00+08:00",
        "end": "2025-03-03T20:00:00+08:00", "place": "红色驿站",
    }  # fmt: skip
    made(house, "/v1/steward/shifts", shift)


def read(house, what):
    answer = house.ask("GET", f"/v1/steward/grids/{GRID}/{what}", grants=None)
    assert answer.status_code == 200, answer.text
    assert "per_" not in answer.text
    return answer.json()


def page(house, grid=GRID):
    """Return what a reader of the page sees, row by row."""
    answer = house.ask("GET", f"/board?grid={grid}", grants=None)
    assert answer.status_code == 200, answer.text
    main = answer.text.partition("<main")[2]
    rows = re.findall(r"<tr>(.*?)</tr>", main)
    cells = [
        [
            html.unescape(re.sub(r"<[^>]+>", "", cell))
            for cell in re.findall(r"<t[dh].*?</t[dh]>", r)
        ]
        for r in rows
    ]
    seen = html.unescape(re.sub(r"<[^>]+>", " ", main))
    assert not CODES.search(seen), CODES.search(seen)
    return seen, cells


def post(house, duty):
    return [row for row in read(house, "board")["posts"] if row["duty"] == duty]


def test_the_page_speaks_chinese_first_and_shows_no_code_and_no_id(house):
    """SP-D32."""
    sit(house)
    assert publish(house).status_code == 201
    seen, cells = page(house)
    assert "春晖社区第一网格" in seen
    assert cells[0][:4] == ["岗位 Post", "姓名/名称 Name", "工作电话 Work phone", "当班 On shift"]
    assert cells[1][:5] == ["网格员 Grid worker", "李明", "05372345678", "是", "红色驿站"]
    table = {row[0]: row[1:] for row in cells[2:]}
    assert table["网格员 Grid worker"][:4] == [
        "李明", "05372345678", "春晖社区居委会", "专职 Full-time",
    ]  # fmt: skip
    assert table["供气 Gas supply"][-2:] == ["本小区未通燃气", "物业人员 Property staff"]
    assert table["社区民警 Community police"][-2:] == ["岗位空缺 Vacant", "网格员 Grid worker"]
    assert len(table) == len(DUTIES) + 1
    # Property staff serve there and did not agree to be named.
    assert table["物业人员 Property staff"][-2:] == [
        "有人在岗,姓名未公示 Held by somebody whose name is not published", "",
    ]  # fmt: skip
    assert "赵工" not in seen


def test_the_json_says_the_same_in_both_languages(house):
    """SP-D32: words beside the codes, names of those who agreed, no person's id."""
    sit(house)
    publish(house)
    (entry,) = read(house, "board")["entries"]
    assert (entry["duty"], entry["duty_zh"], entry["duty_en"]) == (
        "GRID_WORKER", "网格员", "Grid worker",
    )  # fmt: skip
    assert entry["steward_id"] == WORKER
    (heat,) = post(house, "HEAT")
    assert (heat["note_zh"], heat["note_en"], heat["backup_zh"]) == (
        "岗位空缺", "Vacant", "物业人员",
    )  # fmt: skip
    (gas,) = post(house, "GAS")
    assert (gas["note_zh"], gas["note_en"]) == ("本小区未通燃气", None)
    duty = read(house, "duty")
    assert (duty["grid_name"], duty["covered"], duty["note_zh"]) == ("春晖社区第一网格", True, None)
    assert [(row["name"], row["duty_zh"]) for row in duty["items"]] == [("李明", "网格员")]
    cards = house.ask("GET", f"/v1/steward/grids/{GRID}/vcard", grants=None).json()["vcard"]
    assert "TITLE;ALTID=1;LANGUAGE=zh:网格员\r\nTITLE;ALTID=1;LANGUAGE=en:Grid worker" in cards
    assert "GRID_WORKER" not in cards
    file = house.ask("GET", f"/v1/steward/grids/{GRID}/contacts.vcf", grants=None)
    assert file.headers["content-type"] == "text/vcard; charset=utf-8"
    assert f'filename="{GRID}.vcf"' in file.headers["content-disposition"]
    assert file.content == cards.encode()
    known = {"If-None-Match": file.headers["etag"]}
    again = house.ask("GET", f"/v1/steward/grids/{GRID}/contacts.vcf", grants=None, headers=known)
    assert again.status_code == 304


def test_before_a_board_is_published_the_page_says_so(house):
    """SP-D32: no board, nobody on shift, no such grid."""
    seen, cells = page(house)
    assert "尚未发布公示牌" in seen
    assert "此刻没有专职管家当班" in seen
    assert cells == []
    answer = house.ask("GET", "/board?grid=370811015901009", grants=None)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_who_takes_his_consent_back_is_unnamed_at_once_and_his_post_is_not_vacant(house):
    """SP-D32: the board said 岗位空缺 of a post that somebody holds."""
    sit(house)
    publish(house)
    own = f"/v1/steward/stewards/{WORKER}/board-consent"
    answer = tell(house, "R_RESIDENT", LI, own, {"agrees": False}, version=1)
    assert answer.status_code == 200, answer.text
    (row,) = post(house, "GRID_WORKER")
    assert (row["note_zh"], row["backup"]) == ("有人在岗,姓名未公示", None)
    assert "name" not in row
    seen, _ = page(house)
    assert "李明" not in seen
    assert "05372345678" not in seen
    assert read(house, "duty")["covered"] is True
    back = tell(house, "R_RESIDENT", LI, own, {"agrees": True}, version=2)
    assert back.status_code == 200
    assert post(house, "GRID_WORKER")[0]["name"] == "李明"


def test_after_a_hand_over_the_post_is_vacant_and_says_who_stands_in(house):
    """SP-D32: a steward leaves; the board follows in the same step."""
    sit(house)
    publish(house)
    assert post(house, "POLICE")[0]["backup"] == "GRID_WORKER"
    leave = f"/v1/steward/stewards/{WORKER}/leave"
    gone = tell(house, "R_CADRE", OTHER_CADRE, leave, {"reason": "调离岗位"}, version=1)
    assert gone.status_code == 200, gone.text
    (row,) = post(house, "GRID_WORKER")
    assert (row["note_zh"], row["note_en"], row["backup"]) == ("岗位空缺", "Vacant", None)
    seen, _ = page(house)
    assert "李明" not in seen
    assert "此刻没有专职管家当班" in seen
    # Somebody else takes the post over and agrees.
    body = {
        "person_id": WANG, "type": "FULL_TIME", "duty": "GRID_WORKER", "grids": [GRID],
        "board_consent": True, "consent_ref": "公示同意-2025-002",
    }  # fmt: skip
    tell(house, "R_CADRE", OTHER_CADRE, "/v1/steward/stewards", body)
    # Until the board is published anew the post is held, and nobody is named who was not asked for.
    assert post(house, "GRID_WORKER")[0]["note_zh"] == "有人在岗,姓名未公示"
    assert publish(house).status_code == 201
    assert post(house, "GRID_WORKER")[0]["name"] == "王小丽"
    suspend = f"/v1/steward/stewards/{STEWARD}/suspend"
    paused = tell(house, "R_CADRE", OTHER_CADRE, suspend, {"reason": "待核查"}, version=1)
    assert paused.status_code == 200
    (staff,) = post(house, "PROPERTY_STAFF")
    assert (staff["note_zh"], staff["backup"]) == ("岗位空缺", "GRID_WORKER")
    assert STAFF not in str(read(house, "board"))


@pytest.mark.covers("S2", "S3")
def test_a_board_is_printed_kept_in_a_telephone_and_shows_hours_backup_and_picture(house):
    """S2, S3: HTML, PDF with a QR code and vCards of one address; photo, hours and backup."""
    backup = {
        "person_id": WANG, "type": "FULL_TIME", "duty": "PROPERTY_STAFF", "grids": [GRID],
        "board_consent": True, "consent_ref": "公示同意-2025-003", "work_phone": "0537-2345699",
    }  # fmt: skip
    other = tell(house, "R_CADRE", OTHER_CADRE, "/v1/steward/stewards", backup)
    photo = send(house, "R_CADRE", OTHER_CADRE)["id"]
    change = {"reason": "补充公示信息", "photo": photo, "backup": other.json()["id"],
              "service_hours": "周一至周五 8:30-17:30"}  # fmt: skip
    path = f"/v1/steward/stewards/{WORKER}/correct"
    changed = tell(house, "R_CADRE", OTHER_CADRE, path, change, version=1)
    assert changed.status_code == 200, changed.text
    assert publish(house).status_code == 201
    (row,) = [one for one in read(house, "board")["entries"] if one["steward_id"] == WORKER]
    assert (row["service_hours"], row["backup_name"], row["backup_phone"], row["photo"]) == (
        "周一至周五 8:30-17:30", "王小丽", "05372345699", photo,
    )  # fmt: skip

    def form(accept):
        answer = house.ask("GET", f"/v1/steward/grids/{GRID}/board", grants=None,
                           headers={"Accept": accept})  # fmt: skip
        assert answer.status_code == 200, answer.text
        assert "Accept" in answer.headers["vary"].split(", ")
        return answer.headers["content-type"].partition(";")[0], answer

    assert form("*/*")[0] == form("application/json, text/html;q=0.1")[0] == "application/json"
    kind, cards = form("text/vcard")
    assert (kind, cards.text.count("BEGIN:VCARD")) == ("text/vcard", 2)
    kind, shown = form("text/html,application/xhtml+xml,*/*;q=0.8")
    assert kind == "text/html"
    seen = html.unescape(re.sub(r"<[^>]+>", " ", shown.text.partition("<main")[2]))
    assert not CODES.search(seen)
    for text in (
        "春晖社区第一网格",
        "网格员",
        "李明",
        "周一至周五 8:30-17:30",
        "王小丽",
        "第 1 版",
    ):
        assert text in seen, text
    assert "<svg" in shown.text
    (picture,) = re.findall(r'<img src="([^"]+)"', shown.text)
    assert house.ask("GET", html.unescape(picture), grants=None).headers["content-type"] == (
        "image/jpeg"
    )
    kind, sheet = form("application/pdf")
    assert kind == "application/pdf"
    (paper,) = pypdf.PdfReader(io.BytesIO(sheet.content)).pages
    assert [round(float(side)) for side in paper.mediabox[2:]] == [1191, 842]
    text = paper.extract_text()
    for part in ("春晖社区第一网格", "网格员", "李明", "05372345678", "王小丽", "岗位空缺"):
        assert part in text, part
    assert [one.split("?")[1] for one in scanned(sheet.content)] == [f"grid={GRID}"]
    # Who takes the consent back stands on none of them, and the picture is nobody's to see.
    card = f"/v1/steward/steward-cards/{WORKER}"
    assert house.ask("GET", card, grants=None).json()["name"] == "李明"
    own = f"/v1/steward/stewards/{WORKER}/board-consent"
    tell(house, "R_RESIDENT", LI, own, {"agrees": False}, version=2)
    assert "李明" not in form("text/html")[1].text
    assert house.ask("GET", card, grants=None).status_code == 404
    file = f"/v1/steward/files/{photo}"
    assert house.ask("GET", file, grants=None).status_code == 404
    kept = tell(house, "R_CADRE", OTHER_CADRE, file, verb="GET")
    assert kept.status_code == 200
