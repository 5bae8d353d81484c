"""What the partner service reads from its environment."""

from dataclasses import dataclass

from fivered.chassis.settings import Secret, setting


@dataclass(frozen=True, slots=True)
class PartnerSettings:
    """Settings of this service alone.

    Attributes:
        voucher_key: Key of the HMAC from which vouchers are derived. A voucher is never stored, so
            changing the key makes every open voucher worthless, unless the one before is given.
        voucher_key_before: Keys with which vouchers were shown that are still taken.
    """

    voucher_key: Secret = setting(  # noqa: RUF009  a dataclass field, as in dataclasses.field
        "FIVERED_PARTNER_VOUCHER_KEY",
        help="Key from which redemption vouchers are derived; of the one before see docs/keys.md",
        min_bytes=32,
    )
    voucher_key_before: tuple[Secret, ...] = setting(
        "FIVERED_PARTNER_VOUCHER_KEY_BEFORE",
        help="The key before, while vouchers that were shown with it are open",
        default=(),
        min_bytes=32,
    )
