"""What the gateway reads from its environment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fivered.chassis.actors import Signer
from fivered.chassis.settings import (
    ACTOR_KEY,
    MOST_PORT,
    FileSettings,
    Secret,
    SettingsError,
    actor_key,
    setting,
)

_FILE_KIND = re.compile(
    r"(jpg|png|webp|heic|pdf|ofd|docx|xlsx|pptx|doc|xls|ppt|odt|ods|odp):[1-9][0-9]{0,3}"
)
_SCANNER = re.compile(r"(tcp://[^/:]+:[0-9]{1,5}|unix:///.+)?")


@dataclass(frozen=True, slots=True)
class SigningSettings:
    """What the gateway signs calls with; in one process nothing is signed."""

    actor_private: Secret = setting(  # noqa: RUF009  as above
        "FIVERED_ACTOR_PRIVATE",
        help="Private key that signs who acts in a person's call; services know its public one",
        default=Secret(""),
        min_bytes=43,
        unless=ACTOR_KEY,
    )
    system_private: Secret = setting(  # noqa: RUF009  as above
        "FIVERED_SYSTEM_PRIVATE",
        help="Private key that signs the system's own calls; services know its public one",
        default=Secret(""),
        min_bytes=43,
        unless=ACTOR_KEY,
    )
    actor_key: Secret = actor_key()  # noqa: RUF009  as above

    def signer(self) -> Signer:
        """Return who signs.

        Raises:
            SettingsError: One of the two private keys is missing, or is none.
        """
        if not (self.actor_private and self.system_private):
            if self.actor_private or self.system_private or not self.actor_key:
                raise SettingsError(["FIVERED_ACTOR_PRIVATE and FIVERED_SYSTEM_PRIVATE: set both"])
            return Signer(shared=self.actor_key)
        try:
            return Signer(people=self.actor_private, system=self.system_private)
        except ValueError as error:
            both = "FIVERED_ACTOR_PRIVATE, FIVERED_SYSTEM_PRIVATE"
            raise SettingsError([f"{both}: {error}"]) from error


@dataclass(frozen=True, slots=True)
class GatewaySettings(FileSettings):
    """Where the gateway listens, whom it believes, and how much it takes."""

    token_key: Secret = setting(  # noqa: RUF009  a dataclass field, as in dataclasses.field
        "FIVERED_TOKEN_KEY", help="Key that signs the bearer tokens of people", min_bytes=32
    )
    host: str = setting(
        "FIVERED_GATEWAY_HOST", help="Address on which the gateway listens", default="127.0.0.1"
    )
    port: int = setting(
        "FIVERED_GATEWAY_PORT",
        help="Port on which the gateway listens",
        default=8000,
        most=MOST_PORT,
    )
    tls_certificate: str = setting(
        "FIVERED_TLS_CERTIFICATE",
        help="File of the certificate of HTTPS, with its chain; read again when it changes; "
        "empty = HTTP, for a proxy that ends TLS",
        default="",
    )
    tls_key_pem: str = setting(
        "FIVERED_TLS_KEY_PEM",
        help="File of that certificate's private key; empty = it is in the same file",
        default="",
    )
    tls_client_ca: str = setting(
        "FIVERED_TLS_CLIENT_CA",
        help="File of the authorities of which every caller has to show a certificate; "
        "empty = none has to",
        default="",
    )
    services: tuple[str, ...] = setting(
        "FIVERED_SERVICES",
        help="Services of this installation, by comma; empty = all that are installed here",
        default=(),
    )
    demo_clock: bool = setting(
        "FIVERED_DEMO_CLOCK",
        help="1 allows the explicit clock command (demonstration)",
        default=False,
    )
    deadline_s: float = setting(
        "FIVERED_DEADLINE_S", help="Longest wait for the answer of a service", default=5.0
    )
    body_bytes: int = setting(
        "FIVERED_BODY_BYTES", help="Largest request body", default=1024 * 1024
    )
    public_url: str = setting(
        "FIVERED_PUBLIC_URL",
        help="Address under which everybody reaches the gateway, for QR codes and feeds; "
        "empty = http(s)://host:port",
        default="",
    )
    events_url: str = setting(
        "FIVERED_EVENTS_URL",
        help="Address at which outside consumers reach the broker, such as "
        "amqps://events.example:5671/fivered; shown in /asyncapi.json, which leaves the host open "
        "without it",
        default="",
    )
    contact: str = setting(
        "FIVERED_CONTACT",
        help="Who answers for this installation: https://…, an address of mail, or a name; "
        "shown in /openapi.json",
        default="",
    )
    font: str = setting(
        "FIVERED_FONT",
        help="TrueType font (or collection) of documents, of which the drawn signs are embedded; "
        "without it they name a font that not every reader has",
        default="/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    )
    rare_font: str = setting(
        "FIVERED_RARE_FONT",
        help="TrueType font that draws signs beyond U+FFFF of names in documents; without it they "
        "are marked and named by number",
        default="/usr/share/fonts/truetype/babelstone/BabelStoneHan.ttf",
    )
    file_kinds: tuple[str, ...] = setting(
        "FIVERED_FILE_KINDS",
        help="Kinds of files that are taken as photos and papers, each with its largest size in "
        "MiB, by comma: jpg, png, webp, heic, pdf, ofd, docx, xlsx, pptx, doc, xls, ppt, odt, "
        "ods, odp",
        default=(
            "jpg:20", "png:20", "webp:20", "heic:20", "pdf:50", "ofd:50", "docx:20", "xlsx:20",
            "pptx:50", "doc:20", "xls:20", "ppt:50", "odt:20", "ods:20", "odp:50",
        ),
        like=(_FILE_KIND, "kind:MiB, such as pdf:50"),
    )  # fmt: skip
    file_points: int = setting(
        "FIVERED_FILE_POINTS",
        help="Points that a picture may have, width by height",
        default=64_000_000,
    )
    files_a_day: int = setting(
        "FIVERED_FILES_A_DAY", help="Files that one person may send in a day", default=300
    )
    file_scanner: str = setting(
        "FIVERED_FILE_SCANNER",
        help="Where clamd, or what speaks its INSTREAM, looks at each file for viruses: "
        "tcp://host:3310 or unix:///run/clamd.sock; empty = nobody looks",
        default="",
        like=(_SCANNER, "tcp://host:port or unix:///path"),
    )
    import_bytes: int = setting(
        "FIVERED_IMPORT_BYTES", help="Largest file that is taken", default=512 * 1024 * 1024
    )
    body_wait_s: float = setting(
        "FIVERED_BODY_WAIT_S", help="Longest wait for a request body to arrive", default=10.0
    )
    json_depth: int = setting("FIVERED_JSON_DEPTH", help="Deepest nesting of a body", default=20)
    header_bytes: int = setting(
        "FIVERED_HEADER_BYTES",
        help="Largest head of a request: its line and headers",
        default=32 * 1024,
    )
    header_count: int = setting(
        "FIVERED_HEADER_COUNT", help="Largest number of headers", default=100
    )
    header_wait_s: float = setting(
        "FIVERED_HEADER_WAIT_S", help="Longest wait for the head of a request", default=10.0
    )
    json_values: int = setting(
        "FIVERED_JSON_VALUES", help="Largest number of values in a body", default=20_000
    )
    person_rate: float = setting(
        "FIVERED_PERSON_RATE", help="Requests per second of one person; 0 = no limit", default=300.0
    )
    person_burst: int = setting(
        "FIVERED_PERSON_BURST", help="Requests that one person may make at once", default=2000
    )
    address_rate: float = setting(
        "FIVERED_ADDRESS_RATE",
        help="Requests per second of one network address; 0 = no limit",
        default=600.0,
    )
    address_burst: int = setting(
        "FIVERED_ADDRESS_BURST", help="Requests that one address may make at once", default=4000
    )
    concurrency: int = setting(
        "FIVERED_CONCURRENCY", help="Requests served at the same time", default=400
    )
    event_streams: int = setting(
        "FIVERED_EVENT_STREAMS",
        help="Streams of events (GET /v1/events/stream) served at the same time; at most half of "
        "FIVERED_CONCURRENCY",
        default=100,
    )
    cors_origins: tuple[str, ...] = setting(
        "FIVERED_CORS_ORIGINS",
        help="Origins whose pages may call from a browser, by comma, such as https://app.example; "
        "empty = none",
        default=(),
    )
    security_contact: str = setting(
        "FIVERED_SECURITY_CONTACT",
        help="Whom to tell of a weakness, as a mailto: or https: address, for security.txt; "
        "empty = no such file",
        default="",
    )
    security_expires: str = setting(
        "FIVERED_SECURITY_EXPIRES",
        help="Until when that contact stands, such as 2027-12-31T00:00:00Z",
        default="",
    )
    trusted_proxies: str = setting(
        "FIVERED_TRUSTED_PROXIES",
        help="Addresses whose X-Forwarded-* headers are believed, by comma",
        default="",
    )
    contracts_s: float = setting(
        "FIVERED_CONTRACTS_S",
        help="How often each service is asked which doors its running release has",
        default=60.0,
    )
    check_replies: bool = setting(
        "FIVERED_CHECK_REPLIES",
        help="1 compares every reply with its documented type (tests, staging)",
        default=False,
    )
