"""Who is asking: bearer tokens, the roles that they grant, and the role in which a person acts.

`Tokens` reads those that an operator has made; people who sign in have tokens of the identity
service, which `keyring` reads.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import jwt

from fivered.chassis.checks import check_role
from fivered.chassis.messages import ANONYMOUS_ROLE, SELF, SYSTEM_ROLE, Actor, new_uuid
from fivered.chassis.messages import PUBLIC as PUBLIC_ROLE
from fivered.chassis.refusal import Choices
from fivered.chassis.text import AREA
from fivered.gateway.doors import ROLES
from fivered.gateway.errors import (
    ActingRoleRequired,
    ActingRoleUnreadable,
    NoRole,
    RoleNotGranted,
    ScopeLacking,
    SessionEnded,
    TokenExpired,
    TokenInvalid,
    TokenRequired,
)

ISSUER = "fivered"
AUDIENCE = "fivered.gateway"
ANONYMOUS = Actor("", ANONYMOUS_ROLE, "")
MAX_HOURS = 24 * 366
# The clocks of two machines are never quite the same.
LEEWAY_S = 30
_ALGORITHM = "HS256"
_REMEMBERED = 10_000
_SCOPE = re.compile(AREA)
# A person of the registry, by the id that it gave: never a phone number, which changes hands
# and which others know.
_PERSON = re.compile(r"^per_(?![0-9]{7,15}$)[A-Za-z0-9_.:-]{1,60}$")
# Another system, by the id of its service account.
_SYSTEM = re.compile(r"^svc_[0-9a-f-]{36}$")
_ACTING = re.compile(r"^\s*(R_[A-Z_]{2,30})\s*(?:;\s*scope=([0-9]{6,15})\s*)?$")
# R_SYSTEM is what timers and subscriptions act as; nobody comes through the open port as that.
GRANTABLE = ROLES - {SYSTEM_ROLE}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role, and the area in which it may act."""

    role: str
    scope: str

    def covers(self, scope: str) -> bool:
        """Tell whether an area lies in the granted one."""
        return scope.startswith(self.scope)


@dataclass(frozen=True, slots=True)
class Pass:
    """One scope of a service account: which doors ("POST /v1/…") it opens, and in which role."""

    name: str
    doors: frozenset[str]
    grant: Grant | None


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, as what that person may act, and in which session, where there is one."""

    person_id: str
    grants: tuple[Grant, ...]
    session: str = ""
    # Of a service account: it enters public doors, and those that a scope names.
    passes: tuple[Pass, ...] | None = None


def is_person(text: object) -> bool:
    """Tell whether a text is the id of a person of the registry."""
    return isinstance(text, str) and _PERSON.match(text) is not None


def is_system(text: object) -> bool:
    """Tell whether a text is the id of a service account."""
    return isinstance(text, str) and _SYSTEM.match(text) is not None


class IdentitySource(Protocol):
    """Turns what stands behind `Bearer` into an identity."""

    def identify(self, credential: str) -> Identity:
        """Return the identity.

        Raises:
            TokenInvalid: The credential is not ours.
            TokenExpired: It was once.
            SessionEnded: It was ended before its time.
        """


def read_grant(given: object) -> Grant:
    """Read a grant as it stands in a token.

    Raises:
        ValueError: It is no role of ours, or no area code.
    """
    if not isinstance(given, Mapping):
        # ValueError: a token is input, and its reader knows one kind of complaint.
        raise ValueError("a grant is an object with role and scope")  # noqa: TRY004
    role, scope = given.get("role"), given.get("scope")
    if role not in GRANTABLE:
        raise ValueError(f"no role {role!r} can be granted")
    if not isinstance(scope, str) or not _SCOPE.match(scope):
        raise ValueError(f"scope {scope!r} is not an area code of 6, 9, 12 or 15 digits")
    return Grant(role, scope)


def read_pass(given: object) -> Pass:
    """Read a scope as it stands in a service account's token.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(given, Mapping):
        raise ValueError("a scope is an object with name, doors and grant")  # noqa: TRY004
    name, doors, grant = given.get("name"), given.get("doors"), given.get("grant")
    if not isinstance(name, str) or not isinstance(doors, list):
        raise ValueError("a scope has a name and doors")  # noqa: TRY004
    if not all(isinstance(one, str) for one in doors):
        raise ValueError("a door is verb and path")
    return Pass(name, frozenset(doors), None if grant is None else read_grant(grant))


def issue(  # nosec B107  # the empty id of a token that is written down nowhere
    key: str,
    person_id: str,
    grants: Iterable[Mapping[str, str]],
    hours: float,
    token_id: str = "",
) -> str:
    """Return a token for a person.

    Args:
        key: FIVERED_TOKEN_KEY, at least 32 bytes.
        person_id: Whose token it is.
        grants: `{"role": "R_CADRE", "scope": "370811015901"}` each; at least one.
        hours: How long it is good, in real time.
        token_id: By which it is known; default a new one.

    Raises:
        ValueError: One of them is not as described.
    """
    if len(key.encode()) < 32:
        raise ValueError("the token key must have at least 32 bytes")
    if not _PERSON.match(person_id):
        raise ValueError(f"{person_id!r} is no person id")
    if not 0 < hours <= MAX_HOURS:
        raise ValueError(f"hours must lie between 0 and {MAX_HOURS}")
    read = [read_grant(grant) for grant in grants]
    if not read:
        raise ValueError("a token needs at least one grant")
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": person_id,
        "iat": now,
        "exp": now + max(1, int(hours * 3600)),
        "jti": token_id or new_uuid(),
        "grants": [{"role": grant.role, "scope": grant.scope} for grant in read],
    }
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


class Tokens:
    """Reads the tokens that `issue` makes."""

    def __init__(self, key: str) -> None:
        self._key = key
        # What was read of tokens that were checked, each with its end and its id: a caller comes
        # again.
        self._read: dict[str, tuple[Identity, float, str]] = {}
        # Ids of those that an operator has ended before their time.
        self.ended: frozenset[str] = frozenset()

    def identify(self, credential: str) -> Identity:
        """See `IdentitySource.identify`."""
        if (known := self.remembered(credential)) is not None:
            return known
        found = self._check(credential)
        if len(self._read) >= _REMEMBERED:
            self._read.clear()
        self._read[credential] = found
        return self._unless_ended(found)

    def remembered(self, credential: str) -> Identity | None:
        """Return whose a token is that was read before and has not expired, or None.

        Raises:
            SessionEnded: An operator has ended it.
        """
        known = self._read.get(credential)
        if known is None or known[1] <= time.time() - LEEWAY_S:
            return None
        return self._unless_ended(known)

    def _unless_ended(self, found: tuple[Identity, float, str]) -> Identity:
        if found[2] in self.ended:
            raise SessionEnded
        return found[0]

    def _check(self, credential: str) -> tuple[Identity, float, str]:
        try:
            claims = jwt.decode(
                credential,
                self._key,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_S,
                options={"require": ["exp", "aud", "iss", "sub"]},
            )
            given = claims.get("grants")
            person_id = claims["sub"]
            if claims["exp"] - claims.get("iat", time.time()) > MAX_HOURS * 3600:
                raise TokenInvalid
            if not isinstance(given, list) or not given or not _PERSON.match(person_id):
                raise TokenInvalid
            grants = tuple(read_grant(grant) for grant in given)
            return Identity(person_id, grants), float(claims["exp"]), str(claims.get("jti", ""))
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise TokenInvalid from None


def acting_role(header: str | None) -> str:
    """Return the role that `X-Acting-Role` names; empty where it names none of ours."""
    found = _ACTING.match(header or "")
    return found[1] if found is not None and found[1] in ROLES else ""


def acting(identity: Identity, header: str | None) -> Actor:
    """Return the actor that a person is in this request.

    Args:
        identity: Who asks.
        header: `X-Acting-Role`: a role, with `;scope=` when it is granted in several areas or
            should count in a part of the granted one only.

    Raises:
        ActingRoleUnreadable: The header is no role.
        ActingRoleRequired: Several grants would fit.
        RoleNotGranted: None does.
        NoRole: There is none at all.
    """
    fitting = list(dict.fromkeys(identity.grants))
    scope: str | None = None
    if header:
        found = _ACTING.match(header)
        if found is None or (found[2] and not _SCOPE.match(found[2])):
            raise ActingRoleUnreadable(field="X-Acting-Role")
        scope = found[2]
        fitting = [
            grant
            for grant in fitting
            if grant.role == found[1] and (scope is None or grant.covers(scope))
        ]
        if not fitting:
            raise RoleNotGranted(field="X-Acting-Role", role=found[1], scope=scope or "")
    if not fitting:
        raise NoRole(role="")
    if scope is not None:
        return Actor(identity.person_id, fitting[0].role, scope, identity.session)
    if len(fitting) > 1:
        names = Choices(*(f"{grant.role};scope={grant.scope}" for grant in fitting))
        raise ActingRoleRequired(field="X-Acting-Role", roles=names)
    return Actor(identity.person_id, fitting[0].role, fitting[0].scope, identity.session)


def let_in(identity: Identity, door: str, *, public: bool) -> Identity:
    """Return as what somebody enters a door: a service account in the role of the scope that names
    it, and at a public door as nobody in particular; a person as ever.

    Args:
        identity: Who asks.
        door: Verb and path, places as they are written: "GET /v1/steward/requests/{request_id}".
        public: Whether everybody may enter.

    Raises:
        ScopeLacking: No scope of the service account names the door.
    """
    if identity.passes is None:
        return identity
    for one in identity.passes:
        if door in one.doors and one.grant is not None:
            return replace(identity, grants=(one.grant,))
    if not public:
        named = ", ".join(one.name for one in identity.passes)
        raise ScopeLacking(scopes=named, door=door)
    return replace(identity, grants=())


def who(headers: Mapping[str, str], source: IdentitySource) -> Identity | None:
    """Return the identity that the Authorization header proves, or None without the header.

    Raises:
        TokenInvalid: The header is unreadable or the token is not ours.
        TokenExpired: It was once.
    """
    given = headers.get("authorization")
    if given is None:
        return None
    scheme, _, credential = given.strip().partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise TokenInvalid
    return source.identify(credential.strip())


def admit(door_roles: tuple[str, ...], identity: Identity | None, header: str | None) -> Actor:
    """Return who acts at a door, or refuse.

    On a public door a person who does not say in which of several roles this is asked is nobody in
    particular: reading a notice needs no role. On a door of one's own matters, which an office
    may open as well, such a person is just that person.

    Raises:
        TokenRequired: The door is not public and nobody is known.
        ActingRoleRequired: See `acting`.
        RoleDenied: The role may not enter this door.
    """
    public = PUBLIC_ROLE in door_roles
    if identity is None:
        if not public:
            raise TokenRequired
        return ANONYMOUS
    own = Actor(identity.person_id, SELF, "", identity.session)
    if door_roles == (SELF,):
        return own
    try:
        actor = acting(identity, header)
    except (ActingRoleRequired, NoRole):
        if SELF in door_roles:
            return own
        if not public:
            raise
        return ANONYMOUS
    check_role(door_roles, actor)
    return actor
