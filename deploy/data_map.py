"""`docs/security/data-map.md`: which data of people each service keeps, as the code declares it."""

from __future__ import annotations

from collections.abc import Iterator

from fivered.chassis.bus import Service
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.personal import BASES, CLASSES, OF_CHASSIS, ROWS, WORDS, DataMap, Held, Use

_HEAD = (
    "# 个人信息清单 / Data map\n\n"
    "由 `make generate` 按代码中的声明写成(`services/*/storage/personal.py`);"
    "表中每一列须有归类,否则测试不通过。\n"
    "Written by `make generate` from the declarations beside the tables. A column that nobody has "
    "classed fails a test.\n\n"
    "数字、时间、区划、是否等列随其所在行,不单列。编号是随机的,"
    "姓名与号码只在 steward 的 `persons` 和 `stewards` 中,加密保存。\n"
    "Numbers, times, areas and yes or no belong to their row and are not listed. Ids are random; "
    "names and numbers of\npeople stand in steward's `persons` and `stewards` only, encrypted.\n"
)


def page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_bases(), *_services()]) + "\n"


def _bases() -> Iterator[str]:
    yield "## 依据 / Legal bases\n"
    yield "《个人信息保护法》 / Personal Information Protection Law, article (paragraph)(item):\n"
    for key, said in BASES.items():
        yield f"- {key}: {said}"
    yield ""


def _services() -> Iterator[str]:
    for name in service_names():
        cls: type[Service] = service_class(name)
        yield f"## {cls.title}\n"
        yield from _tables(cls.data_map)
    yield "## 各服务共有 / In every service\n"
    yield from _tables(OF_CHASSIS)


def _tables(data_map: DataMap) -> Iterator[str]:
    for held in data_map:
        if held.use is not None:
            yield from _table(held, held.use)
    things = ", ".join(f"`{held.table}`" for held in data_map if held.use is None)
    if things:
        yield f"不含个人信息 / Nothing of people: {things}\n"


def _table(held: Held, use: Use) -> Iterator[str]:
    yield f"### `{held.table}`\n"
    yield f"- 目的 / purpose: {use.purpose}"
    yield f"- 依据 / basis: {', '.join(use.basis)}"
    if use.consent:
        yield f"- 同意记录 / consent stands in: {use.consent}"
    ends = f" (`{use.ends}`)" if use.ends else ""
    yield f"- 保存 / kept: {use.kept}{ends}"
    if held.fades:
        yield f"- 到期 / in time: {_fades(held)}"
    yield f"- 谁可查阅 / read by: {use.readers}"
    if held.whose:
        yield f"- 删除时 / on erasure: {_erased(held)}"
    yield ""
    yield "| 列 / column | 内容 / what | 类别 / class |"
    yield "|---|---|---|"
    owners = list(dict.fromkeys(name for name, _, _ in held.owners))
    for kind, names in (
        ("whose", owners),
        ("general", held.general.split()),
        ("sensitive", held.sensitive.split()),
        ("hidden", held.hidden.split()),
    ):
        for name in names:
            yield f"| `{name}` | {WORDS[name]} | {CLASSES[kind]} |"
    if held.others:
        others = ", ".join(f"`{name}`" for name in held.others.split())
        yield f"| {others} | | {CLASSES['others']} |"
    yield ""


def _fades(held: Held) -> str:
    what = "整行删除 / rows deleted" if held.fades == ROWS else f"清空 / emptied: `{held.fades}`"
    return f"`{held.over}` 后 {held.months} 个月 / months after it: {what}"


def _erased(held: Held) -> str:
    if held.erased == ROWS:
        return "整行删除 / the rows are deleted"
    emptied = ", ".join(f"`{name}`" for name in held.erased.split())
    parts = [f"清空 / emptied: {emptied}"] if emptied else []
    if held.stays:
        parts.append(f"保留 / stays: {held.stays}")
    return "; ".join(parts)
