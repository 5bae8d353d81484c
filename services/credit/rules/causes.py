"""Why something else than a person's own words has changed an award.

What follows from it is read from its code and what it names, never from a text that people type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OBJECTION: Final = "OBJECTION"
REPAIR: Final = "REPAIR"
EXCLUDED: Final = "EXCLUDED"
MERGED: Final = "MERGED"
COMMENDATION_REVOKED: Final = "COMMENDATION_REVOKED"
# Another event has corrected or withdrawn what it was given for.
CORRECTED: Final = "CORRECTED"
UNDECIDED: Final = "UNDECIDED"
SUBJECT_CLOSED: Final = "SUBJECT_CLOSED"
CONSENT_WITHDRAWN: Final = "CONSENT_WITHDRAWN"
RESIDENT_DEACTIVATED: Final = "RESIDENT_DEACTIVATED"

# How `reason` says a cause that names something; the others are said by their code.
_SAID: Final = {
    OBJECTION: "objection:{}",
    REPAIR: "repair:{}",
    EXCLUDED: "excluded:{}",
    MERGED: "merged:{}",
    COMMENDATION_REVOKED: "commendation-revoked:{}",
    CORRECTED: "{}",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an award was changed.

    Attributes:
        code: One of the names above.
        ref: The number of the objection, repair or commendation, the rule that excludes, the other
            subject of a merge, or the fact that corrects.
    """

    code: str
    ref: str | None = None

    @property
    def text(self) -> str:
        """Return it as `reason` says it."""
        return _SAID.get(self.code, self.code).format(self.ref)

    def columns(self) -> dict[str, str | None]:
        """Return the columns of an award that say it; the last word holds, so an award that is
        taken back by something else is no longer one that an objection has lessened."""
        return {
            "reason": self.text[:400],
            "cause": self.code,
            "cause_ref": self.ref,
            "objection_no": self.ref if self.code == OBJECTION else None,
        }
