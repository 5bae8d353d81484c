"""What the partner service reads from its environment."""

from dataclasses import dataclass

from chassis.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class PartnerSettings:
    """Settings of this service alone.

    Attributes:
        voucher_key: Key of the HMAC from which vouchers are derived. A voucher is never stored, so
            changing the key makes every open voucher worthless.
    """

    voucher_key: Secret = setting(  # noqa: RUF009  a dataclass field, as in dataclasses.field
        "FIVERED_PARTNER_VOUCHER_KEY",
        help="Key from which redemption vouchers are derived; changing it voids open vouchers",
        min_bytes=32,
    )
