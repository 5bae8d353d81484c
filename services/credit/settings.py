"""What credit reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from fivered.chassis.settings import setting

# Who publishes month markers.
SOURCES = ("steward", "property", "partner", "forum")


@dataclass(frozen=True, slots=True)
class CreditSettings:
    """Settings of credit.

    Attributes:
        required_sources: Services whose month markers a settlement waits for.
        notice_version: Version of the notice that a person must have read to consent, until the
            district has published one.
        draft_connections: Transactions that draft a month at the same time (PostgreSQL).
        keep_months: How long facts and month logs outlive the last award of their month.
    """

    required_sources: tuple[str, ...] = setting(
        "FIVERED_CREDIT_REQUIRED_SOURCES",
        help="Services whose month markers a settlement waits for, separated by commas",
        default=SOURCES,
        choices=SOURCES,
    )
    notice_version: str = setting(
        "FIVERED_CREDIT_NOTICE_VERSION",
        help="Version of the consent notice in force, until the district publishes its first one",
        default="2025.1",
    )
    draft_connections: int = setting(
        "FIVERED_CREDIT_DRAFT_CONNECTIONS",
        help="Transactions that draft a month at the same time; PostgreSQL needs a core for each",
        default=2,
    )
    keep_months: int = setting(
        "FIVERED_CREDIT_KEEP_MONTHS",
        help="Months for which facts and month logs are kept after the awards of a month expire",
        default=36,
    )
