"""What reading a table, whatever its form, has in common: limits, marks in cells, refusals."""

from __future__ import annotations

from fivered.chassis.refusal import Refusal

MOST_COLUMNS = 200
# A workbook unpacks to at most this; one that promises more is not opened.
MOST_UNPACKED = 200 * 1024 * 1024
MOST_PACKED_FILES = 2000
HIGHEST_EXPANSION = 200
MOST_CELLS = 5_000_000
MOST_MERGED = 100_000

# What stands for a cell that holds no text: a formula without its result, one that is part of a
# merged cell, an error. No table of ours holds this character.
FORMULA, MERGED, ERROR = "\x1aFORMULA", "\x1aMERGED", "\x1aERROR"
MARKS = frozenset({FORMULA, MERGED, ERROR})
# What stands before the text of a cell that holds no text: a day, a time, or true and false. A
# spreadsheet makes them of what somebody typed (`3-1` is a day to it).
A_TIME, YES_OR_NO = "\x1aTIME:", "\x1aYES:"


class WorkbookBroken(Refusal):
    """It begins like a workbook and is none, or it is locked."""

    text = (
        "工作簿无法打开:文件损坏、带密码,或不是 .xlsx"
        " / The workbook cannot be opened: it is broken, has a password, or is no .xlsx"
    )


class WorkbookTooLarge(Refusal):
    """It would unpack to more than we take."""

    text = (
        "工作簿解压后过大(上限 {limit}),请分成几个文件"
        " / The workbook unpacks to more than {limit}; part it into several files"
    )


class HeadTooFar(Exception):
    """The first rows of a workbook are not among its first bytes."""


def plain(cell: str) -> str:
    """Return the text of a cell, of whatever type it was; nothing where it holds none."""
    return "" if cell in MARKS else cell.removeprefix(A_TIME).removeprefix(YES_OR_NO)


def visible(name: str) -> str:
    """Return a heading as a person can read it, with the numbers of characters nobody sees."""
    shown = "".join(one if one.isprintable() else f"<U+{ord(one):04X}>" for one in name.strip(" "))
    return shown[:40] or "<空>"
