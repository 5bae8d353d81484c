"""What the steward service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from fivered.chassis import mailer, sender, wechat
from fivered.chassis.settings import Secret, setting
from fivered.chassis.vault import Keys

PII_KEY = "FIVERED_STEWARD_PII_KEY"
_MATCH_KEY = "FIVERED_STEWARD_MATCH_KEY"


@dataclass(frozen=True, slots=True)
class StewardSettings:
    """Settings of the steward service."""

    pii_key: Secret = setting(  # noqa: RUF009  a dataclass field, as in dataclasses.field
        PII_KEY, help="Key under which names and phones are encrypted", min_bytes=32
    )
    pii_key_before: tuple[Secret, ...] = setting(
        f"{PII_KEY}_BEFORE",
        help="The key before (several: by commas), until fivered keys status says: safe to drop",
        default=(),
        min_bytes=32,
    )
    match_key: Secret = setting(  # noqa: RUF009  see pii_key
        _MATCH_KEY,
        help="Key by which numbers are compared; never changes; unset: made of the first PII key",
        default=Secret(""),
        min_bytes=32,
        stands_in=PII_KEY,
    )
    synthetic: bool = setting(
        "FIVERED_SYNTHETIC",
        help="1 admits synthetic people (phones 128..., identity numbers 370899...)",
        default=False,
    )
    reveals_per_day: int = setting(
        "FIVERED_STEWARD_REVEALS_PER_DAY",
        help="How many times a day one person may look at a phone number in the clear",
        default=20,
    )

    reveals_of_one_per_day: int = setting(
        "FIVERED_STEWARD_REVEALS_OF_ONE_PER_DAY",
        help="How many times a day the number of one person may be looked at, by all together",
        default=10,
    )
    return_visit_percent: int = setting(
        "FIVERED_STEWARD_RETURN_VISIT_PERCENT",
        help="Of a hundred rated and closed requests, so many are called about once more",
        default=10,
    )
    remind_first: int = setting(
        "FIVERED_STEWARD_REMIND_FIRST",
        help="After how many percent of a clock's time its handler is reminded",
        default=50,
    )
    remind_second: int = setting(
        "FIVERED_STEWARD_REMIND_SECOND",
        help="After how many percent the handler and the level above are reminded; at most 99",
        default=80,
    )
    elsewhere_per_day: int = setting(
        "FIVERED_STEWARD_ELSEWHERE_PER_DAY",
        help="How many people of other areas an intake may meet a day by numbers that it registers",
        default=20,
    )
    sender_url: str = setting(
        "FIVERED_SENDER_URL",
        help="Where the district's sender of messages to phones listens, https://…; empty = none",
        default="",
        like=sender.ADDRESS,
    )
    sender_secret: Secret = setting(  # noqa: RUF009  see pii_key
        "FIVERED_SENDER_SECRET",
        help="whsec_ and a key, as a webhook's secret: what the sender is given is signed with it",
        default=Secret(""),
        like=sender.SECRET,
        needed_with="FIVERED_SENDER_URL",
    )
    mail_server: str = setting(
        "FIVERED_MAIL_SERVER",
        help="Mail server for messages: smtps:// or smtp+starttls://user:…@host; empty = none",
        default="",
        like=mailer.SERVER,
    )
    mail_from: str = setting(
        "FIVERED_MAIL_FROM",
        help="From whom e-mails are, an address of the district's own",
        default="",
        needed_with="FIVERED_MAIL_SERVER",
    )
    app_url: str = setting(
        "FIVERED_APP_URL",
        help="Where the district's own app takes messages to its people, https://…; empty = none",
        default="",
        like=sender.ADDRESS,
    )
    app_secret: Secret = setting(  # noqa: RUF009  see pii_key
        "FIVERED_APP_SECRET",
        help="whsec_ and a key, as a webhook's secret: what the app is given is signed with it",
        default=Secret(""),
        like=sender.SECRET,
        needed_with="FIVERED_APP_URL",
    )
    wechat_url: str = setting(
        "FIVERED_WECHAT_URL",
        help="Interface of WeChat, https://api.weixin.qq.com; empty = none",
        default="",
        like=sender.ADDRESS,
    )
    wechat_app: str = setting(
        "FIVERED_WECHAT_APP",
        help="appid of the district's official account of WeChat",
        default="",
        needed_with="FIVERED_WECHAT_URL",
    )
    wechat_secret: Secret = setting(  # noqa: RUF009  see pii_key
        "FIVERED_WECHAT_SECRET",
        help="Secret of that account",
        default=Secret(""),
        needed_with="FIVERED_WECHAT_URL",
    )
    wechat_templates: str = setting(
        "FIVERED_WECHAT_TEMPLATES",
        help="Its templates by group of messages: GROUP=TEMPLATE_ID,field=text,field=at;*=…",
        default="",
        like=wechat.TEMPLATES,
        needed_with="FIVERED_WECHAT_URL",
    )
    codes_per_hour: int = setting(
        "FIVERED_STEWARD_CODES_PER_HOUR",
        help="Most codes for signing in that are handed to the sender within an hour",
        default=600,
    )
    codes_of_address_per_hour: int = setting(
        "FIVERED_STEWARD_CODES_OF_ADDRESS_PER_HOUR",
        help="How often codes may be asked for from one network address within an hour",
        default=30,
    )

    @property
    def reminds_after(self) -> tuple[int, int]:
        """After how many percent of a clock's time the two reminders come."""
        first = min(max(self.remind_first, 1), 98)
        return first, min(max(self.remind_second, first + 1), 99)

    @property
    def has_sender(self) -> bool:
        """Whether messages to phones can be sent."""
        return bool(self.sender_url and self.sender_secret)

    @property
    def has_mail(self) -> bool:
        """Whether e-mails can be sent."""
        return bool(self.mail_server and self.mail_from)

    @property
    def has_app(self) -> bool:
        """Whether the district's own app can be told."""
        return bool(self.app_url and self.app_secret)

    @property
    def has_wechat(self) -> bool:
        """Whether template messages of WeChat can be sent."""
        return bool(
            self.wechat_url and self.wechat_app and self.wechat_secret and self.wechat_templates
        )

    @property
    def wechat(self) -> wechat.Account:
        """The district's official account of WeChat."""
        return wechat.Account(self.wechat_url, self.wechat_app, self.wechat_secret)

    @property
    def channels(self) -> frozenset[str]:
        """The channels by which messages are sent."""
        has = {
            "SMS": self.has_sender, "EMAIL": self.has_mail, "APP": self.has_app,
            "WECHAT": self.has_wechat,
        }  # fmt: skip
        return frozenset(channel for channel, there in has.items() if there)

    @property
    def keys(self) -> Keys:
        """The keys under which people are stored."""
        return Keys(PII_KEY, self.pii_key, self.pii_key_before, self.match_key, _MATCH_KEY)
