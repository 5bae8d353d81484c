"""A synthetic district, row by row.

Every row follows from the seed and its own number alone: it can be made again without the others,
and neither the order nor the number of processes changes anything. Nothing is kept but a few
numbers, so a million residents need no more memory than a thousand.

Nobody can be taken for a real person or place: communities are numbered from 911 (no authority
assigns 901 to 999), identity numbers and social credit codes carry the division 370899 (no county
has it), phones begin with 128 (no operator has it), and every person is marked synthetic.
"""

from __future__ import annotations

import functools
import hashlib
import math
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from fivered.clients.load.words import (
    COMMUNITY_TRADES,
    COMPANY_TAILS,
    COMPOUND_TAILS,
    GIVEN,
    PLACES,
    SHOPS,
    SIDES,
    STREET_TRADES,
    SURNAME_WEIGHTS,
    SURNAMES,
    UNITS,
)

VERSION = "1"
MOST_RESIDENTS = 1_600_000

Row = tuple[str, ...]

DIVISION = "370899"
TODAY = date(2025, 1, 1)
NOTICE = "2025.1"
_BORN_FROM_MS = 0x01941F297C00  # 2025-01-01 in UTC; ids count on from there, one per millisecond

_PER_COMMUNITY = 6250
_PER_GRID = 400
_GRIDS_MOST = 100  # room for ordinals of grids in a community
_MEMBERS_MOST = 8
_SIZES = ((1, 0.24), (2, 0.54), (3, 0.79), (4, 0.92), (5, 0.97), (6, 0.99), (7, 1.0))
_FIRST_COMMUNITY = 911

# A head of household is grown up; the others make the pyramid 18 / 60 / 22 % come out.
_HEAD_AGES = ((0.72, 22, 59), (1.0, 60, 92))
_OTHER_AGES = ((0.30, 0, 14), (0.82, 15, 59), (1.0, 60, 95))

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

# Numbers that two persons share would make neither of them registrable. Within one block of
# ordinals every (day, order) pair is used once; blocks keep apart by the year of birth.
_ID_SLOTS = 365 * 999
_ID_STEP = 100_003
_PHONES = 99_000_000
_PHONE_STEP = 7_654_321

_SURNAME_TURNS = tuple(accumulate(SURNAME_WEIGHTS))

# Where the ordinals of people who live in no grid here begin.
_STAFF = 20_000_000
_POLICE = 30_000_000
_UTILITY = 31_000_000
_MANAGER = 32_000_000
_OPERATOR = 33_000_000
_CADRES_OF_STREETS = 34_000_000


def check_digit(seventeen: str) -> str:
    """Return the check digit of a resident identity number (GB 11643)."""
    total = sum(int(sign) * weight for sign, weight in zip(seventeen, _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def uscc(head: str, counter: int) -> str:
    """Return an invented unified social credit code with a right check character (GB 32100)."""
    body = f"{head}{DIVISION}MA{counter:07d}"
    total = sum(
        _USCC_ALPHABET.index(sign) * weight
        for sign, weight in zip(body, _USCC_WEIGHTS, strict=True)
    )
    return body + _USCC_ALPHABET[(31 - total % 31) % 31]


@dataclass(frozen=True, slots=True)
class Household:
    """One household: where it is, and how many live in it."""

    ordinal: int
    grid: str
    size: int


@dataclass(frozen=True, slots=True)
class Person:
    """One resident."""

    ordinal: int
    person_id: str
    name: str
    phone: str
    id_no: str
    born: date
    grid: str
    household_id: str

    @property
    def age(self) -> int:
        """Age at the beginning of 2025."""
        had = (TODAY.month, TODAY.day) >= (self.born.month, self.born.day)
        return TODAY.year - self.born.year - (not had)


@dataclass
class District:
    """A district of a given size.

    Args:
        residents: How many people live in it.
        seed: Another seed is another district.
        households: Known from a manifest; counted when it is not given.

    Raises:
        ValueError: More residents than a district has numbers for, or none.
    """

    residents: int
    seed: int
    households: int = 0
    communities: int = field(init=False)
    blocks: int = field(init=False)

    def __post_init__(self) -> None:
        if not 1 <= self.residents <= MOST_RESIDENTS:
            raise ValueError(f"residents must be 1 to {MOST_RESIDENTS}")
        if not self.households:
            self.households = self._count_households()
        self.communities = max(1, round(self.residents / _PER_COMMUNITY))
        self._per_community = math.ceil(self.households / self.communities)
        # With rounding up, the last one could be left without anybody.
        self.communities = math.ceil(self.households / self._per_community)
        self.blocks = 1 + (self.households * _MEMBERS_MOST) // _ID_SLOTS
        self._shift = self._random("shift", 0).randrange(_ID_SLOTS)
        self.starts = functools.lru_cache(maxsize=64)(self._starts)

    def _random(self, kind: str, ordinal: int) -> Random:
        return Random(f"{self.seed}:{kind}:{ordinal}")  # nosec B311  # noqa: S311  invented data, no secret

    def identity(self, prefix: str, kind: str, ordinal: int) -> str:
        """Return the id of a thing: the prefix and a UUID of version 7."""
        digest = hashlib.sha256(f"{self.seed}:{kind}:{ordinal}".encode()).digest()
        number = (_BORN_FROM_MS + ordinal) << 80 | int.from_bytes(digest[:10], "big")
        number = number & ~(0xF << 76) | 0x7 << 76
        number = number & ~(0x3 << 62) | 0x2 << 62
        text = f"{number:032x}"
        return f"{prefix}_{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    # -------------------------------------------------------------------------------------- places

    def community(self, ordinal: int) -> tuple[str, str]:
        """Return code and name of a community."""
        unit = UNITS[ordinal % len(UNITS)][0]
        name = PLACES[ordinal % len(PLACES)] + SIDES[ordinal // len(PLACES) % len(SIDES)]
        return f"{unit}{_FIRST_COMMUNITY + ordinal // len(UNITS)}", f"{name}社区"

    @property
    def units(self) -> int:
        """How many of the streets and towns have people."""
        return min(len(UNITS), self.communities)

    def communities_of(self, unit: int) -> range:
        """Return the ordinals of the communities of a street or town."""
        return range(unit, self.communities, len(UNITS))

    def _starts(self, community: int) -> list[int]:
        """Return the household with which each grid of a community begins, and the end."""
        first = community * self._per_community
        count = min(self._per_community, self.households - first)
        grids = max(1, round(count / _PER_GRID))
        size = count / grids
        # Grids are cut along buildings, so they differ, but stay between 300 and 500 households.
        play = max(0.0, min(25.0, (size - 300) / 2, (500 - size) / 2))
        rng = self._random("grids", community)
        cuts = [round(size * place + rng.uniform(-play, play)) for place in range(1, grids)]
        return [first, *(first + cut for cut in cuts), first + count]

    def grids_of(self, community: int) -> list[str]:
        """Return the codes of a community's grids."""
        code = self.community(community)[0]
        return [f"{code}{number:03d}" for number in range(1, len(self.starts(community)))]

    # -------------------------------------------------------------------------------------- people

    def _drawn_size(self, ordinal: int) -> int:
        draw = self._random("household", ordinal).random()
        return next(size for size, upto in _SIZES if draw < upto)

    def _count_households(self) -> int:
        left, ordinal = self.residents, 0
        while left > 0:
            left -= self._drawn_size(ordinal)
            ordinal += 1
        return ordinal

    def household(self, ordinal: int, size: int | None = None) -> Household:
        """Return a household; the last one of the district may have been cut (`size`)."""
        community = min(ordinal // self._per_community, self.communities - 1)
        starts = self.starts(community)
        place = bisect(starts, ordinal) - 1
        code = self.community(community)[0]
        return Household(
            ordinal,
            f"{code}{min(place, len(starts) - 2) + 1:03d}",
            self._drawn_size(ordinal) if size is None else size,
        )

    def all_households(self) -> Iterator[Household]:
        """Make every household; together they have exactly the residents."""
        left = self.residents
        for ordinal in range(self.households):
            found = self.household(ordinal)
            if found.size > left:
                found = self.household(ordinal, left)
            left -= found.size
            yield found

    def name(self, rng: Random) -> str:
        """Return an invented name."""
        surname = SURNAMES[bisect(_SURNAME_TURNS, rng.random() * _SURNAME_TURNS[-1])]
        signs = 1 if rng.random() < 0.15 else 2
        return surname + "".join(GIVEN[int(rng.random() * len(GIVEN))] for _ in range(signs))

    def phone(self, ordinal: int) -> str:
        """Return the phone of the person with this ordinal; no two are the same."""
        place = (ordinal * _PHONE_STEP + self._shift) % _PHONES
        return f"128{1_000_000 + place:08d}"

    def _born(self, rng: Random, ordinal: int, *, head: bool) -> tuple[date, int]:
        """Return a birthday and an order number that nobody else has together."""
        draw = rng.random()
        ages = _HEAD_AGES if head else _OTHER_AGES
        youngest, oldest = next((low, high) for upto, low, high in ages if draw < upto)
        # The very old are few: of two draws the younger one counts.
        spread = min(rng.random(), rng.random()) if youngest >= 60 else rng.random()
        age = youngest + int(spread * (oldest - youngest + 1))
        block, place = divmod(ordinal, _ID_SLOTS)
        years = [
            year
            for year in range(TODAY.year - 1 - oldest, TODAY.year - youngest)
            if (year - block) % self.blocks == 0
        ]
        wanted = TODAY.year - 1 - age
        year = min(years, key=lambda one: abs(one - wanted))
        day, order = divmod((place * _ID_STEP + self._shift) % _ID_SLOTS, 999)
        return date(year, 1, 1) + timedelta(days=day), order + 1

    def resident(self, home: Household, member: int) -> Person:
        """Return one member of a household; member 0 is its head, who is grown up."""
        ordinal = home.ordinal * _MEMBERS_MOST + member
        rng = self._random("person", ordinal)
        born, order = self._born(rng, ordinal, head=member == 0)
        body = f"{DIVISION}{born:%Y%m%d}{order:03d}"
        return Person(
            ordinal,
            self.identity("per", "person", ordinal),
            self.name(rng),
            self.phone(ordinal) if born.year <= TODAY.year - 15 else "",
            body + check_digit(body),
            born,
            home.grid,
            self.identity("hh", "household", home.ordinal),
        )

    def all_residents(self) -> Iterator[Person]:
        """Make every resident."""
        for home in self.all_households():
            for member in range(home.size):
                yield self.resident(home, member)

    def staff_id(self, ordinal: int) -> str:
        """Return the id of somebody who works here and lives in none of the grids."""
        return self.identity("per", "staff", ordinal)

    def _staff(self, ordinal: int) -> Row:
        rng = self._random("staff", ordinal)
        return (
            self.staff_id(ordinal),
            self.name(rng),
            self.phone(ordinal),
            "",
            str(rng.randint(1966, 2000)),
            "",
            "",
            "true",
        )

    # ------------------------------------------------------------------------------------- stewards

    def posts(self) -> Iterator[tuple[str, int | None, str, list[str]]]:
        """Make every post: (duty, ordinal of the staff or None, person, grids)."""
        for unit in range(self.units):
            everywhere = [g for c in self.communities_of(unit) for g in self.grids_of(c)]
            for place, duty in enumerate(("WATER", "POWER", "GAS", "HEAT", "NETWORK")):
                ordinal = _UTILITY + unit * 10 + place
                yield duty, ordinal, self.staff_id(ordinal), everywhere
        for community in range(self.communities):
            yield from self._posts_of(community)

    def _posts_of(self, community: int) -> Iterator[tuple[str, int | None, str, list[str]]]:
        rng = self._random("posts", community)
        grids = self.grids_of(community)
        starts = self.starts(community)
        base = _STAFF + community * _GRIDS_MOST * 10
        yield "POLICE", _POLICE + community, self.staff_id(_POLICE + community), grids
        place = 0
        while place < len(grids):
            shared = grids[place : place + rng.choice((2, 3))]
            ordinal = base + place * 10 + 1
            yield "COMMUNITY_CADRE", ordinal, self.staff_id(ordinal), shared
            place += len(shared)
        for place, grid in enumerate(grids):
            # Three posts in a hundred are vacant at any time.
            if rng.random() >= 0.03:
                ordinal = base + place * 10
                yield "GRID_WORKER", ordinal, self.staff_id(ordinal), [grid]
            for number in range(rng.randint(1, 3)):
                ordinal = base + place * 10 + 2 + number
                yield "PROPERTY_STAFF", ordinal, self.staff_id(ordinal), [grid]
            homes = range(starts[place], starts[place + 1])
            heads = min(rng.randint(4, 8), len(homes))
            for number in range(heads):
                home = homes[len(homes) * number // heads]
                person = self.identity("per", "person", home * _MEMBERS_MOST)
                yield "BUILDING_HEAD", None, person, [grid]

    # ------------------------------------------------------------------------------------- projects

    def projects_of(self, community: int) -> list[tuple[int, list[str], int]]:
        """Return the projects of a community: (ordinal, grids, households)."""
        rng = self._random("projects", community)
        grids = self.grids_of(community)
        starts = self.starts(community)
        found: list[tuple[int, list[str], int]] = []
        place = 0
        while place < len(grids):
            many = min(rng.choice((1, 1, 2)), len(grids) - place)
            # Twelve in a hundred are old compounds that nobody manages.
            if rng.random() >= 0.12 or not found:
                ordinal = community * _GRIDS_MOST + place
                homes = starts[place + many] - starts[place]
                found.append((ordinal, grids[place : place + many], homes))
            place += many
        return found

    @property
    def companies(self) -> int:
        """How many property companies there are: one for some four projects."""
        return max(1, self.communities)

    # ------------------------------------------------------------------------------------- partners

    def partners(self) -> Iterator[tuple[int, str, str, str]]:
        """Make every partner: (ordinal, level, area, trade)."""
        for unit in range(self.units):
            for place in range(20):
                trade = STREET_TRADES[place % len(STREET_TRADES)]
                yield unit * 20 + place, "STREET", UNITS[unit][0], trade
        for community in range(self.communities):
            area = self.community(community)[0]
            for place in range(6):
                trade = COMMUNITY_TRADES[place % len(COMMUNITY_TRADES)]
                yield 1000 + community * 6 + place, "COMMUNITY", area, trade

    # ---------------------------------------------------------------------------------------- files

    def area_rows(self) -> Iterator[Row]:
        """Make areas.csv: streets and towns, communities, grids."""
        for code, name, kind in UNITS:
            yield code, name, kind, "", ""
        for ordinal in range(self.communities):
            code, name = self.community(ordinal)
            yield code, name, "COMMUNITY", "", ""
        persons, grid, homes = 0, "", 0
        for home in self.all_households():
            if home.grid != grid:
                if grid:
                    yield self._grid_row(grid, homes, persons)
                grid, homes, persons = home.grid, 0, 0
            homes += 1
            persons += home.size
        yield self._grid_row(grid, homes, persons)

    @staticmethod
    def _grid_row(grid: str, homes: int, persons: int) -> Row:
        return grid, f"第{int(grid[12:])}网格", "GRID", str(homes), str(persons)

    def person_rows(self) -> Iterator[Row]:
        """Make people.csv: the residents, then those who work here."""
        for one in self.all_residents():
            yield (
                one.person_id,
                one.name,
                one.phone,
                one.id_no,
                "",
                one.grid,
                one.household_id,
                "true",
            )
        for _duty, ordinal, _person, _grids in self.posts():
            if ordinal is not None:
                yield self._staff(ordinal)
        for community in range(self.communities):
            for ordinal, _grids, _homes in self.projects_of(community):
                yield self._staff(_MANAGER + ordinal)
        for ordinal, _level, _area, _trade in self.partners():
            yield self._staff(_OPERATOR + ordinal)
        for unit in range(self.units):
            yield self._staff(_CADRES_OF_STREETS + unit)

    def steward_rows(self) -> Iterator[Row]:
        """Make stewards.csv."""
        full_time = {"COMMUNITY_CADRE", "GRID_WORKER", "PROPERTY_STAFF"}
        for number, (duty, ordinal, person, grids) in enumerate(self.posts()):
            yield (
                self.identity("stw", "steward", number),
                person,
                "FULL_TIME" if duty in full_time else "PART_TIME",
                duty,
                "|".join(grids),
                "" if ordinal is None else self.phone(ordinal),
                "true" if duty in {"COMMUNITY_CADRE", "POLICE"} else "false",
                "true",
                f"公示同意-{number + 1:06d}",
            )

    def company_rows(self) -> Iterator[Row]:
        """Make companies.csv."""
        for ordinal in range(self.companies):
            name = PLACES[ordinal % len(PLACES)] + SIDES[ordinal // len(PLACES) % len(SIDES)]
            tail = COMPANY_TAILS[ordinal % len(COMPANY_TAILS)]
            yield (
                self.identity("pco", "company", ordinal),
                f"任城区示例·{name}{tail}",
                uscc("91", 100_000 + ordinal),
            )

    def project_rows(self) -> Iterator[Row]:
        """Make projects.csv."""
        for community in range(self.communities):
            area, name = self.community(community)
            for ordinal, grids, homes in self.projects_of(community):
                rng = self._random("project", ordinal)
                tail = COMPOUND_TAILS[ordinal % len(COMPOUND_TAILS)]
                yield (
                    self.identity("prj", "project", ordinal),
                    self.identity("pco", "company", rng.randrange(self.companies)),
                    f"{name.removesuffix('社区')}{tail}{ordinal % _GRIDS_MOST + 1}期",
                    area,
                    "|".join(grids),
                    str(homes),
                    str(homes * rng.randint(85, 125)),
                    self.staff_id(_MANAGER + ordinal),
                )

    def partner_rows(self) -> Iterator[Row]:
        """Make partners.csv."""
        for ordinal, level, area, trade in self.partners():
            rng = self._random("partner", ordinal)
            name = PLACES[int(rng.random() * len(PLACES))]
            head = "91" if level == "STREET" else "92"
            yield (
                self.identity("ptn", "partner", ordinal),
                f"任城区示例·{name}{SHOPS[trade][0]}{ordinal}号",
                uscc(head, 200_000 + ordinal),
                trade,
                level,
                area,
                rng.choices(("FUND", "MIXED", "SPONSOR"), (6, 2, 2))[0],
                self.staff_id(_OPERATOR + ordinal),
                f"示例-合伙-{ordinal:05d}",
            )

    def offer_rows(self) -> Iterator[Row]:
        """Make offers.csv."""
        modes = (row[6] for row in self.partner_rows())
        for (ordinal, level, area, trade), mode in zip(self.partners(), modes, strict=True):
            rng = self._random("offers", ordinal)
            goods = SHOPS[trade][1]
            many = rng.randint(3, 12)
            for number in range(many):
                kind, title, fen = goods[number % len(goods)]
                batch = number // len(goods)
                rate = 0 if mode == "SPONSOR" else rng.randint(6, 10)
                price = max(20, min(500, fen // 50 + rng.randint(-3, 3)))
                yield (
                    self.identity("off", "offer", ordinal * 100 + number),
                    self.identity("ptn", "partner", ordinal),
                    kind,
                    title + ("" if not batch else f"(第{batch + 1}批)"),
                    str(price),
                    str(fen),
                    str(rate),
                    str(rng.choice((20, 50, 100, 200))),
                    rng.choices(("BOTH", "RESIDENT", "STEWARD"), (8, 1, 1))[0],
                    area,
                    "2025-01-01",
                    "2026-12-31",
                    self.staff_id(_OPERATOR + ordinal),
                    self._approver(level, area),
                )

    def _approver(self, level: str, area: str) -> str:
        unit = next(n for n, one in enumerate(UNITS) if one[0] == area[:9])
        if level == "STREET":
            return self.staff_id(_CADRES_OF_STREETS + unit)
        community = unit + (int(area[9:]) - _FIRST_COMMUNITY) * len(UNITS)
        return self.staff_id(_STAFF + community * _GRIDS_MOST * 10 + 1)

    def consents(self, person: Person) -> list[str]:
        """Return what a resident consents to; nothing for one who does not take part."""
        if person.age < 18:
            return []
        # Most who take part are between 35 and 65.
        young = 1 / (1 + math.exp(-(person.age - 27) / 4))
        old = 1 / (1 + math.exp((person.age - 73) / 5))
        rng = self._random("consent", person.ordinal)
        if rng.random() >= 0.505 * young * old:
            return []
        purposes = ["SCORING", "POINTS"]
        if rng.random() < 0.7:
            purposes.append("PUBLIC_LIST")
        if rng.random() < 0.4:
            purposes.append("COMMENDATION")
        return purposes

    def consent_rows(self) -> Iterator[Row]:
        """Make consents.csv."""
        for one in self.all_residents():
            purposes = self.consents(one)
            if purposes:
                yield (
                    self.identity("cns", "consent", one.ordinal),
                    one.person_id,
                    NOTICE,
                    "|".join(purposes),
                    "PAPER",
                    f"示例-授权-{one.ordinal:08d}",
                )


@dataclass(frozen=True, slots=True)
class File:
    """One file: its service and kind, its header, and what makes its rows."""

    service: str
    kind: str
    header: tuple[str, ...]
    rows: Callable[[District], Iterator[Row]]

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.kind}.csv"


# In the order in which they must be imported.
FILES: tuple[File, ...] = (
    File("steward", "areas", ("code", "name", "kind", "households", "persons"), District.area_rows),
    File(
        "steward",
        "people",
        (
            "person_id",
            "name",
            "phone",
            "id_no",
            "birth_year",
            "grid",
            "household_id",
            "synthetic",
        ),
        District.person_rows,
    ),
    File(
        "steward",
        "stewards",
        (
            "steward_id",
            "person_id",
            "type",
            "duty",
            "grids",
            "work_phone",
            "is_state_official",
            "board_consent",
            "consent_ref",
        ),
        District.steward_rows,
    ),
    File("property", "companies", ("company_id", "name", "uscc"), District.company_rows),
    File(
        "property",
        "projects",
        (
            "project_id",
            "company_id",
            "name",
            "community",
            "grids",
            "households",
            "area_m2",
            "manager_person_id",
        ),
        District.project_rows,
    ),
    File(
        "partner",
        "partners",
        (
            "partner_id",
            "org_name",
            "uscc",
            "category",
            "level",
            "area",
            "settle_mode",
            "operators",
            "agreement_ref",
        ),
        District.partner_rows,
    ),
    File(
        "partner",
        "offers",
        (
            "offer_id",
            "partner_id",
            "kind",
            "title",
            "points_price",
            "face_value_fen",
            "settle_fen_per_point",
            "stock_total",
            "audience",
            "scope",
            "valid_from",
            "valid_to",
            "operator",
            "approver",
        ),
        District.offer_rows,
    ),
    File(
        "credit",
        "consents",
        (
            "consent_id",
            "person_id",
            "notice_version",
            "purposes",
            "channel",
            "evidence_ref",
        ),
        District.consent_rows,
    ),
)
