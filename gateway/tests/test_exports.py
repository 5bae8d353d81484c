"""Lists as files: every cell as people read it, no formula, memory that does not grow, and a row in
the audit."""

import asyncio
import csv
import io
import tracemalloc
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
import sqlalchemy as sa

from fivered.chassis.fields import Instant, PartOfList
from fivered.chassis.installed import service_names
from fivered.chassis.replies import Page, Reply
from fivered.chassis.rpc import CallRefused, ServiceUnavailable
from fivered.gateway import exports
from fivered.gateway.app import doors_of
from fivered.gateway.context import HANG_UP
from fivered.gateway.doors import ANY, Doors
from fivered.gateway.identity import issue
from fivered.gateway.tests.conftest import DISTRICT, Site, problem_of
from testkit.bench import KEY

pytestmark = pytest.mark.slow

START = datetime(2025, 3, 5, 1, tzinfo=UTC)


class Inner(Reply, kw_only=True):
    code: str


class Line(Reply, kw_only=True):
    id: str
    name: str | None
    state: str
    created_at: Instant
    total: int
    late: bool
    parts: list[str]
    against: Inner | None


class Narrowed(PartOfList, frozen=True):
    state: str | None = None


LISTED = Doors("toy", "玩具 / Toy")
LISTED.query(
    "GET", "/lines", "lines", params=Narrowed, reply=Page[Line], roles=ANY, summary="行 / Lines"
)
NAMES = ("=1+2", "+86", "-1", "@x", "\t=1", '灯坏了, "走廊"\n第二行', None)


class Lines:
    """The toy with a list: what its door is asked, and its rows, which are made as they are read."""

    def __init__(self, host, count):
        self._call, self.count, self.asked = host.call, count, []
        self.counted, self.fails_at = True, None

    async def call(self, service, method, body, **more):
        if method != "lines":
            return await self._call(service, method, body, **more)
        self.asked.append(body)
        first = int(body.get("cursor", 0))
        if first == self.fails_at:
            raise ServiceUnavailable(service="toy")
        until = min(first + body["limit"], self.count)
        told = {
            "items": [self.line(n) for n in range(first, until)],
            "next": str(until) if until < self.count else None,
            "prev": None,
        }
        return told | ({"total": self.count} if body.get("total") and self.counted else {})

    def line(self, n):
        return {
            "id": f"lin_{n}", "name": NAMES[n % len(NAMES)], "state": "ACCEPTED",
            "created_at": (START + timedelta(minutes=n)).isoformat(), "total": n, "late": n % 2 == 0,
            "parts": ["DISPATCHED", "b"], "against": {"code": f"A{n}"} if n % 3 else None,
            "secret": "not of the type",
        }  # fmt: skip


@pytest.fixture
def site(host, monkeypatch):
    site = Site(host).build(extra=(LISTED,), check_replies=False)
    site.lines = Lines(host, 450)
    monkeypatch.setattr(host, "call", site.lines.call)
    return site


async def received(site, form, *, keep=True):
    """Return what is sent, or how much with each message; and whether the connection was ended."""
    sent, hung_up = [], []
    token = issue(KEY, "per_1", (DISTRICT,), 1)

    async def send(message):
        sent.append(message if keep else len(message.get("body", b"")))

    async def receive():
        await asyncio.sleep(3600)

    scope = {
        "type": "http", "method": "GET", "path": "/v1/toy/lines", "raw_path": b"/v1/toy/lines",
        "query_string": f"format={form}".encode(), "root_path": "", "scheme": "http",
        "headers": [(b"authorization", f"Bearer {token}".encode())], "client": ("127.0.0.1", 1),
        "server": ("gateway", 80), "http_version": "1.1", HANG_UP: lambda: hung_up.append(True),
    }  # fmt: skip
    await site.app(scope, receive, send)
    return sent, hung_up


def audited(site):
    runtime = site.host.runtimes["toy"]
    with runtime.engine.connect() as conn:
        rows = conn.execute(sa.select(runtime.chassis.audit)).all()
    return [(row.actor, row.action, row.result, row.target) for row in rows]


HEAD = [
    "系统编号 / id", "姓名/名称 / name", "状态 / state", "创建时间 / created_at", "total", "逾期 / late",
    "调整后各网格 / parts", "被投诉方·代码 / against.code",
]  # fmt: skip


def test_a_list_is_a_file_of_the_members_of_its_type(site):
    answer = site.ask("GET", "/v1/toy/lines?format=csv&state=OPEN")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["cache-control"] == "no-store"
    assert "toy-lines-" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert head == HEAD
    assert len(rows) == 450
    assert [row[0] for row in rows] == [f"lin_{n}" for n in range(450)]
    assert rows[5] == [
        "lin_5", '灯坏了, "走廊"\n第二行', "已受理", "2025-03-05 09:05:00", "5", "否", "已派单; b", "A5",
    ]  # fmt: skip
    assert rows[6][1] == ""
    assert (rows[0][7], rows[6][7]) == ("", "")
    # No program takes a text for a formula.
    assert [row[1] for row in rows[:5]] == ["'=1+2", "'+86", "'-1", "'@x", "'\t=1"]
    # The whole list, by its filters, page by page.
    assert [(one["limit"], one["state"], one.get("cursor")) for one in site.lines.asked] == [
        (200, "OPEN", None), (200, "OPEN", "200"), (200, "OPEN", "400"),
    ]  # fmt: skip
    assert audited(site) == [("per_1", "lines", "EXPORTED", "csv 450")]

    english = site.ask("GET", "/v1/toy/lines?format=csv", headers={"Accept-Language": "en"})
    assert '"' not in english.text.splitlines()[1]
    assert "accepted,2025-03-05 09:00:00,0,yes" in english.text


def test_a_workbook_holds_the_same(site):
    answer = site.ask("GET", "/v1/toy/lines?format=xlsx")
    assert answer.headers["content-type"] == exports.XLSX
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    head, *rows = sheet.iter_rows(values_only=True)
    assert list(head) == HEAD
    assert len(rows) == 450
    assert rows[0][:6] == ("lin_0", "=1+2", "已受理", "2025-03-05 09:00:00", 0, "是")
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert audited(site) == [("per_1", "lines", "EXPORTED", "xlsx 450")]


@pytest.mark.parametrize(
    ("query", "field"),
    [("format=pdf", "format"), ("format=csv&limit=3", "limit"), ("format=csv&cursor=x", "cursor"),
     ("format=csv&colour=red", "colour")],
)  # fmt: skip
def test_what_is_no_export_is_refused_and_noted_nowhere(site, query, field):
    problem = problem_of(site.ask("GET", f"/v1/toy/lines?{query}"))
    assert problem["status"] == 422
    assert field in str(problem)
    assert audited(site) == []


def test_an_export_takes_what_its_list_takes_and_no_more_than_its_share(site, monkeypatch):
    assert site.ask("GET", "/v1/toy/lines?format=csv", grants=None).status_code == 401
    # Too large: nothing is written, and nobody is told that it was.
    site.lines.count = exports.MOST + 1
    problem = problem_of(site.ask("GET", "/v1/toy/lines?format=csv"))
    assert (problem["code"], len(site.lines.asked)) == ("EXPORT_TOO_LARGE", 1)
    assert audited(site) == []
    # What its pages cost counts in the caller's share, which is empty then.
    site.build(extra=(LISTED,), check_replies=False, person_rate=0.01, person_burst=60)
    site.lines.count = 8000
    assert site.ask("GET", "/v1/toy/lines?format=csv").status_code == 200
    assert problem_of(site.ask("GET", "/v1/toy/lines?format=csv"))["status"] == 429
    # So many at once.
    monkeypatch.setattr(exports, "AT_ONCE", 0)
    refused = site.ask("GET", "/v1/toy/lines?format=csv", person="per_2")
    assert (problem_of(refused)["code"], refused.status_code) == ("EXPORTS_TAKEN", 503)
    assert "retry-after" in refused.headers


def test_a_service_that_goes_away_in_the_middle_leaves_no_file_that_looks_whole(site):
    site.lines.fails_at = 400
    assert problem_of(site.ask("GET", "/v1/toy/lines?format=xlsx"))["status"] == 503
    sent, hung_up = asyncio.run(received(site, "csv"))
    assert len(sent) > 1
    # Its end is never said, and the connection goes.
    assert all(one["more_body"] for one in sent[1:])
    assert hung_up == [True]
    # The places are free again.
    site.lines.fails_at = None
    for _again in range(exports.AT_ONCE + 1):
        assert site.ask("GET", "/v1/toy/lines?format=csv").status_code == 200


def test_a_list_without_a_number_ends_where_a_file_ends(site, monkeypatch):
    monkeypatch.setattr(exports, "MOST", 400)
    site.lines.counted = False
    assert problem_of(site.ask("GET", "/v1/toy/lines?format=xlsx"))["code"] == "EXPORT_TOO_LARGE"
    site.lines.count = 400
    assert site.ask("GET", "/v1/toy/lines?format=xlsx").status_code == 200


def test_a_service_of_the_release_before_notes_nothing_and_gives_nothing(site, monkeypatch):
    call = site.host.call

    async def older(service, method, body, **more):
        if method == "_exported":
            raise CallRefused({"code": "NOT_FOUND", "status": 404})
        return await call(service, method, body, **more)

    monkeypatch.setattr(site.host, "call", older)
    assert site.ask("GET", "/v1/toy/lines?format=csv").status_code == 404


@pytest.mark.parametrize(("form", "most"), [("csv", 10_000), ("xlsx", 4_000)])
def test_a_long_list_takes_no_more_memory_than_a_short_one(site, form, most):
    """What was read is not kept; a workbook stands in a file until it is whole. With 100,000 rows
    it was measured once: they take as much as 2,000."""
    line = site.lines.line(5)
    site.lines.line = lambda n: line | {"id": f"lin_{n}"}

    def peak(count):
        site.lines.count, site.lines.asked = count, []
        tracemalloc.start()
        try:
            sent, _hung_up = asyncio.run(received(site, form, keep=False))
            return sum(sent), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, first = peak(600)
    many, last = peak(most)
    assert many > few * 5
    assert last < first + 1_000_000


def test_every_column_of_every_list_has_a_name_that_people_read():
    raw = {
        column.head: f"{service}.{door.method}"
        for service in service_names()
        for door in doors_of(service)
        for column in exports.columns_of(door)
        if column.head.isascii()
    }
    assert raw == {}, "gateway/columns.py says what these are called"


def test_what_is_not_there_is_left_out_of_a_cell():
    column = exports.Column(("owners",), "业主 / owners", moment=False, coded=True)
    wanted = exports._List(None, LISTED, None, None, {}, (column,), "zh")
    line = {"owners": [{"person_id": "per_1", "organisation": None}]}
    assert wanted._cell(column, line) == "人员: per_1"
