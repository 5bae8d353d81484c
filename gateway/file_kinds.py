"""What a file is by its content: neither its name nor what it is announced as is believed."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fivered.chassis.refusal import Refusal

MIB = 1024 * 1024
_HEAD = 4096
# A paper that grows so much when it is opened is no paper.
_MOST_UNPACKED = 1024 * MIB
_MOST_RATIO = 200
_MOST_PARTS = 10_000
_MOST_OBJECTS = 64 * MIB


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that may be taken.

    Attributes:
        name: As the setting calls it, and the ending of its name.
        media_type: As it is served.
        picture: Whether it is written anew, without what a camera notes in it.
        becomes: The kind as which it is written anew, where that is another one.
    """

    name: str
    media_type: str
    picture: bool = False
    becomes: str = ""

    @property
    def kept_as(self) -> FileKind:
        """The kind of the file that is kept."""
        return KINDS[self.becomes] if self.becomes else self


_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
KINDS: Mapping[str, FileKind] = {
    one.name: one
    for one in (
        FileKind("jpg", "image/jpeg", picture=True),
        FileKind("png", "image/png", picture=True),
        FileKind("webp", "image/webp", picture=True),
        # What newer phones take; few readers show it.
        FileKind("heic", "image/heic", picture=True, becomes="jpg"),
        FileKind("pdf", "application/pdf"),
        FileKind("ofd", "application/ofd"),
        FileKind("docx", f"{_OFFICE}.wordprocessingml.document"),
        FileKind("xlsx", f"{_OFFICE}.spreadsheetml.sheet"),
        FileKind("pptx", f"{_OFFICE}.presentationml.presentation"),
        FileKind("doc", "application/msword"),
        FileKind("xls", "application/vnd.ms-excel"),
        FileKind("ppt", "application/vnd.ms-powerpoint"),
        FileKind("odt", f"{_ODF}.text"),
        FileKind("ods", f"{_ODF}.spreadsheet"),
        FileKind("odp", f"{_ODF}.presentation"),
    )
}
BY_TYPE = {one.media_type: one for one in KINDS.values()}


class FileKindRefused(Refusal):
    """It is of a kind that is not taken, whatever its name says."""

    status = 415
    text = "不接收此种文件,可上传:{kinds} / Such a file is not taken; these are: {kinds}"


class MacrosRefused(Refusal):
    """A paper that holds a program."""

    status = 415
    text = (
        "文件含宏,请另存为不含宏的格式或 PDF / The file holds macros; save it without, or as a PDF"
    )


class ActionsRefused(Refusal):
    """A PDF that runs a program, or starts one, where it is opened."""

    status = 415
    text = (
        "PDF 含脚本或启动程序的动作,请重新导出后上传"
        " / The PDF holds scripts, or starts programs; export it anew without them"
    )


class FileDamaged(Refusal):
    """It begins like a file of its kind, and is none."""

    status = 422
    text = "文件已损坏,无法打开 / The file is damaged and cannot be opened"


class FileUnpacksTooLarge(Refusal):
    """A small file that would fill a memory."""

    status = 422
    text = "文件解开后过大,不接收 / The file would be too large when it is opened"


class FileTooLarge(Refusal):
    """It is larger than its kind may be."""

    status = 413
    text = "{kind} 文件不得超过 {mib} MiB / A {kind} file has at most {mib} MiB"


def limits_of(said: Sequence[str]) -> dict[str, int]:
    """Return the kinds that are taken, and how many bytes each may have: `jpg:20` is 20 MiB."""
    pairs = [one.partition(":") for one in said]
    return {name: int(mib) * MIB for name, _, mib in pairs}


def kind_of(path: Path, taken: Mapping[str, int]) -> FileKind:
    """Return what a file is.

    Args:
        path: Where it lies.
        taken: Bytes that each kind may have; others are not taken.

    Raises:
        ActionsRefused, FileDamaged, FileKindRefused, FileTooLarge, FileUnpacksTooLarge,
            MacrosRefused: It is not taken.
    """
    name = _name_of(path)
    if name not in taken:
        raise FileKindRefused(kinds=", ".join(taken))
    if path.stat().st_size > taken[name]:
        raise FileTooLarge(kind=name, mib=taken[name] // MIB)
    if name == "pdf":
        _check_actions(path.read_bytes())
    return KINDS[name]


# Of one picture, coded by HEVC; AVIF and films begin otherwise.
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1"})


def _name_of(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
        return "heic"
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return _of_archive(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _of_old_office(path)
    return ""


_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
# So much before a stream is looked at for what it holds.
_DICTIONARY = 1024
# What runs where a PDF is opened; a name ends before a sign that belongs to none.
_ACTION = re.compile(rb"/(JavaScript|JS|Launch|RichMedia)(?![A-Za-z0-9_.-])")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")


def _check_actions(content: bytes) -> None:
    """Look through the objects of a PDF, those that are packed into streams too; what a page draws
    is no object.

    Raises:
        ActionsRefused: One of them runs or starts something.
        FileUnpacksTooLarge: They are packed too closely.
    """
    parts, end = [], 0
    for stream in _STREAM.finditer(content):
        parts.append(content[end : stream.start()])
        end = stream.end()
        if b"/ObjStm" in content[max(0, stream.start() - _DICTIONARY) : stream.start()]:
            unpacking = zlib.decompressobj()
            with suppress(zlib.error):  # sealed, or packed otherwise: no reader of ours opens it
                parts.append(unpacking.decompress(stream[1], _MOST_OBJECTS))
                if unpacking.unconsumed_tail:
                    raise FileUnpacksTooLarge
    parts.append(content[end:])
    for part in parts:
        # A name may be written with the numbers of its letters.
        plain = _HEX.sub(lambda found: bytes([int(found[1], 16)]), part)
        if _ACTION.search(plain):
            raise ActionsRefused


# Which part shows what a zip is.
_SHOWN_BY = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
    "OFD.xml": "ofd",
}
_MACROS = re.compile(r"(^|/)(vbaProject\.bin|vbaData\.xml|Basic/|Scripts/)", re.IGNORECASE)


def _of_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
            _check_size(parts, path.stat().st_size)
            names = {part.filename for part in parts}
            if any(map(_MACROS.search, names)):
                raise MacrosRefused
            if "[Content_Types].xml" in names:
                with packed.open("[Content_Types].xml") as told:
                    if b"macroEnabled" in told.read(MIB):
                        raise MacrosRefused
            if "mimetype" in names:
                with packed.open("mimetype") as told:
                    found = BY_TYPE.get(told.read(100).decode("ascii", "replace").strip())
                return found.name if found is not None else ""
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, OSError, EOFError):
        raise FileDamaged from None
    except (RuntimeError, ValueError):  # sealed with a password; an impossible entry
        raise FileDamaged from None
    return next((kind for part, kind in _SHOWN_BY.items() if part in names), "")


def _check_size(parts: Sequence[zipfile.ZipInfo], packed: int) -> None:
    whole = sum(part.file_size for part in parts)
    if (
        len(parts) > _MOST_PARTS
        or whole > _MOST_UNPACKED
        or whole > max(10 * MIB, packed * _MOST_RATIO)
    ):
        raise FileUnpacksTooLarge


def _wide(name: str) -> bytes:
    return name.encode("utf-16-le")


# Entries of the old container are named in UTF-16.
_OLD = {"WordDocument": "doc", "Workbook": "xls", "Book": "xls", "PowerPoint Document": "ppt"}


def _of_old_office(path: Path) -> str:
    content = path.read_bytes()
    if any(_wide(name) in content for name in ("_VBA_PROJECT", "Macros", "VBA_PROJECT_CUR")):
        raise MacrosRefused
    return next((kind for name, kind in _OLD.items() if _wide(name) + b"\0\0" in content), "")


__all__ = ["BY_TYPE", "KINDS", "FileKind", "FileTooLarge", "kind_of", "limits_of"]
