"""One column of a file: what a cell must hold, how it is read, and why it is refused.

An error never repeats what stood in a cell: files hold names and numbers of people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias, TypedDict, Unpack

from msgspec import inspect

from fivered.chassis import marks
from fivered.chassis.calendar import SHANGHAI, with_zone
from fivered.chassis.cells import A_TIME, ERROR, FORMULA, MERGED, plain
from fivered.chassis.forms import form_of
from fivered.chassis.free_text import PUBLIC
from fivered.chassis.i18n import named
from fivered.chassis.refusal import Choices, NumberOfAPerson, Refusal, Sentence
from fivered.chassis.requests import UNIQUE
from fivered.chassis.sheets import mark_of
from fivered.chassis.text import PROSE, broken, code, personal_number, tidy, unreadable

Cell: TypeAlias = str | float | bool | date | datetime | list[str] | None
Kind = Literal["text", "integer", "number", "yes_no", "date", "instant", "list"]

_YES = {"true", "1", "yes", "y", "是"}
_NO = {"false", "0", "no", "n", "否"}


class BadCell(Refusal):
    """A cell does not hold what is expected."""

    text = "内容不符合要求 / Not what is expected"


class CellMissing(BadCell):
    """A required cell is empty."""

    code = "CELL_MISSING"
    text = "必填项为空 / A required value is missing"


class CellUnreadable(BadCell):
    """A cell holds a control or direction character."""

    code = "CELL_UNREADABLE"
    text = "含有不可见的控制字符 {character} / has the invisible control character {character}"


class CellBroken(BadCell):
    """A cell of one line holds a line break or a tab."""

    code = "CELL_BROKEN"
    text = (
        "应为一行文字,第 {position} 个字符处有换行或制表符"
        " / must be one line of text: character {position} is a line break or a tab"
    )


class CellTwice(BadCell):
    """A list in which nothing stands twice has a value twice."""

    code = "CELL_TWICE"
    text = "有重复的项 / the same item stands there twice"


class CellFormula(BadCell):
    """A cell of a workbook holds a formula, and not what it came to."""

    code = "CELL_FORMULA"
    text = (
        "单元格是公式,文件中没有计算结果:请在电子表格中重新计算并保存,或粘贴为值"
        " / the cell is a formula, and the file does not hold its result: recalculate and save it "
        "in the spreadsheet, or paste it as a value"
    )


class CellMerged(BadCell):
    """A cell is part of a merged one; nobody can tell what is meant for this row."""

    code = "CELL_MERGED"
    text = (
        "单元格与其他单元格合并:请取消合并,并在每一行填写"
        " / the cell is part of a merged one: unmerge it and fill in every row"
    )


class CellError(BadCell):
    """A cell holds an error of a spreadsheet."""

    code = "CELL_ERROR"
    text = (
        "单元格是电子表格的错误值(如 #REF!、#N/A):请改正后重新填写"
        " / the cell is an error of a spreadsheet (such as #REF! or #N/A): put it right and fill "
        "it in again"
    )


class CellConverted(BadCell):
    """A cell of a text holds what a spreadsheet made of it."""

    code = "CELL_CONVERTED"
    text = (
        "电子表格已把内容变成日期、时间或逻辑值:请将该列设为“文本”后重新填写"
        " / The spreadsheet made a date, a time or a truth value of this: make the column text and "
        "fill it in again"
    )


_UNREAD: dict[str, type[BadCell]] = {FORMULA: CellFormula, MERGED: CellMerged, ERROR: CellError}


class DigitsLost(BadCell):
    """A spreadsheet made a number out of a code; its last digits are gone."""

    code = "DIGITS_LOST"
    text = (
        "电子表格已把号码变成数字,末几位已丢失:请将该列设为“文本”后重新填写"
        " / The spreadsheet made a number of this; its last digits are lost: make the column text"
    )


class DayOfASpreadsheet(BadCell):
    """The number that a spreadsheet keeps for a day."""

    code = "DAY_OF_A_SPREADSHEET"
    text = (
        "这是电子表格的日期序号,请写成 2025-01-31 的形式"
        " / This is a spreadsheet's number of a day; write it as 2025-01-31"
    )


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file.

    Attributes:
        name: As it stands in the header.
        meaning: "中文 / English", for the template's description.
        example: A value that is taken.
        days: Where the example must be near: how many days from today its day lies.
        kind: How a cell is read. A list is parted by "|".
        required: Whether the cell may be empty.
        pattern: What the whole text (each part of a list) must match.
        choices: The texts that are taken; any when empty.
        low: Least number.
        high: Greatest number.
        longest: Most characters of a text (of each part of a list).
        most: Most parts of a list.
        unique: Whether no part of a list stands twice.
        expects: What the cell must hold ("中文 / English"), where `kind` does not say it.
        public: Whether others read it, so that it must hold no number of a person.
        repeated: Whether a refusal may repeat it: the code of a thing, never of a person.
    """

    name: str
    meaning: str
    example: str
    kind: Kind = "text"
    required: bool = False
    pattern: str = ""
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    longest: int = 200
    most: int | None = None
    unique: bool = False
    expects: str = ""
    days: int | None = None
    public: bool = False
    repeated: bool = False

    @property
    def word(self) -> str:
        """What the column is called in Chinese."""
        return re.split(r"[;；:：(（,，、]", self.meaning.partition(" / ")[0])[0].strip() or "备注"

    @property
    def _is_time(self) -> bool:
        """Whether a spreadsheet's day or time may stand here."""
        return self.kind in {"date", "instant"} or self.days is not None

    def example_on(self, today: date) -> str:
        """Return the example of a template that is fetched today."""
        if self.days is None:
            return self.example
        return f"{today + timedelta(days=self.days)}{self.example[10:]}"

    def expected(self) -> tuple[str, str]:
        """Return what the cell must hold, in Chinese and in English."""
        if self.expects:
            said = Sentence(self.expects)
            return str(said), said.english
        zh, en = {
            "text": (f"最多 {self.longest} 字的文本", f"text of at most {self.longest} characters"),
            "integer": ("整数", "a whole number"),
            "number": ("数字", "a number"),
            "yes_no": ("true 或 false", "true or false"),
            "date": ("日期,如 2025-01-31", "a date such as 2025-01-31"),
            "instant": (
                "时间,如 2025-01-31T09:00:00+08:00",
                "a time such as 2025-01-31T09:00:00+08:00",
            ),
            "list": ("以 | 分隔的一项或多项", "one or several, parted by |"),
        }[self.kind]
        if self.choices:
            choices = Choices(*self.choices)
            zh, en = f"{named(choices)} 之一", f"one of {named(choices, 'en')}"
        if self.low is not None or self.high is not None:
            low = "" if self.low is None else f" ≥ {self.low}"
            high = "" if self.high is None else f" ≤ {self.high}"
            zh, en = f"{zh}{low}{high}", f"{en}{low}{high}"
        form = form_of(self.pattern) if self.pattern else None
        if form is not None and self.kind == "list":
            zh, en = f"{zh},每项为 {form}", f"{en}, each of {form.english}"
        elif form is not None:
            zh, en = str(form), form.english
        if self.example and (self.pattern or self.kind == "list"):
            zh, en = f"{zh},如 {self.example}", f"{en}, such as {self.example}"
        return zh, en

    def read(self, cell: str) -> Cell:
        """Read a cell; an empty one is None.

        Raises:
            BadCell: It does not hold what is expected.
        """
        mark = mark_of(cell)
        if mark is not None:
            raise _UNREAD[mark](field=self.name)
        if cell != plain(cell):
            fits = self._is_time if cell.startswith(A_TIME) else self.kind == "yes_no"
            if not fits:
                raise CellConverted(field=self.name)
            cell = plain(cell)
        character = unreadable(cell)
        if character is not None:
            raise CellUnreadable(field=self.name, character=f"U+{ord(character):04X}")
        position = broken(cell) if self.name not in PROSE else None
        if position is not None:
            raise CellBroken(field=self.name, position=position)
        text = _out_of_a_spreadsheet(tidy(cell))
        if not text:
            if self.required:
                raise CellMissing(field=self.name)
            return None
        if self.kind not in {"number", "instant", "date"} and _SCIENTIFIC.match(text):
            raise DigitsLost(field=self.name)
        try:
            value = self._value(text)
        except ValueError:
            raise BadCell(field=self.name) from None
        parts = value if isinstance(value, list) else [value if isinstance(value, str) else text]
        if self.kind == "list" and not self._list_fits(parts):
            raise BadCell(field=self.name)
        if self.choices and not set(parts) <= set(self.choices):
            raise BadCell(field=self.name)
        if self.pattern and not all(re.fullmatch(self.pattern, part) for part in parts):
            raise BadCell(field=self.name)
        if self.unique and len(set(parts)) < len(parts):
            raise CellTwice(field=self.name)
        for part in parts if self.public else ():
            number = personal_number(part)
            if number is not None:
                raise NumberOfAPerson(field=self.name, kind=number)
        return value

    def other(self, value: Cell) -> Cell:
        """Return another value of this column, of the same type."""
        match value or _EMPTY[self.kind]:
            case list() as texts:
                return [_other_text(one) for one in texts]
            case date() as day:
                return day + timedelta(days=1)
            case bool() as yes:
                return not yes
            case str() as text:
                return _other_text(text)
            case number:
                return number + 1

    def _value(self, text: str) -> Cell:
        if self.kind in {"integer", "number"}:
            number = self._number(text)
            if (self.low is not None and number < self.low) or (
                self.high is not None and number > self.high
            ):
                raise ValueError
            return number
        if self.kind == "yes_no":
            if text.lower() in _YES:
                return True
            if text.lower() in _NO:
                return False
            raise ValueError
        if self.kind == "date":
            return self._day(text)
        if self.kind == "instant":
            if len(text) <= _LONGEST_DAY:
                day = self._day(text)
                return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
            return with_zone(datetime.fromisoformat(text))
        if self.kind == "list":
            return [part.strip() for part in text.split("|") if part.strip()]
        if self.pattern and not re.fullmatch(self.pattern, text):
            text = _WHOLE.sub(r"\1", code(text))
        if len(text) > self.longest:
            raise ValueError
        return text

    def _list_fits(self, parts: list[str]) -> bool:
        fits = self.most is None or len(parts) <= self.most
        return fits and all(len(part) <= self.longest for part in parts)

    def _number(self, text: str) -> int | float:
        plain = code(text)
        if self.kind == "number":
            if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", plain):
                raise ValueError
            return float(plain)
        if not re.fullmatch(r"-?[0-9]{1,15}(\.0+)?", plain):
            raise ValueError
        return int(plain.partition(".")[0])

    def _day(self, text: str) -> date:
        """Read a day as people write it.

        Raises:
            DayOfASpreadsheet: It is the number that a spreadsheet keeps for a day.
            ValueError: There is no such day.
        """
        plain = code(text)
        if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", plain):
            raise DayOfASpreadsheet(field=self.name)
        found = _DAY.fullmatch(plain) or _DAY_AS_NUMBER.fullmatch(plain)
        if found is None:
            raise ValueError
        return date(int(found[1]), int(found[2]), int(found[3]))


class Otherwise(TypedDict, total=False):
    """What a column says otherwise than the command of its file."""

    kind: Kind
    required: bool
    pattern: str
    choices: tuple[str, ...]
    low: int
    high: int
    longest: int
    expects: str
    days: int
    public: bool
    repeated: bool


class ColumnsOf:
    """Makes the columns of a file whose rows become a command.

    What a cell must hold is what the command's type says of the member of that name: kind, form,
    choices, bounds, length, whether it may be left out and whether others read it. A file adds the
    words for people, an example, and what it asks for beyond (`required=True` for an id that a
    caller over HTTP need not choose).
    """

    def __init__(self, command: type) -> None:
        self._hints = dict(marks.members(command))
        self._members = _members(command)

    def __call__(
        self, name: str, meaning: str, example: str, **otherwise: Unpack[Otherwise]
    ) -> Column:
        """Return the column of the command's member `name`; see `Column`.

        Raises:
            KeyError: The command has no such member.
            TypeError: No cell can hold its type.
        """
        member = self._members[name]
        derived = Otherwise(required=member.required, public=marks.holds(self._hints[name], PUBLIC))
        derived |= _said_of(member.type)
        most = _most(member.type)
        unique = marks.holds(self._hints[name], UNIQUE)
        return Column(name, meaning, example, most=most, unique=unique, **derived | otherwise)


def _members(command: type) -> dict[str, inspect.Field]:
    found = inspect.type_info(command)
    if not isinstance(found, inspect.StructType):
        raise TypeError(f"{command.__name__} is no command")
    return {field.name: field for field in found.fields}


def _bare(kind: inspect.Type) -> inspect.Type:
    """Return a member's type without its words, and without None."""
    match kind:
        case inspect.Metadata():
            return _bare(kind.type)
        case inspect.UnionType():
            one, *others = (part for part in kind.types if not isinstance(part, inspect.NoneType))
            if not others:
                return _bare(one)
    return kind


def _most(kind: inspect.Type) -> int | None:
    bare = _bare(kind)
    return bare.max_length if isinstance(bare, inspect.ListType) else None


def _said_of(kind: inspect.Type) -> Otherwise:
    bare = _bare(kind)
    match bare:
        case inspect.StrType():
            said = Otherwise()
            if bare.pattern is not None:
                said["pattern"] = bare.pattern
            if bare.max_length is not None:
                said["longest"] = bare.max_length
            return said
        case inspect.LiteralType():
            return Otherwise(choices=tuple(str(one) for one in bare.values))
        case inspect.ListType():
            return _said_of(bare.item_type) | Otherwise(kind="list")
        case inspect.IntType() | inspect.FloatType():
            said = Otherwise(kind="integer" if isinstance(bare, inspect.IntType) else "number")
            if bare.ge is not None:
                said["low"] = int(bare.ge)
            if bare.le is not None:
                said["high"] = int(bare.le)
            return said
        case inspect.BoolType():
            return Otherwise(kind="yes_no")
        case inspect.DateTimeType():
            return Otherwise(kind="instant")
        case inspect.DateType():
            return Otherwise(kind="date")
    raise TypeError(f"no cell can hold {bare}")


_EMPTY: dict[Kind, str | float | bool | date | list[str]] = {
    "text": "",
    "integer": 0,
    "number": 0.0,
    "yes_no": False,
    "date": date(2025, 1, 1),
    "instant": datetime(2025, 1, 1, tzinfo=SHANGHAI),
    "list": [""],
}


def _other_text(text: str) -> str:
    return text[:-1] + ("1" if text[-1:] != "1" else "2")


_DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?:[ T]00:00(?::00)?)?")
_DAY_AS_NUMBER = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_LONGEST_DAY = len("2025年12月31日")
_SCIENTIFIC = re.compile(r"^[0-9]\.[0-9]+E\+[0-9]{2}$")
# A number of a spreadsheet that became text with its decimal point.
_WHOLE = re.compile(r"^([0-9]{1,15})\.0+$")
_FORMULA = re.compile(r'^="(.*)"$')


def _out_of_a_spreadsheet(text: str) -> str:
    """Return a cell without what a spreadsheet put around it to keep it text."""
    formula = _FORMULA.match(text)
    if formula:
        return tidy(formula[1])
    return text[1:] if text[:1] == "'" and text[1:2].isalnum() else text
