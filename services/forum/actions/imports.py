"""The files that the forum takes: officials, their liaison links, and deputies."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.columns import ColumnsOf
from fivered.chassis.file_imports import Importer, Row, given, known_by, one_by_one
from fivered.services.forum import errors, replies
from fivered.services.forum.actions import liaison
from fivered.services.forum.storage import tables

_OFFICIAL = ColumnsOf(liaison.RegisterOfficial)
_LINK = ColumnsOf(liaison.AssignLiaison)
_DEPUTY = ColumnsOf(liaison.RegisterDeputy)


def _as_named(chosen: str, reply: replies.Done, field: str) -> replies.Done:
    """Return the reply to a line, which has to stand under the id that the line gives it.

    Raises:
        StandsAs: It stood under another one before.
    """
    if reply.id != chosen:
        raise errors.StandsAs(id=reply.id, field=field)
    return reply


def _register_official(tx: Tx, row: Row) -> replies.Done:
    reply = liaison.register_official(tx, liaison.RegisterOfficial(**given(row)))
    return _as_named(row["official_id"], reply, "official_id")


def _assign_link(tx: Tx, row: Row) -> replies.Done:
    reply = liaison.assign_liaison(tx, liaison.AssignLiaison(**given(row)))
    return _as_named(row["link_id"], reply, "link_id")


def _register_deputy(tx: Tx, row: Row) -> replies.Done:
    return liaison.register_deputy(tx, liaison.RegisterDeputy(**given(row)))


OFFICIALS = Importer(
    "officials",
    "包保干部 / Officials",
    (
        _OFFICIAL("official_id", "干部编号 / id", "off_1", required=True),
        _OFFICIAL("person_id", "人员编号 / person", "per_1"),
        _OFFICIAL("tier", "层级 / tier", "COMMUNITY_CADRE"),
        _OFFICIAL("post", "职务 / post", "社区党委副书记"),
        _OFFICIAL(
            "area",
            "区 6、街道 9、社区 12、网格 15 位代码 / area of the tier's size",
            "370811015911",
        ),
    ),
    one_by_one(known_by(tables.officials, "official_id"), "official_id", _register_official),
    lambda row: [
        row["official_id"],
        f"{row['person_id']} {row['tier']} {row['area']} {row['post']}",
    ],
    apart=(),
    # The areas may be defined already, and the forum not have heard of them yet.
    awaits=(errors.NotHeardOf,),
)

LIAISONS = Importer(
    "liaisons",
    "包保联系 / Liaison links",
    (
        _LINK("link_id", "联系编号 / id", "lnk_1", required=True),
        _LINK("official_id", "干部编号 / official", "off_1"),
        _LINK("target_kind", "对象类别 / kind of target", "GRID"),
        _LINK("target", "区划代码或户编号 / area code or household", "370811015911001"),
        _LINK("since", "起始时间;空为现在 / since when; empty: now", ""),
        _LINK("until", "结束时间;空为不限 / until when; empty: without end", ""),
    ),
    one_by_one(known_by(tables.liaisons, "link_id"), "link_id", _assign_link),
    lambda row: [
        row["link_id"],
        f"{row['official_id']} {row['target_kind']} {row['target']}",
    ],
    apart=("since", "until"),
    awaits=(errors.NotHeardOf,),
)

DEPUTIES = Importer(
    "deputies",
    "两代表一委员 / Deputies",
    (
        _DEPUTY("deputy_id", "代表编号 / id", "dep_1", required=True),
        _DEPUTY("person_id", "人员编号 / person", "per_2"),
        _DEPUTY("kind", "类别 / kind", "PEOPLES_CONGRESS"),
        _DEPUTY("level", "级别 / level", "DISTRICT"),
        _DEPUTY("streets", "选区街道代码 / streets of the constituency", "370811015"),
        _DEPUTY("term_from", "任期开始;空为现在 / start of the term; empty: now", ""),
        _DEPUTY("term_to", "任期届满;空为不限 / end of the term; empty: without end", ""),
    ),
    one_by_one(known_by(tables.deputies, "deputy_id"), "deputy_id", _register_deputy),
    lambda row: [row["deputy_id"], f"{row['person_id']} {row['kind']} {row['level']}"],
    apart=("streets", "term_from", "term_to"),
    awaits=(errors.NotHeardOf,),
)

IMPORTERS = (OFFICIALS, LIAISONS, DEPUTIES)
