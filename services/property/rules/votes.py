"""The owners' votes by Civil Code art. 278: who has a voice, what passes, and why. Pure.

Areas are counted in hundredths of a square metre, so that no share is rounded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fivered.chassis.decimals import percent, ratio
from fivered.services.property.rules.rooms import square_metres, voice_of

# The matters of art. 278, each as its number there; those of (6) to (8) need three quarters.
MATTERS = {
    "RULES_OF_PROCEDURE": 1,
    "MANAGEMENT_CONVENTION": 2,
    "ELECT_COMMITTEE": 3,
    "CHOOSE_MANAGER": 4,
    "USE_MAINTENANCE_FUND": 5,
    "RAISE_MAINTENANCE_FUND": 6,
    "REBUILD": 7,
    "CHANGE_COMMON_USE": 8,
    "OTHER": 9,
}
SPECIAL = frozenset(name for name, number in MATTERS.items() if number in (6, 7, 8))
# What is no home, shop or office has no voice of its own.
WITHOUT_VOICE = ("PARKING", "STORAGE")


# Whose voice the part is that is not sold, or sold and not handed over.
DEVELOPER = "建设单位"


def counts_in_votes(use: str) -> bool:
    """Tell whether a room counts: a parking space or storage room does not."""
    return use not in WITHOUT_VOICE


# No owner is written so: a person's begins with "p:", an organisation's with "o:".
DEVELOPERS = "developer"


@dataclass(frozen=True, slots=True)
class Line:
    """One voice: the same owners together, with all their rooms."""

    voice: str
    persons: tuple[str, ...]
    organisations: tuple[str, ...]
    rooms: tuple[str, ...]
    area: int


def roll_of(
    rooms: Sequence[Any], owners: Mapping[str, Sequence[Any]]
) -> tuple[list[Line], dict[str, dict[str, int]]]:
    """Return the roll of a compound: its voices in order, and what is left out, by reason.

    Co-owners of a room have one voice; who owns several rooms has one voice with the area of all of
    them (Civil Code 278; 法释〔2009〕7号 art. 8, 9, as amended by 法释〔2020〕17号). What the
    developer has not sold, or sold and not handed over, is one voice with its area, too (art. 9).
    A room of which nobody is registered as owner has none.
    """
    groups: dict[str, list[Any]] = {}
    left: dict[str, dict[str, int]] = {}
    for room in rooms:
        reason = None
        who = owners.get(room.room_id, ())
        if not counts_in_votes(room.use):
            reason = room.use
        elif room.holding == "SOLD" and not who:
            reason = "OWNER_UNKNOWN"
        if reason is not None:
            sums = left.setdefault(reason, {"rooms": 0, "area": 0})
            sums["rooms"] += 1
            sums["area"] += room.area_m2_hundredths
            continue
        if room.holding == "SOLD":
            voice = voice_of((one.person_id for one in who), (one.organisation for one in who))
        else:
            voice = DEVELOPERS
        groups.setdefault(voice, []).append(room)
    lines = [
        Line(
            voice,
            tuple(sorted({o.person_id for o in _all(owners, mine) if o.person_id})),
            (DEVELOPER,)
            if voice == DEVELOPERS
            else tuple(sorted({o.organisation for o in _all(owners, mine) if o.organisation})),
            tuple(sorted(room.room_id for room in mine)),
            sum(room.area_m2_hundredths for room in mine),
        )
        for voice, mine in sorted(groups.items())
    ]
    return lines, left


def _all(owners: Mapping[str, Sequence[Any]], mine: Sequence[Any]) -> list[Any]:
    return [one for room in mine for one in owners.get(room.room_id, ())]


def line_digest(line: Line) -> str:
    """Return the SHA-256 of a line: its owners, rooms and area; an owner can compute the own."""
    told = f"{line.voice};{','.join(line.rooms)};{line.area}"
    return hashlib.sha256(told.encode()).hexdigest()


def roll_digest(line_digests: Iterable[str]) -> str:
    """Return the SHA-256 of a roll: of the digests of its lines, one a line."""
    return hashlib.sha256("\n".join(line_digests).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Count:
    """One of the two counts: by area (0.01 m2) or by heads."""

    eligible: int
    participating: int
    assenting: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a vote came to.

    Attributes:
        passed: Whether it is adopted.
        failed: Which conditions are not met; empty where it passed.
    """

    area: Count
    heads: Count
    passed: bool
    failed: tuple[str, ...]


def outcome(area: Count, heads: Count, *, special: bool) -> Outcome:
    """Return what two counts come to.

    At least two thirds of both take part; of these more than half of both agree, or at least three
    quarters where the matter is special. Whole numbers only: a share on the boundary is on it.
    """
    failed = []
    for name, count in (("AREA", area), ("HEADS", heads)):
        agreed = (
            4 * count.assenting >= 3 * count.participating
            if special
            else 2 * count.assenting > count.participating
        )
        if not count.eligible or 3 * count.participating < 2 * count.eligible:
            failed.append(f"PARTICIPATION_{name}")
        elif not agreed:
            failed.append(f"ASSENT_{name}")
    return Outcome(area, heads, not failed, tuple(failed))


@dataclass(frozen=True, slots=True)
class Way:
    """How a district counts who abstains and who returns nothing; frozen when a vote is called.

    Attributes:
        abstentions: PARTICIPATE or ABSENT.
        unreturned: ABSENT or PARTICIPATE. Silence never agrees (Civil Code art. 140).
    """

    abstentions: str = "PARTICIPATE"
    unreturned: str = "ABSENT"


def counted(lines: Sequence[Any], way: Way) -> tuple[Count, Count, dict[str, dict[str, int]]]:
    """Return both counts of a roll's lines, and voices and area by what was chosen.

    Args:
        lines: Each with `choice` (FOR, AGAINST, ABSTAIN or None) and `area_hundredths`.
        way: How the district counts.
    """
    sums = {name: {"voices": 0, "area": 0} for name in ("FOR", "AGAINST", "ABSTAIN", "UNRETURNED")}
    for line in lines:
        mine = sums[line.choice or "UNRETURNED"]
        mine["voices"] += 1
        mine["area"] += line.area_hundredths
    taking_part = ["FOR", "AGAINST"]
    if way.abstentions == "PARTICIPATE":
        taking_part.append("ABSTAIN")
    if way.unreturned == "PARTICIPATE":
        taking_part.append("UNRETURNED")

    def count(of: str) -> Count:
        return Count(
            sum(part[of] for part in sums.values()),
            sum(sums[name][of] for name in taking_part),
            sums["FOR"][of],
        )

    return count("area"), count("voices"), sums


_WORDS = {
    "FOR": "同意",
    "AGAINST": "反对",
    "ABSTAIN": "弃权",
    "UNRETURNED": "未投",
}
_FAILED = {
    "PARTICIPATION_AREA": "参与表决的专有部分面积不足三分之二",
    "PARTICIPATION_HEADS": "参与表决的业主人数不足三分之二",
    "ASSENT_AREA": "同意的专有部分面积未达法定比例",
    "ASSENT_HEADS": "同意的业主人数未达法定比例",
}
MATTER_WORDS = {
    "RULES_OF_PROCEDURE": "制定和修改业主大会议事规则",
    "MANAGEMENT_CONVENTION": "制定和修改管理规约",
    "ELECT_COMMITTEE": "选举业主委员会或者更换业主委员会成员",
    "CHOOSE_MANAGER": "选聘和解聘物业服务企业或者其他管理人",
    "USE_MAINTENANCE_FUND": "使用建筑物及其附属设施的维修资金",
    "RAISE_MAINTENANCE_FUND": "筹集建筑物及其附属设施的维修资金",
    "REBUILD": "改建、重建建筑物及其附属设施",
    "CHANGE_COMMON_USE": "改变共有部分的用途或者利用共有部分从事经营活动",
    "OTHER": "有关共有和共同管理权利的其他重大事项",
}


def document(
    *,
    number: str,
    project: str,
    title: str,
    matter: str,
    opened: str,
    closed: str,
    result: Outcome,
    sums: Mapping[str, Mapping[str, int]],
    left_out: Mapping[str, Mapping[str, int]],
    way: Way,
    roll_sha256: str,
) -> str:
    """Return the paper of a result: every figure from which it follows, and the roll's digest."""
    special = matter in SPECIAL
    area, heads = result.area, result.heads

    def share(part: int, whole: int) -> str:
        return f"{percent(ratio(part, whole)) or '-'}%"

    law = f"《民法典》第二百七十八条第一款第({MATTERS[matter]})项"
    terms = "四分之三以上同意" if special else "过半数同意"
    abstained = "计入" if way.abstentions == "PARTICIPATE" else "不计入"
    unreturned = "计入" if way.unreturned == "PARTICIPATE" else "不计入"
    came_to = "通过" if result.passed else "未通过:" + ";".join(_FAILED[n] for n in result.failed)
    lines = [
        f"业主共同决定表决结果 {number}",
        f"小区:{project}",
        f"议题:{title}",
        f"事项:{law},{MATTER_WORDS[matter]}",
        f"表决时间:{opened} 至 {closed}",
        f"通过条件:面积、人数均有三分之二以上参与,且参与者中面积、人数均{terms}",
        f"名册:{heads.eligible} 人,{square_metres(area.eligible)} 平方米;摘要 {roll_sha256}",
    ]
    for name, part, whole in (
        ("参与", "participating", "eligible"),
        ("同意", "assenting", "participating"),
    ):
        people, of = getattr(heads, part), getattr(heads, whole)
        metres, of_metres = getattr(area, part), getattr(area, whole)
        lines.append(
            f"{name}:{people} 人({share(people, of)}),"
            f"{square_metres(metres)} 平方米({share(metres, of_metres)})"
        )
    for name, sum_ in sums.items():
        lines.append(f"{_WORDS[name]}:{sum_['voices']} 票,{square_metres(sum_['area'])} 平方米")
    for reason, sum_ in sorted(left_out.items()):
        lines.append(f"未计入({reason}):{sum_['rooms']} 套,{square_metres(sum_['area'])} 平方米")
    lines += [f"弃权{abstained}参与,未投{unreturned}参与", f"结果:{came_to}"]
    return "\n".join(lines) + "\n"
