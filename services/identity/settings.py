"""What the identity service reads from its environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from fivered.chassis.settings import Secret, setting
from fivered.chassis.vault import Keys

SEAL_KEY = "FIVERED_IDENTITY_KEY"
_MATCH_KEY = "FIVERED_IDENTITY_MATCH_KEY"


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """Settings of the identity service."""

    seal_key: Secret = setting(  # noqa: RUF009  a dataclass field, as in dataclasses.field
        SEAL_KEY,
        help="Key under which signing keys and second factors are encrypted",
        min_bytes=32,
    )
    seal_key_before: tuple[Secret, ...] = setting(
        f"{SEAL_KEY}_BEFORE",
        help="The key before (several: by commas), until fivered keys status says: safe to drop",
        default=(),
        min_bytes=32,
    )
    match_key: Secret = setting(  # noqa: RUF009  see seal_key
        _MATCH_KEY,
        help="Key by which tries are counted; unset: made of the first FIVERED_IDENTITY_KEY",
        default=Secret(""),
        min_bytes=32,
        stands_in=SEAL_KEY,
    )
    access_minutes: int = setting(
        "FIVERED_ACCESS_MINUTES", help="How long an access token is good", default=10, least=1,
        most=60,
    )  # fmt: skip
    staff_hours: int = setting(
        "FIVERED_STAFF_SESSION_HOURS", help="Longest session of staff", default=12, least=1,
        most=72,
    )  # fmt: skip
    resident_days: int = setting(
        "FIVERED_RESIDENT_SESSION_DAYS", help="Longest session of residents", default=90, least=1,
        most=366,
    )  # fmt: skip

    oidc_issuer: str = setting(
        "FIVERED_IDENTITY_OIDC_ISSUER",
        help="Issuer of the district's own provider of OpenID Connect, https://…, exactly as its "
        "discovery document says it; http to this machine only. Empty = none",
        default="",
        like=(
            re.compile(r"(https://\S+|http://(localhost|127\.0\.0\.1)(:[0-9]+)?(/\S*)?)?\Z"),
            "an address of https, or of http on this machine",
        ),
    )
    oidc_client_id: str = setting(
        "FIVERED_IDENTITY_OIDC_CLIENT_ID", help="Our client id at that provider", default=""
    )
    oidc_client_secret: Secret = setting(  # noqa: RUF009  see seal_key
        "FIVERED_IDENTITY_OIDC_CLIENT_SECRET",
        help="Our secret at that provider; empty = a public client, by PKCE alone",
        default=Secret(""),
    )
    oidc_redirect_uri: str = setting(
        "FIVERED_IDENTITY_OIDC_REDIRECT_URI",
        help="Page to which the provider sends people back; it posts code and state to us",
        default="",
    )
    oidc_factors: tuple[str, ...] = setting(
        "FIVERED_IDENTITY_OIDC_FACTORS",
        help="Values of amr or acr that count as an authenticator, by comma; empty = none does",
        default=(),
    )
    oidc_ca: str = setting(
        "FIVERED_IDENTITY_OIDC_CA",
        help="File of the authorities that signed the provider's certificate; empty = the usual",
        default="",
    )

    @property
    def keys(self) -> Keys:
        """The keys under which secrets are stored."""
        return Keys(SEAL_KEY, self.seal_key, self.seal_key_before, self.match_key, _MATCH_KEY)

    @property
    def access(self) -> timedelta:
        """How long an access token is good."""
        return timedelta(minutes=self.access_minutes)

    def longest(self, *, staff: bool) -> timedelta:
        """Return how long a session may last, of staff or of a resident."""
        if staff:
            return timedelta(hours=self.staff_hours)
        return timedelta(days=self.resident_days)
