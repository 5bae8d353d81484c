"""Area codes: what a code of each kind looks like, and which ones belong to this district."""

from __future__ import annotations

from fivered.services.steward.errors import BadAreaCode, NotAdministered

DISTRICT = "370811"

# Under the district's code but run by the Taibai Lake zone or by nobody (DOMAIN 1.1).
NOT_ADMINISTERED = frozenset({"370811002", "370811109", "370811401"})

LENGTHS = {6: "DISTRICT", 9: "STREET", 12: "COMMUNITY", 15: "GRID"}


def kind_of(code: str) -> str:
    """Return the kind that a code's own digits tell.

    Raises:
        BadAreaCode: The code has no kind: wrong length, letters, or padded with zeros.
    """
    kind = LENGTHS.get(len(code))
    if kind is None or not (code.isascii() and code.isdigit()) or code.endswith("000"):
        raise BadAreaCode(code=code, kind="AREA", field="code")
    if kind == "STREET" and 100 <= int(code[6:]) <= 199:
        return "TOWN"
    return kind


def parent_of(code: str) -> str:
    """Return the code of the area above; "" above a district."""
    return code[:-3] if len(code) > 6 else ""


def above(code: str) -> list[str]:
    """Return the codes of all areas above, the district first."""
    parent = parent_of(code)
    return [*above(parent), parent] if parent else []


def check(code: str, kind: str, *, synthetic: bool) -> None:
    """Refuse a code that does not fit its kind or this installation.

    Communities 901-999 are assigned by nobody, so that a synthetic community is never taken for a
    real one; an installation of synthetic people has only those.

    Raises:
        BadAreaCode: Kind and code disagree, or the community's number is not to be used here.
        NotAdministered: The unit belongs to another administration.
    """
    if kind_of(code) != kind:
        raise BadAreaCode(code=code, kind=kind, field="code")
    if code[:9] in NOT_ADMINISTERED:
        raise NotAdministered(code=code[:9], field="code")
    if len(code) >= 12:
        number = int(code[9:12])
        real = 1 <= number <= 399
        if not (901 <= number <= 999 or (real and not synthetic)):
            raise BadAreaCode(code=code, kind=kind, field="code")


def size_warnings(kind: str, households: int | None, persons: int | None) -> list[str]:
    """Return the warnings about a grid's size: 300-500 households or at most 1,000 persons."""
    if kind != "GRID" or (households is None and persons is None):
        return []
    fits = (households is not None and 300 <= households <= 500) or (
        persons is not None and persons <= 1000
    )
    return [] if fits else ["GRID_SIZE_WARN"]
