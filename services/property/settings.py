"""What the property service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from fivered.chassis.settings import setting


@dataclass(frozen=True, slots=True)
class PropertySettings:
    """How the owners of a district vote; what passes is Civil Code art. 278, and no setting.

    Attributes:
        vote_notice_days: Least days between the call of an owners' vote and its opening.
        vote_objection_days: For so many days owners may object to a result.
        vote_abstentions: Whether who abstains takes part.
        vote_unreturned: Whether who returns nothing takes part; it never agrees.
    """

    vote_notice_days: int = setting(
        "FIVERED_PROPERTY_VOTE_NOTICE_DAYS",
        help="Least days between the call of an owners' vote and its opening",
        default=15,
        least=1,
        most=60,
    )
    vote_objection_days: int = setting(
        "FIVERED_PROPERTY_VOTE_OBJECTION_DAYS",
        help="For so many days owners may object to the result of their vote",
        default=7,
        least=1,
        most=60,
    )
    vote_abstentions: str = setting(
        "FIVERED_PROPERTY_VOTE_ABSTENTIONS",
        help="Whether an owner who abstains takes part in the vote",
        default="PARTICIPATE",
        choices=("PARTICIPATE", "ABSENT"),
    )
    vote_unreturned: str = setting(
        "FIVERED_PROPERTY_VOTE_UNRETURNED",
        help="Whether an owner who returns no ballot takes part in the vote; silence never agrees",
        default="ABSENT",
        choices=("ABSENT", "PARTICIPATE"),
    )


Settings = PropertySettings
