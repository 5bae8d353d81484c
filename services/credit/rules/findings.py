"""What the verification of a published month finds, and its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# What a finding may be. The first six name an award, the next two an entry.
AWARD_AMOUNT: Final = "AWARD_AMOUNT"
AWARD_MISSING: Final = "AWARD_MISSING"
AWARD_IDENTITY: Final = "AWARD_IDENTITY"
CAP: Final = "CAP"
EXCLUDED: Final = "EXCLUDED"
NO_CONSENT: Final = "NO_CONSENT"
ENTRY: Final = "ENTRY"
ENTRY_MISSING: Final = "ENTRY_MISSING"
RULE: Final = "RULE"
NOTICE: Final = "NOTICE"
SEAL: Final = "SEAL"
FORM: Final = "FORM"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not what it was when the month was published.

    Attributes:
        what: One of the constants above.
        subject: Whose entry or award; empty for the file as a whole.
        award: Id of the award, where it is one.
        rule: Code of the rule, where it is one.
        member: Which value differs.
        said: What the log says.
        found: What follows from the rest of the log.
    """

    what: str
    subject: str = ""
    award: str = ""
    rule: str = ""
    member: str = ""
    said: str = ""
    found: str = ""

    def __str__(self) -> str:
        named = [self.what]
        named += [
            f"{name} {value}"
            for name, value in (
                ("subject", self.subject),
                ("award", self.award),
                ("rule", self.rule),
            )
            if value
        ]
        told = f": {self.member} says {self.said}, computed {self.found}" if self.member else ""
        return " ".join(named) + told


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification has found.

    Attributes:
        published: The digest that was published.
        computed: The digest of what was computed again.
        findings: In the order of rules, subjects, and the file as a whole.
    """

    period: str
    area: str
    published: str
    computed: str
    entries: int
    awards: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether the month is what was published."""
        return not self.findings and self.published == self.computed

    @property
    def first(self) -> Finding | None:
        """The first thing that is wrong, or None."""
        return self.findings[0] if self.findings else None


class Unreadable(ValueError):
    """The file is no log of a month; the message says at which line."""
