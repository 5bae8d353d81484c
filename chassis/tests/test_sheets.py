"""Tables as people send them: encodings, workbooks, headings, cells out of a spreadsheet."""

import io
import os
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, time

import openpyxl
import pytest
import xlsxwriter

from fivered.chassis import jobs
from fivered.chassis.blobs import forget_abandoned
from fivered.chassis.cells import MOST_MERGED, HeadTooFar
from fivered.chassis.columns import Column
from fivered.chassis.file_imports import read_header
from fivered.chassis.refusal import Refusal
from fivered.chassis.sheets import Rows, open_sheet
from fivered.chassis.tests.test_file_imports import bench, blobs_of, counters, finish, load, send  # noqa: F401
from fivered.chassis.tests.toy.importing import ImportingToy

pytestmark = pytest.mark.slow

HEADER = "counter_id,amount,note"


def rows_of(content):
    with open_sheet(io.BytesIO(content)) as sheet:
        return sheet.encoding or sheet.form, [record.cells for record in Rows(sheet.file)]


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8 BOM"),
        ("gb18030", "GB18030"),
        ("gbk", "GB18030"),
        ("utf-16", "UTF-16"),
    ],
)
def test_the_encoding_is_found_for_the_whole_file(codec, name):
    text = "名称,地址\n梅园,一号\n茂源,二号\n"
    assert rows_of(text.encode(codec)) == (
        name,
        [["名称", "地址"], ["梅园", "一号"], ["茂源", "二号"]],
    )


@pytest.mark.parametrize("word", ["梅园", "茂源", "泰山学院"])
def test_chinese_that_happens_to_be_utf_8_of_other_letters_is_read_as_chinese(word):
    """IN-A10: these were stored as rubbish."""
    assert rows_of(f"a,{word}\n".encode("gbk")) == ("GB18030", [["a", word]])


def test_a_mark_at_the_beginning_may_stand_twice_and_cr_may_end_the_lines():
    """IN-B2"""
    assert rows_of(b"\xef\xbb\xbf\xef\xbb\xbfa,b\rc,d\r")[1] == [["a", "b"], ["c", "d"]]


def test_a_line_with_a_carriage_return_is_told_so():
    """H6-7: it was said to have wrong quotes, and has none."""
    with open_sheet(io.BytesIO(b"a,b\nc,d\re,f\r\ng,h\n")) as sheet:
        rows = Rows(sheet.file, width=2)
        found = [(r.line, r.refusal.code if r.refusal else r.cells) for r in rows]
    assert found == [(1, ["a", "b"]), (2, "BREAK_IN_LINE"), (3, ["g", "h"])]


def test_every_line_is_a_row_or_blank_or_refused():
    content = b'a,b\n\n"x\ny",2\n"z"q,3\n,\n"open,4\nlast,5'
    with open_sheet(io.BytesIO(content)) as sheet:
        rows = Rows(sheet.file, width=2)
        found = [(r.line, r.refusal.code if r.refusal else r.cells) for r in rows]
    assert found == [
        (1, ["a", "b"]),
        (3, ["x\ny", "2"]),
        (5, "QUOTE_WRONG"),
        (7, "QUOTE_OPEN"),
        (8, ["last", "5"]),
    ]
    assert (rows.line, rows.blank) == (8, 2)


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_is_taken_with_the_numbers_of_its_rows(bench):  # noqa: F811
    """IN-B1"""
    result = load(
        bench,
        workbook(
            ["某某社区登记表"],
            ["编号", "数", "起", "备注", None],
            ["c1", 5.0, datetime(2025, 1, 31), "x"],
            [None],
            ["c2", 7, date(2025, 2, 28)],
            ["c3", "很多", None],
            ["c4", "12.0", "2025/3/1"],
        ),
    )
    assert (result["form"], result["header_line"], result["blank_lines"]) == ("xlsx", 2, 1)
    assert result["ignored"] == ["备注"]
    assert [(error["line"], error["column"]) for error in result["errors"]] == [(6, "amount")]
    assert counters(bench) == {"c1": 5, "c2": 7, "c4": 12}


def test_a_workbook_that_unpacks_to_far_more_than_it_is_stays_closed():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/sharedStrings.xml", b" " * (60 * 1024 * 1024))
    with pytest.raises(Refusal, match="解压后过大"), open_sheet(io.BytesIO(bomb.getvalue())):
        pass


@pytest.mark.parametrize(
    "header",
    [
        "COUNTER_ID,Amount,Note",
        "编号,数,注",
        "counter_id;amount;note",
        "counter_id\tamount\tnote",
        "某表\ncounter_id,amount,note",
        "counter_id,amount,note,备注,,",
    ],
)
def test_headings_as_people_write_them_are_understood(header):
    """IN-B2"""
    importer = ImportingToy.importers[0]
    found = read_header(io.BytesIO(header.encode()), importer)
    assert [name for name in found.names if name] == ["counter_id", "amount", "note"]


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ({"pattern": "[0-9X]{6,18}"}, "'370899198001010012", "370899198001010012"),
        ({"pattern": "[0-9X]{6,18}"}, '="370899198001010012"', "370899198001010012"),
        ({"pattern": "[0-9X]{6,18}"}, "１２３４５６", "123456"),
        ({"pattern": "[0-9]{11}"}, "12812345678.0", "12812345678"),
        ({"kind": "integer"}, "1200.0", 1200),
        ({"kind": "number"}, "125830.56", 125830.56),
        ({"kind": "date"}, "2025/3/1", date(2025, 3, 1)),
        ({"kind": "date"}, "2025年3月1日", date(2025, 3, 1)),
        ({"kind": "date"}, "20251231", date(2025, 12, 31)),
        ({"kind": "instant"}, "20251231", datetime(2025, 12, 30, 16, tzinfo=UTC)),
        ({}, "　张三\u200b ", "张三"),
    ],
)
def test_cells_of_a_spreadsheet_are_read(column, cell, value):
    """IN-A17, IN-B3"""
    assert Column("c", "列 / c", "", **column).read(cell) == value


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ({"pattern": "[0-9X]{18}"}, "3.70899E+17", "DIGITS_LOST"),
        ({"kind": "date"}, "45717", "DAY_OF_A_SPREADSHEET"),
        ({"kind": "date"}, "2025-W09-6", "BAD_CELL"),
        ({"kind": "date"}, "2025-02-30", "BAD_CELL"),
        ({"kind": "integer"}, "1,200", "BAD_CELL"),
        ({"kind": "number"}, "1e308", "BAD_CELL"),
        ({}, "a\x07b", "CELL_UNREADABLE"),
        ({}, "a\u00adb", "CELL_UNREADABLE"),
        ({}, "a\nb", "CELL_BROKEN"),
        ({}, "a\tb", "CELL_BROKEN"),
        ({"kind": "list", "unique": True}, "a|b|a", "CELL_TWICE"),
    ],
)
def test_cells_that_lost_what_they_meant_are_refused_with_their_own_sentence(column, cell, code):
    with pytest.raises(Refusal) as refused:
        Column("c", "列 / c", "", **column).read(cell)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("column", "value", "read"),
    [
        ({"kind": "yes_no"}, True, True),
        ({"kind": "instant"}, datetime(2025, 1, 31, 9), datetime(2025, 1, 31, 1, tzinfo=UTC)),
        ({"days": 0}, datetime(2025, 1, 31), "2025-01-31"),
    ],
)
def test_days_and_truths_of_a_spreadsheet_are_read_where_they_are_meant(column, value, read):
    ((cell,),) = rows_of(workbook([value]))[1]
    assert Column("c", "列 / c", "", **column).read(cell) == read


def test_a_heading_that_a_spreadsheet_made_a_day_of_is_told_as_a_day():
    book = workbook(["编号", "数", datetime(2025, 3, 1)])
    with open_sheet(io.BytesIO(book)) as sheet, pytest.raises(Refusal) as refused:
        read_header(sheet.file, ImportingToy.importers[0])
    assert refused.value.params["unknown"] == "2025-03-01"


def test_what_a_list_or_a_pattern_asks_for_is_told_in_words(bench):  # noqa: F811
    """S22, P38: nobody said what parts a list, and people were shown a regular expression."""
    (error,) = load(bench, "counter_id,parts\nc1,a;b\n")["errors"]
    assert error["expected_zh"] == "以 | 分隔的一项或多项,每项为 1 个小写字母,如 a|b"
    assert error["expected_en"] == (
        "one or several, parted by |, each of one of small letters, such as a|b"
    )
    told = bench.ask("_importer", {"kind": "counters"})["columns"]
    assert not any("[" in one["expected_zh"] + one["expected_en"] for one in told)


def test_an_import_that_is_stopped_tells_how_far_it_came(bench, monkeypatch):  # noqa: F811
    """S24: which rows were written stood nowhere."""
    reply = send(bench, "counter_id,amount\n" + "".join(f"c{n},{n % 6 * 25}\n" for n in range(20)))
    step = jobs.Job.step

    def stopped_after_two(job, **given):
        if given["done"] > 8:
            bench.do("_cancel_job", {"job_id": job.job_id})
        return step(job, **given)

    monkeypatch.setattr(jobs.Job, "step", stopped_after_two)
    card = finish(bench, reply)
    assert (card["state"], card["done"]) == ("CANCELLED", 8)
    result = card["result"]
    assert (result["rows"], result["created"], result["refused"]) == (8, 7, 1)
    assert [error["line"] for error in result["errors"]] == [7]
    assert len(counters(bench)) == 7


def test_a_file_goes_when_its_job_ends_however_it_ends(bench):  # noqa: F811
    """SEC-M9: the file of a cancelled job stayed, with clear names and numbers."""
    reply = send(bench, HEADER + "\nc1,1,\n")
    bench.do("_cancel_job", {"job_id": reply["id"]})
    assert finish(bench, reply)["state"] == "CANCELLED"
    folder = bench.runtime.process.blobs
    assert forget_abandoned(folder) == 0
    assert not [path for path in blobs_of(bench)._folder.iterdir() if path.is_file()]


# --------------------------------------------------------------------------------------------------
# What only the job sees


def by_hand(headings, texts):
    """A workbook whose headings are the last of its shared texts, as a sorted export has them."""
    shared = [*texts, *headings]
    first = len(texts)
    cells = "".join(
        f'<c r="{chr(65 + place)}1" t="s"><v>{first + place}</v></c>'
        for place in range(len(headings))
    )
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>'
        "</Types>",
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>'
        '<sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>"
        f'<row r="1">{cells}</row></sheetData></worksheet>',
        "xl/sharedStrings.xml": f"<sst {main}>"
        + "".join(f"<si><t>{text}</t></si>" for text in shared)
        + "</sst>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
    return out.getvalue()


MANY = [os.urandom(40).hex() for _ in range(100_000)]


class Counting(io.BytesIO):
    given = 0

    def read(self, size=-1, /):
        part = super().read(size)
        self.given += len(part)
        return part


def test_a_command_reads_no_more_than_the_beginning_of_a_workbook():
    """The shared texts of a whole workbook were read before the command was answered."""
    with open_sheet(io.BytesIO(by_hand(["counter_id", "amount"], [])), most_lines=5) as sheet:
        assert sheet.file.read() == b"counter_id,amount\n"
    file = Counting(by_hand(["counter_id", "amount"], MANY))
    size = len(file.getvalue())
    with pytest.raises(HeadTooFar), open_sheet(file, most_lines=5):
        pass
    assert size > 4_000_000
    assert file.given < 2_000_000


def test_headings_far_in_a_workbook_are_refused_by_the_job_with_their_sentence(bench):  # noqa: F811
    """A refusal within a job ended it with a traceback."""
    good = finish(bench, send(bench, by_hand(["counter_id", "amount"], MANY)))
    assert (good["state"], good["result"]["rows"]) == ("DONE", 0)
    card = finish(bench, send(bench, by_hand(["counter_id", "amuont"], MANY)))
    assert (card["state"], card["problem"]["code"]) == ("FAILED", "HEADER_WRONG")
    assert card["problem"]["message_zh"].startswith("表头不符:缺少 —;未知 amuont")
    assert "amuont" in card["problem"]["message_en"]
    assert card["error"] == f"{card['problem']['message_zh']} / {card['problem']['message_en']}"


@pytest.mark.parametrize(("cut", "back"), [(0, 0), (1, 2), (2, 1)])
def test_a_byte_that_is_none_is_told_by_line_and_place(bench, cut, back):  # noqa: F811
    """Behind the first megabyte, where only the job looks; within a character, too."""
    lines = (HEADER + "\n").encode() + "c1,1,备注备注备注备注\n".encode() * 50_000
    begin = lines[: -1 - cut]
    card = finish(bench, send(bench, begin + b"\xff\xff\n"))
    assert (card["state"], card["problem"]["code"]) == ("FAILED", "FILE_UNREADABLE")
    assert card["problem"]["where"] == {"line": 50_001, "byte": len(begin) - back + 1}
    assert "Traceback" not in str(card)


def test_a_row_at_which_a_workbook_ends_to_be_one_is_told(bench):  # noqa: F811
    """A broken workbook said nothing of where."""
    whole = workbook(["counter_id", "amount"], *([f"c{n}", n % 100] for n in range(30_000)))
    with zipfile.ZipFile(io.BytesIO(whole)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(b'<row r="20000"', b"<row <", 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    card = finish(bench, send(bench, out.getvalue()))
    assert (card["state"], card["problem"]["code"]) == ("FAILED", "WORKBOOK_BROKEN")
    where = card["problem"]["where"]
    assert where["sheet"] == 1
    assert 19_000 < where["row"] <= 20_000


def book_of(fill, *, sheets=()):
    book = openpyxl.Workbook()
    for row in (["编号", "数", "注", "备注"], ["c1", 5, "一"], ["c2", 6], ["c3", 7, "三"]):
        book.active.append(row)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    fill(book.active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(place, value):
    return lambda sheet: sheet.__setitem__(place, value)


def merge(place):
    return lambda sheet: sheet.merge_cells(place)


@pytest.mark.parametrize(
    ("fill", "line", "column", "code"),
    [
        (put("B3", "=B2+1"), 3, "amount", "CELL_FORMULA"),
        (put("C3", '=C2&"x"'), 3, "note", "CELL_FORMULA"),
        (merge("C2:C3"), 3, "note", "CELL_MERGED"),
        (merge("B2:B3"), 3, "amount", "CELL_MERGED"),
        (merge("B4:C4"), 4, "note", "CELL_MERGED"),
        (put("C3", "#REF!"), 3, "note", "CELL_ERROR"),
        (put("B3", "#N/A"), 3, "amount", "CELL_ERROR"),
        # S31: 3-1, building 3 and door 1, is a day to a spreadsheet; so it was stored.
        (put("C3", datetime(2025, 3, 1)), 3, "note", "CELL_CONVERTED"),
        (put("C3", time(8, 30)), 3, "note", "CELL_CONVERTED"),
        (put("A3", True), 3, "counter_id", "CELL_CONVERTED"),
        (put("B3", date(2025, 3, 1)), 3, "amount", "CELL_CONVERTED"),
    ],
)
def test_a_cell_in_which_nobody_can_read_what_its_sender_sees_is_named(
    bench,  # noqa: F811
    fill,
    line,
    column,
    code,
):
    """B7: the text was lost without a word, or "empty" of a cell that holds a formula."""
    for dry_run in (True, False):
        result = load(bench, book_of(fill), dry_run=dry_run)
        found = [(one["line"], one["column"], one["code"]) for one in result["errors"]]
        assert found == [(line, column, code)]
        assert (result["created"], result["refused"]) == (2, 1)
        assert result["errors"][0]["message_zh"] != result["errors"][0]["message_en"]
    assert len(counters(bench)) == 2


def test_what_is_merged_where_nothing_is_read_disturbs_nobody(bench):  # noqa: F811
    """B7: titles and remarks are merged in most tables."""
    book = openpyxl.Workbook()
    for row in (["登记表"], ["编号", "数", "注", "备注"], ["c1", 5, "一", "同上"], ["c2", 6], []):
        book.active.append(row)
    for place in ("A1:D1", "D3:D4", "A5:D6"):
        book.active.merge_cells(place)
    out = io.BytesIO()
    book.save(out)
    result = load(bench, out.getvalue())
    assert (result["created"], result["errors"]) == (2, [])


def test_a_formula_whose_result_is_stored_is_read(bench):  # noqa: F811
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book_of(put("B3", "=B2+1")))) as before,
        zipfile.ZipFile(changed, "w") as after,
    ):
        for name in before.namelist():
            content = before.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b"<f>B2+1</f><v />", b"<f>B2+1</f><v>6</v>")
                content = content.replace(b"<f>B2+1</f><v/>", b"<f>B2+1</f><v>6</v>")
                content = content.replace(b"<f>B2+1</f><v></v>", b"<f>B2+1</f><v>6</v>")
            after.writestr(name, content)
    assert load(bench, changed.getvalue())["errors"] == []
    assert counters(bench)["c2"] == 6


def test_further_sheets_that_hold_something_are_named(bench):  # noqa: F811
    """B7: a second sheet of rows was left out without a word."""
    sheets = [("二季度", [["c9", 9]]), ("空表", []), ("13812345678", [[], ["x"]])]
    result = load(bench, book_of(lambda _sheet: None, sheets=sheets))
    assert result["unread_sheets"] == ["二季度", "[4]"]
    assert result["created"] == 3
    assert load(bench, "counter_id,amount\nc1,5\n")["unread_sheets"] == []


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_of_a_workbook_the_first_sheet_that_can_be_seen_is_read(bench, state):  # noqa: F811
    """H6-13: a hidden sheet was read, and the one that its sender sees was left out."""
    book = openpyxl.Workbook()
    for name, row in (("去年", "c1"), ("明细", "c2"), ("选项", "c3")):
        sheet = book.create_sheet(name)
        for cells in (["counter_id", "amount"], [row, 5]):
            sheet.append(cells)
    del book["Sheet"]
    book["去年"].sheet_state = book["选项"].sheet_state = state
    out = io.BytesIO()
    book.save(out)
    result = load(bench, out.getvalue())
    assert (result["sheet"], result["unread_sheets"]) == ("明细", ["去年", "选项"])
    assert counters(bench) == {"c2": 5}
    assert load(bench, "counter_id,amount\nc1,5\n")["sheet"] == ""


def test_an_error_of_a_spreadsheet_is_named_in_a_text_file_too(bench):  # noqa: F811
    """B7"""
    result = load(bench, "counter_id,amount,note\nc1,1,#REF!\nc2,Err:502,x\nc3,3,#三号楼\n")
    assert [(one["line"], one["column"], one["code"]) for one in result["errors"]] == [
        (2, "note", "CELL_ERROR"),
        (3, "amount", "CELL_ERROR"),
    ]


def rewritten(change):
    """Return a small workbook whose sheet is written anew."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(["counter_id", "amount"], ["c1", 1]))) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, change(content) if name.endswith("sheet1.xml") else content)
    return io.BytesIO(out.getvalue())


def merged_cells(*places):
    inner = b"".join(b'<mergeCell ref="%s"/>' % place for place in places)
    end = b"</sheetData>"
    return lambda content: content.replace(end, end + b"<mergeCells>" + inner + b"</mergeCells>")


def last_row(content):
    return content.replace(b"</sheetData>", b'<row r="1048576"><c r="A1048576" t="str"><v>x</v></c>'
                           b"</row></sheetData>")  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (merged_cells(*[b"A1:B2"] * (MOST_MERGED + 1)), "过大"),
        (merged_cells(b"A1:ZZZZZZ9"), "无法打开"),
        (lambda content: b'<!DOCTYPE x [<!ENTITY mergeCell "y">]>' + content, "无法打开"),
        (lambda content: content.replace(b'r="2"', b'r="1"', 1), "无法打开"),
        (lambda content: content.replace(b'r="2"', b'r="99999999999"', 1), "无法打开"),
    ],
)
def test_a_workbook_costs_no_more_than_the_limits_whatever_it_says(change, said):
    with pytest.raises(Refusal, match=said), open_sheet(rewritten(change)):
        pass


# A file of the machine, and a text of ten characters times ten, nine times.
ENTITIES = {
    "of a file": b'<!ENTITY a SYSTEM "file:///etc/hostname">',
    "that grow": b'<!ENTITY z "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (122 - n, b"&%c;" % (123 - n) * 10) for n in range(1, 26)),
}


@pytest.mark.parametrize("part", ["sharedStrings", "worksheets/sheet1", "workbook"])
@pytest.mark.parametrize("entities", ENTITIES.values(), ids=ENTITIES)
def test_entities_in_a_workbook_are_refused_wherever_they_stand(part, entities):
    """XML external entities and expansion (OWASP ASVS 1.5.1)."""
    first, after = io.BytesIO(), io.BytesIO()
    book = xlsxwriter.Workbook(first)  # it keeps texts in sharedStrings.xml
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["counter_id", "amount"])
    sheet.write_row(1, 0, ["c1", 5])
    book.close()
    with zipfile.ZipFile(first) as packed, zipfile.ZipFile(after, "w") as anew:
        for name in packed.namelist():
            content = packed.read(name)
            if name == f"xl/{part}.xml":
                head, _, rest = content.partition(b"?>")
                rest = rest.replace(b"counter_id", b"&a;").replace(b"<v>5</v>", b"<v>&a;</v>")
                content = head + b"?><!DOCTYPE x [" + entities + b"]>" + rest
            anew.writestr(name, content)
    with pytest.raises(Refusal, match="无法打开"), open_sheet(io.BytesIO(after.getvalue())):
        pass


def test_what_is_merged_down_to_the_last_row_is_looked_at_within_the_limits():
    whole = merged_cells(*[b"A2:B1048576"] * 20)
    with open_sheet(rewritten(lambda content: whole(last_row(content)))) as sheet:
        last = sheet.file.read().splitlines()[-1]
    assert last == b"\x1aMERGED,\x1aMERGED"


def far_down(text):
    return lambda sheet: sheet.cell(1_048_576, 1, text)


def test_a_blank_that_nobody_sees_at_the_end_of_a_sheet_is_no_million_lines(bench):  # noqa: F811
    """S9: two rows and a blank in the last row kept every import waiting for a minute."""
    result = load(bench, book_of(far_down(" ")))
    assert (result["lines"], result["blank_lines"], result["created"]) == (4, 0, 3)


def test_the_lines_above_a_row_that_stands_far_down_are_counted_not_parsed(monkeypatch):
    parsed = []
    read = Rows._record
    monkeypatch.setattr(Rows, "_record", lambda *given: parsed.append(given) or read(*given))
    with open_sheet(io.BytesIO(book_of(far_down("x")))) as sheet:
        rows = Rows(sheet.file)
        last = list(rows)[-1]
    assert (last.line, last.cells[0]) == (1_048_576, "x")
    assert (rows.line, rows.blank, len(parsed)) == (1_048_576, 1_048_571, 5)


def test_an_importer_that_forgets_a_column_does_not_load():
    """A key that an importer forgot was not noticed by the dry run."""
    whole = ImportingToy.importers[0]
    assert whole.key_columns() == {"counter_id"}
    with pytest.raises(TypeError, match="note"):
        replace(whole, apart=whole.apart[:-1])
    with pytest.raises(TypeError, match="counter_id"):
        replace(whole, keys=lambda _row: [])
    with pytest.raises(TypeError, match="amount"):
        replace(whole, keys=lambda row: [row["counter_id"], str(row["amount"])])
