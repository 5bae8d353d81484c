"""The pages: readable without a script, without anything from afar, and for everybody."""

from __future__ import annotations

import inspect
import re
from html.parser import HTMLParser

import pytest

from fivered.chassis import shapes
from fivered.chassis.i18n import named
from fivered.chassis.refusal import Refusal
from fivered.chassis.replies import Page, Reply
from fivered.chassis.requests import Request
from fivered.chassis.rpc import CallRefused
from fivered.gateway import errors, pages
from fivered.gateway.doors import ANY, PUBLIC, Doors
from fivered.gateway.tests.conftest import Site

PAGES = ["/", "/docs", "/notices", "/board", "/board?grid=370811015901001"]
VOID = {"meta", "link", "input", "br", "hr", "img"}


def test_every_page_stands_in_the_list_that_is_read():
    own = re.findall(r'\("(/[a-z]*)", shown', inspect.getsource(pages.addresses))
    assert set(own) == {page.partition("?")[0] for page in PAGES}


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed, every reference leads somewhere."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.labels, self.fields = [], [], [], [], []
        self.sources, self.lang, self.title, self.inline = [], None, "", []
        self.headings = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "html":
            self.lang = found.get("lang")
        if "id" in found:
            self.ids.append(found["id"])
        if tag in {"a", "link"}:
            self.links.append(found["href"])
        if tag in {"script", "img"}:
            self.sources.append(found.get("src"))
        if tag == "label":
            self.labels.append(found["for"])
        if tag in {"input", "select", "textarea"}:
            self.fields.append(found["id"])
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.inline += [name for name in found if name == "style" or name.startswith("on")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "title":
            self.title += data


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_well_formed_labelled_and_takes_nothing_from_afar(site, path):
    answer = site.ask("GET", path, grants=None)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Reader(answer.text)
    assert page.lang == "zh-CN"
    assert page.title
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert len(page.ids) == len(set(page.ids))
    assert set(page.fields) <= set(page.labels)
    assert page.inline == []
    assert "unsafe" not in answer.headers["content-security-policy"]
    for link in (*page.links, *filter(None, page.sources)):
        assert link.startswith(("/", "#")), link
        if link.startswith("#"):
            assert link[1:] in page.ids
        elif "#" not in link and not link.startswith("//"):
            assert site.ask("GET", link, grants=None).status_code == 200, link
    assert "演示环境" in answer.text


def test_the_banner_stands_only_on_a_demonstration(host):
    text = Site(host).build(demo_clock=False).ask("GET", "/", grants=None).text
    assert "演示环境" not in text


def test_the_reference_shows_every_door_with_its_roles_and_examples(site):
    text = site.ask("GET", "/docs", grants=None).text
    for door in site.app.state.doors:
        assert f'data-verb="{door.verb}" data-path="{door.full_path}"' in text
    assert "R_DISTRICT" in text
    assert "&quot;counter_id&quot;: &quot;c1&quot;" in text
    assert "数量" in text


def test_the_reference_and_its_files_are_sent_once(site):
    for path in ("/docs", "/openapi.json", "/web/docs.js"):
        first = site.ask("GET", path, grants=None)
        again = site.ask("GET", path, grants=None, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
    packed = site.ask("GET", "/openapi.json", grants=None)
    plain = site.ask("GET", "/openapi.json", grants=None, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert "content-encoding" not in plain.headers
    for path in ("/web/nothing.js", "/web/..%2Fapp.py", "/web/app.py"):
        assert site.ask("GET", path, grants=None).status_code == 404


class Answering:
    """A bus on which credit and steward answer their public questions."""

    def __init__(self):
        self.asked = []

    async def call(self, service, method, body, *, actor, **_rest):
        self.asked.append((service, method, body, actor.role))
        if method == "people_cards":
            return {"items": [{"person_id": "per_7", "name": "张*明"}]}
        if method == "projects":
            return {"items": [{"id": "prj_1", "name": "开泰花园"}]}
        if method == "notice" and body["notice_id"] == "gs_1":
            organisation = {
                "subject": "PRJ:prj_1",
                "kind": "PRJ",
                "ref": "prj_1",
                "score": 80,
                "reasons": [
                    {"reason": "三方联席会议", "score": 1},
                    {"reason": "逾期", "score": -3},
                ],
            }
            person = {"subject": "RES:per_7", "ref": "per_7", "reasons": ["志愿服务"]}
            listed = {"organisations": [organisation], "red_list": [person], "area": "370811"}
            return {"id": "gs_1", "body": listed}
        if method == "notice":
            entries = [{"subject": "PRJ:prj_1", "score": 912, "by": "per_7"}]
            entries += [{"outcome": "DISMISSED", "title": "ACT", "grade": "AAA"}]
            found = {"notice_id": body["notice_id"], "scope": "370811", "entries": entries}
            unheard = [{"grid": "g1", "adults": 0, "few": ["adults"]}, {"grid": "g2", "adults": 0}]
            return found | {"state": "SUSPENDED", "warnings": unheard}
        if service == "credit":
            row = {
                "notice_id": "ntc_1",
                "scope": "<b>370811</b>",
                "ends_at": "2025-02-12T16:00:00+00:00",
                "by": "per_7",
                "final": False,
                "version": 3,
            }
            return {"items": [row, {"notice_id": "ntc_2", "by": "per_8"}], "next": "c2"}
        return {"grid": body["grid"], "on_duty": [{"name": "王*", "work_phone": "0537-0000000"}]}

    async def state(self):
        return {"bus": "up"}


class Nameless(Answering):
    """A steward who names nobody."""

    async def call(self, service, method, body, **rest):
        if method == "people_cards":
            return {"items": []}
        return await super().call(service, method, body, **rest)


class Filter(Request, frozen=True):
    scope: str | None = None
    period: str | None = None
    cursor: str | None = None


def boards(roles, *more, host=None, board=False):
    credit, steward = Doors("credit", tag="信用 / Credit"), Doors("steward", tag="管家 / Steward")
    credit.query(
        "GET",
        "/notices",
        "notices",
        params=Filter,
        reply=Page[Reply],
        roles=roles,
        summary="公示 / Notices",
    )
    credit.query(
        "GET", "/notices/{notice_id}", "notice", reply=Reply, roles=roles, summary="公示 / Notice"
    )
    steward.query(
        "GET", "/grids/{grid}/duty", "duty", reply=Reply, roles=roles, summary="值班 / Duty"
    )
    if board:
        steward.query(
            "GET", "/grids/{grid}/board", "board", reply=Reply, roles=roles, summary="牌 / Board"
        )
    doors = (credit, steward, *more)
    services = tuple(one.service for one in doors)
    return Site(host or Answering()).build(services=services, extra=doors)


def test_anybody_can_read_the_notices_and_the_contact_board():
    site = boards(PUBLIC)
    text = site.ask("GET", "/notices?period=2025-01", grants=None).text
    assert "ntc_1" in text
    assert "&lt;b&gt;370811&lt;/b&gt;" in text
    assert 'href="/notices?period=2025-01&amp;cursor=c2"' in text
    # Times are local, names are those that anybody may see, and no id stands where there is none.
    assert "<td>2025-02-13 00:00</td>" in text
    assert "<td>张*明</td>" in text
    assert "per_8" not in text
    assert '<td>未公示姓名 <span class="en" lang="en">Not named</span></td>' in text
    assert "<td>否</td>" in text
    assert '<a href="/notices/ntc_1">ntc_1</a>' in text
    text = site.ask("GET", "/board?grid=370811015901001", grants=None).text
    assert "0537-0000000" in text
    assert site.host.asked == [
        ("credit", "notices", {"period": "2025-01"}, "R_ANONYMOUS"),
        ("steward", "people_cards", {"ids": ["per_7", "per_8"]}, "R_ANONYMOUS"),
        ("steward", "duty", {"grid": "370811015901001"}, "R_ANONYMOUS"),
    ]


class Posted(Answering):
    """A steward who says the codes in words, with a published board or without one."""

    published = True

    async def call(self, service, method, body, **_rest):
        if method == "board" and not self.published:
            raise CallRefused({"code": "NOT_FOUND", "status": 404, "message_zh": "未找到"})
        row = {
            "steward_id": "stw_7", "person_id": "per_7", "duty": "GRID_WORKER",
            "duty_zh": "网格员", "duty_en": "Grid worker", "name": "李明",
        }  # fmt: skip
        vacant = {
            "duty": "GAS", "duty_zh": "供气", "duty_en": "Gas supply", "note_en": None,
            "note_zh": "<i>未通</i> / 燃气", "backup": None, "backup_zh": None, "backup_en": None,
        }  # fmt: skip
        if method == "board":
            return {"posts": [row, vacant], "published_at": "2025-03-03T01:00:00+00:00"}
        words = {"note_zh": "无人当班", "note_en": "Nobody sits there"}
        return {"grid": body["grid"], "grid_name": "<b>第一网格", "items": [row], **words}


@pytest.mark.parametrize("published", [True, False])
def test_the_contact_board_shows_words_and_no_id(published):
    """SP-D32: `GRID_WORKER` and `per_...` stood on the page."""
    host = Posted()
    host.published = published
    site = boards(PUBLIC, host=host, board=True)
    answer = site.ask("GET", "/board?grid=370811015901001", grants=None)
    assert answer.status_code == 200
    text = answer.text
    Reader(text)
    assert '<td>网格员 <span class="en" lang="en">Grid worker</span></td><td>李明</td>' in text
    assert '无人当班 <span class="en" lang="en">Nobody sits there</span>' in text
    assert "&lt;b&gt;第一网格" in text
    for code in ("GRID_WORKER", "per_7", "stw_7", "<i>", "<b>"):
        assert code not in text
    # What somebody wrote in person has no English, whatever stands in it.
    assert ("<td>&lt;i&gt;未通&lt;/i&gt; / 燃气</td>" in text) == published
    assert ("2025-03-03 09:00" in text) == published
    assert ("尚未发布公示牌" in text) == (not published)


def test_a_notice_has_a_page_with_what_it_lists():
    site = boards(PUBLIC)
    text = site.ask("GET", "/notices/ntc_1", grants=None).text
    Reader(text)
    assert "<dd>ntc_1</dd>" in text
    assert "<td>PRJ:prj_1</td><td>912</td><td>张*明</td>" in text
    # A number that is too small to be told is no number here (`few`).
    assert '<td>g1</td><td>少于 5 人,不公布 <span class="en" lang="en">Too few' in text
    assert "<td>g2</td><td>0</td>" in text
    assert site.ask("GET", "/notices/a%20b", grants=None).status_code == 404


def test_a_code_is_told_in_words_of_both_languages_and_a_text_as_it_was_written():
    text = boards(PUBLIC).ask("GET", "/notices/ntc_1", grants=None).text
    for code in ("SUSPENDED", "DISMISSED"):
        zh, en = (named(code, lang, "fivered.services.credit") for lang in ("zh", "en"))
        assert f'{zh} <span class="en" lang="en">{en}</span>' in text
        assert code not in text
    assert "<td>ACT</td>" in text
    assert "<td>AAA</td>" in text


@pytest.mark.covers("C9", "C17")
def test_a_notice_names_who_it_lists_as_far_as_anybody_may_know_and_says_why():
    site = boards(PUBLIC, Doors("property", tag="物业 / Property"))
    text = site.ask("GET", "/notices/gs_1", grants=None).text
    assert "开泰花园" in text
    assert "三方联席会议 +1、逾期 -3" in text
    assert "<td>张*明</td>" in text
    assert "志愿服务" in text
    assert "物业项目" in text
    for code in ("per_7", "prj_1", "PRJ"):
        assert code not in text


@pytest.mark.covers("C9", "C17")
def test_a_notice_shows_no_id_of_a_person_when_nobody_can_name_him():
    """SP-D32, its kind: whom steward did not name, the red list showed by the id."""
    site = boards(PUBLIC, host=Nameless())
    text = site.ask("GET", "/notices/gs_1", grants=None).text
    assert "per_" not in text
    assert "未公示姓名" in text
    assert "志愿服务" in text


@pytest.mark.covers("REQ-L09")
def test_a_page_never_shows_what_its_door_does_not_give_to_everybody():
    site = boards(ANY)
    for path in ("/notices", "/board?grid=370811015901001"):
        assert "没有公开" in site.ask("GET", path, grants=None).text
    assert site.host.asked == []


def test_a_board_says_when_its_service_is_away(host):
    doors = Doors("credit", tag="x")
    doors.query("GET", "/notices", "notices", params=Filter, reply=Reply, roles=PUBLIC, summary="x")
    shown = Site(host).build(services=("credit",), extra=(doors,)).ask("GET", "/notices")
    assert shown.status_code == 503
    assert 'role="alert"' in shown.text
    assert "暂时不可用" in shown.text


def test_no_page_tells_of_what_is_not_installed(host):
    """OP: credit and the gateway alone led to a contact board that nobody answers."""
    doors = Doors("credit", tag="信用 / Credit")
    doors.query("GET", "/notices", "notices", params=Filter, reply=Reply, roles=PUBLIC, summary="x")
    site = Site(host).build(services=("credit",), extra=(doors,))
    for path in ("/", "/docs", "/events", "/problems", "/openapi.json"):
        text = site.ask("GET", path, grants=None, headers={"Accept": "text/html"}).text
        assert ("/notices" in text) and ("/board" not in text), path
        for name, tag in (("steward", "管家"), ("forum", "议站"), ("property", "物业")):
            assert f"/v1/{name}" not in text and f">{name}<" not in text, path
            assert tag not in text.partition("<h1>")[2].partition("</ul>")[0], path
    assert "本系统的机制:信用。" in site.ask("GET", "/openapi.json", grants=None).text


def test_a_service_that_has_not_told_its_doors_yet_is_named(host):
    start = Site(host).build(services=("toy", "ghost")).ask("GET", "/", grants=None).text
    assert "ghost" in start and "尚未应答" in start
    assert "/notices" not in start and "/board" not in start


def test_every_text_of_the_gateway_has_its_english():
    from fivered.chassis.i18n import english

    texts = [
        kind.text
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, Refusal)
    ]
    for text in (*texts, *shapes._FLAWS.values(), shapes._OTHER):
        assert english("fivered.gateway", text) != text, text
        assert re.findall(r"{\w+}", english("fivered.gateway", text)) == re.findall(r"{\w+}", text)


class Published(Answering):
    """A property service with one compound: a text of two versions, and an outage."""

    async def call(self, service, method, body, **rest):
        if service != "property":
            return await super().call(service, method, body, **rest)
        self.asked.append((service, method, body, rest["actor"].role))
        card = {
            "id": "dsc_1",
            "project_id": "prj_1",
            "kind": "CONTRACT",
            "title": "电梯<维保>",
            "state": "PUBLISHED",
        }
        if method == "incidents":
            item = {"number": "TG-1", "kind": "WATER", "title": "三号楼停水"}
            return {"items": [item], "next": None}
        if method == "owners_vote":
            counted = {"document": "结果:通过 <b>\n", "document_sha256": "ab" * 32}
            vote = {"id": body["vote_id"], "project_id": "prj_1", "title": "续聘", "state": "OPEN"}
            return vote | (counted if body["vote_id"] == "owv_1" else {"document": None})
        if method == "board":
            return {"id": "prj_1", "name": "开泰花园", "disclosures": [card], "meetings": []}
        return card | {
            "text": "第一行\n第二行 <b>",
            "figures": [{"side": "IN", "item": "物业费", "amount_fen": 1250}],
            "income_fen": 1250,
            "expense_fen": 0,
            "files": ["fil_1"],
            "versions": [
                {"edition": 1, "note": None, "added": [], "removed": []},
                {"edition": 2, "note": "补记", "added": ["收入 广告"], "removed": ["旧行"]},
            ],
        }


def test_anybody_reads_what_a_compound_publishes_and_each_version_of_it():
    doors = Doors("property", tag="物业 / Property")
    for path, method in (
        ("/projects/{project_id}/board", "board"),
        ("/incidents", "incidents"),
        ("/disclosures/{disclosure_id}", "disclosure"),
    ):
        doors.query("GET", path, method, reply=Reply, roles=PUBLIC, summary="公示 / Shown")
    host = Published()
    site = boards(PUBLIC, doors, host=host)
    page = site.ask("GET", "/projects/prj_1", grants=None).text
    Reader(page)
    assert "开泰花园" in page
    assert '<a href="/disclosures/dsc_1">' in page
    assert "三号楼停水" in page
    assert "电梯&lt;维保&gt;" in page
    assert "合同" in page
    asked = [body for _, method, body, _ in host.asked if method == "incidents"]
    assert asked == [{"project_id": "prj_1", "state": "RUNNING", "limit": 50}]
    page = site.ask("GET", "/disclosures/dsc_1?edition=1", grants=None).text
    Reader(page)
    assert host.asked[-1][2] == {"disclosure_id": "dsc_1", "edition": 1}
    for text in ("第一行", "第二行 &lt;b&gt;", "12.50", "+ 收入 广告", "− 旧行", "补记"):
        assert text in page, text
    assert '<a href="/disclosures/dsc_1?edition=2">' in page
    assert '<a href="/projects/prj_1">' in page
    assert '<a href="/v1/property/files/fil_1">' in page


def test_the_result_of_an_owners_vote_is_a_page_to_print_with_the_digest_of_its_text():
    doors = Doors("property", tag="物业 / Property")
    doors.query("GET", "/owners-votes/{vote_id}", "owners_vote", reply=Reply, roles=PUBLIC,
                summary="表决 / A vote")  # fmt: skip
    site = boards(PUBLIC, doors, host=Published())
    page = site.ask("GET", "/owners-votes/owv_1", grants=None).text
    Reader(page)
    assert "<pre>结果:通过 &lt;b&gt;\n</pre>" in page
    assert "ab" * 32 in page
    assert '<a href="/v1/property/owners-votes/owv_1/paper.pdf">' in page
    page = site.ask("GET", "/owners-votes/owv_2", grants=None).text
    Reader(page)
    assert "尚未计票" in page
    assert "<pre>" not in page
    assert site.ask("GET", "/owners-votes/a%20b", grants=None).status_code == 404
