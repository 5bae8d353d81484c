"""Where everything belongs when grids are split or merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypedDict

from fivered.services.steward.rules.areas import size_warnings
from fivered.services.steward.rules.dwellings import same_building


class IntoGrid(TypedDict):
    """A grid as it is afterwards; `place_codes` are its buildings."""

    code: str
    name: str
    place_codes: list[str]


class Drawn(NamedTuple):
    """A change as it was drawn up.

    Attributes:
        grids: Which ones are changed.
        into: Which ones there are afterwards.
        rest: Which of these gets what no building decides.
    """

    grids: Sequence[str]
    into: Sequence[IntoGrid]
    rest: str


class _Building(Protocol):
    """A building of the changed grids."""

    @property
    def place_code(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def grid(self) -> str | None: ...


class _Resident(Protocol):
    """Who lives in the changed grids."""

    @property
    def person_id(self) -> str: ...

    @property
    def grid(self) -> str: ...

    @property
    def household_id(self) -> str | None: ...

    @property
    def version(self) -> int: ...


class _Case(Protocol):
    """A request of the changed grids that is not closed."""

    @property
    def request_id(self) -> str: ...

    @property
    def grid(self) -> str: ...

    @property
    def building(self) -> str | None: ...

    @property
    def state(self) -> str: ...

    @property
    def version(self) -> int: ...


class Split:
    """Which grid each building gets.

    Attributes:
        codes: The grids that there are afterwards.
        ended: Those that are no more, sorted.
        by_name: The grid of each building, by its name.
    """

    def __init__(self, drawn: Drawn, buildings: Sequence[_Building]) -> None:
        named = {code: part["code"] for part in drawn.into for code in part["place_codes"]}
        self.codes = [part["code"] for part in drawn.into]
        self.ended = sorted({*drawn.grids} - {*self.codes})
        self.buildings = buildings
        self.by_name = {one.name: named.get(one.place_code, drawn.rest) for one in buildings}
        self._before, self._rest = {*drawn.grids}, drawn.rest

    def of_building(self, name: str | None) -> str:
        """Return the grid of what is said to be in a building, or nowhere in particular."""
        for known, grid in self.by_name.items():
            if name is not None and same_building(known, name):
                return grid
        return self._rest

    def of_post(self, held: Collection[str], buildings: Iterable[str] | None) -> list[str]:
        """Return which grids a post serves afterwards: all parts of what it served before, so that
        none is without a steward; a building's head those of the buildings."""
        heirs = self.codes
        if buildings:
            theirs = {self.of_building(name) for name in buildings}
            heirs = [code for code in self.codes if code in theirs]
        return sorted({*held} - self._before | {*heirs})


@dataclass(frozen=True, slots=True)
class Follows:
    """Who and what follows a change.

    Attributes:
        split: The buildings.
        residents: Who lives there.
        housed: The grid of those whose building is known, by id; of the others `rest`.
        cases: Requests that are not closed.
    """

    split: Split
    rest: str
    residents: Sequence[_Resident]
    housed: Mapping[str, str]
    cases: Sequence[_Case]

    def of_person(self, person_id: str) -> str:
        """Return the grid in which somebody lives afterwards."""
        return self.housed.get(person_id, self.rest)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a grid would hold."""

    code: str
    name: str
    new: bool
    buildings: list[str]
    persons: int
    households: int
    open_requests: int
    stewards: int
    shifts: int
    warnings: list[str] = field(default_factory=list)


def look(
    drawn: Drawn,
    follows: Follows,
    posts: Iterable[tuple[Collection[str], Iterable[str] | None]],
    shifts: Mapping[str, int],
) -> list[Looked]:
    """Return what each grid would hold; `posts` are the grids and buildings of each post."""
    split = follows.split
    persons = Counter(follows.of_person(one.person_id) for one in follows.residents)
    homes = {
        (follows.of_person(one.person_id), one.household_id)
        for one in follows.residents
        if one.household_id is not None
    }
    households = Counter(grid for grid, _ in homes)
    requests = Counter(split.of_building(one.building) for one in follows.cases)
    serving = Counter(grid for held, named in posts for grid in split.of_post(held, named))
    found = []
    for part in drawn.into:
        code = part["code"]
        planned = [code, *(split.ended if code == drawn.rest else ())]
        warnings = size_warnings("GRID", households[code], persons[code])
        found.append(
            Looked(
                code=code,
                name=part["name"],
                new=code not in drawn.grids,
                buildings=[one.name for one in split.buildings if split.by_name[one.name] == code],
                persons=persons[code],
                households=households[code],
                open_requests=requests[code],
                stewards=serving[code],
                shifts=sum(shifts.get(one, 0) for one in planned),
                warnings=[*warnings, *([] if serving[code] else ["NO_STEWARD"])],
            )
        )
    return found
