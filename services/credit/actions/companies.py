"""The entries of companies, whose score is the mean of their projects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from fivered.services.credit.rules import standing
from fivered.services.credit.storage import companies as store
from fivered.services.credit.storage import counting, digests
from fivered.services.credit.storage import entries as entry_store

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from fivered.chassis.records import Row


@dataclass(frozen=True, slots=True)
class Computed:
    """What follows for an entry from the awards as they are.

    Attributes:
        good: Sum of what counts for the subject.
        bad: Sum of what counts against it.
        score: None where it is not rated.
        gates_failed: Names, joined by commas.
    """

    good: int
    bad: int
    score: int | None
    raw_grade: str
    grade: str
    gates_failed: str

    def columns(self) -> dict[str, object]:
        """Return the columns of the entry that it changes."""
        return asdict(self)


def of_entry(entry: Row) -> Computed:
    """Return what an entry holds of what follows from awards."""
    return Computed(
        entry.good, entry.bad, entry.score, entry.raw_grade, entry.grade, entry.gates_failed
    )


def is_district(area: str) -> bool:
    """Tell whether companies settle in an area."""
    return len(area) == 6


def add(conn: sa.Connection, settlement_id: str, period: str, area: str, end: datetime) -> None:
    """Add the entries of companies to the draft of a district; no other area has any."""
    if not is_district(area):
        return
    entry_store.put_entries(
        conn,
        [
            {
                "settlement_id": settlement_id,
                "subject_id": subject_id,
                "period": period,
                "kind": "PCO",
                **found.columns(),
                "points_pending": 0,
                "released": 0,
                "state": "DRAFT",
            }
            for subject_id, found in computed(conn, period, area, end).items()
        ],
    )
    digests.hash_entries(conn, settlement_id, period)


def computed(conn: sa.Connection, period: str, area: str, end: datetime) -> dict[str, Computed]:
    """Return company -> what follows for its entry, of all that settle in a district."""
    refs = store.companies(conn, area, end)
    if not refs:
        return {}
    subjects = [f"PCO:{ref}" for ref in refs]
    projects = store.company_projects(conn, period, area)
    own = counting.valid_sums(conn, period, subjects)
    vetoed = counting.vetoed(conn, period, subjects)
    return {
        f"PCO:{ref}": _computed(
            projects.get(ref, []), own.get(f"PCO:{ref}", (0, 0)), vetoed=f"PCO:{ref}" in vetoed
        )
        for ref in refs
    }


def computed_of(conn: sa.Connection, period: str, area: str, subject_id: str) -> Computed:
    """Return what follows for the entry of one company."""
    projects = store.company_projects(conn, period, area).get(subject_id.partition(":")[2], [])
    own = counting.valid_sums(conn, period, [subject_id]).get(subject_id, (0, 0))
    vetoed = bool(counting.vetoed(conn, period, [subject_id]))
    return _computed(projects, own, vetoed=vetoed)


def _computed(projects: Sequence[store.Project], own: tuple[int, int], *, vetoed: bool) -> Computed:
    rated = [(score, households) for score, households, _ in projects if score is not None]
    below = sum(1 for _, _, grade in projects if grade in ("C", "D"))
    score = standing.company_score(rated, own[0] - own[1])
    measures = standing.Measures(active=score is not None, projects_below_b=below, vetoed=vetoed)
    found = standing.standing_of_score("PCO", score or 0, measures)
    return Computed(
        good=own[0],
        bad=own[1],
        score=found.score,
        raw_grade=found.raw_grade,
        grade=found.grade,
        gates_failed=",".join(found.gates_failed),
    )
