"""What a complaint can be about: the places of a compound, and what can be wrong there."""

from __future__ import annotations

from fivered.chassis.bus import Tx
from fivered.chassis.i18n import in_words
from fivered.chassis.requests import Request
from fivered.services.property import rules
from fivered.services.property.replies.details import ComplaintKinds, PlaceKind, ProblemKind

PACKAGE = "fivered.services.property"


class Nothing(Request, frozen=True):
    """无 / Nothing is asked."""


def complaint_kinds(_tx: Tx, _payload: Nothing) -> ComplaintKinds:
    """投诉部位与问题 / Places and problems.

    Answer where in a compound something can be wrong, and what, in both languages.
    """
    return ComplaintKinds(
        items=[
            PlaceKind.of(
                {"place": place, **_words(place)},
                problems=[ProblemKind.of({"problem": one, **_words(one)}) for one in problems],
            )
            for place, problems in rules.PROBLEMS.items()
        ]
    )


def _words(code: str) -> dict[str, str]:
    return {name: text or code for name, text in in_words(PACKAGE, "name", code).items()}
