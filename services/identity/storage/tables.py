"""The tables of the identity service."""

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store
from fivered.chassis.vault import Sealed

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)

_Code = sa.String(30)
_At = store.UtcDateTime

# Who is registered, as far as a right or an account rests on it; nothing else.
people = sa.Table(
    "people",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    # ACTIVE, MOVED_OUT or DECEASED.
    sa.Column("state", _Code, nullable=False),
    sa.Column("merged_into", store.Id, index=True),
    sa.Column("grid", store.Area),
    # Steward's sequence of the last change, and of the fact that said each column.
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("sequences", store.Json),
)
# Areas that steward has entered: nobody is granted an office in one that is not.
areas = sa.Table(
    "areas",
    metadata,
    sa.Column("code", store.Area, primary_key=True),
)
accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, unique=True),
    # In small letters.
    sa.Column("login", sa.String(40), nullable=False, unique=True),
    sa.Column("kind", _Code, nullable=False),
    sa.Column("state", _Code, nullable=False),
    # Who administers it: an area code.
    sa.Column("area", store.Area, nullable=False, index=True),
    # Argon2id in its own text form; it says its parameters.
    sa.Column("password", sa.String(200)),
    # The password was made for the person and only sets a new one, until then.
    sa.Column("once_until", _At),
    sa.Column("factor", Sealed("{account_id}.factor")),
    # Since when the second factor is asked for; null while it waits for its first code.
    sa.Column("factor_since", _At),
    # The time step of the last code that was taken: a code is taken once.
    sa.Column("factor_step", sa.BigInteger, nullable=False),
    # Who the person is at the district's own provider, as an administrator has bound it.
    sa.Column("provider_issuer", sa.String(200)),
    sa.Column("provider_subject", sa.String(255)),
    # Grows with whatever ends a right of the person; a token bears the number of its time.
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("created_by", store.Id, nullable=False),
    sa.Column("created_at", _At, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    # Its secret was shown in a session that began by a code on the phone.
    sa.Column("factor_by_phone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ux_accounts_provider", "provider_issuer", "provider_subject", unique=True),
)
# Codes for the loss of the authenticator: each is taken once.
recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("account_id", store.Id, sa.ForeignKey("accounts.account_id"), primary_key=True),
    # Argon2id with the salt, in hex; SHA-256 where there is none.
    sa.Column("digest", sa.String(64), primary_key=True),
    # Of all codes that an account was given at once, in hex.
    sa.Column("salt", sa.String(32)),
    sa.Column("used_at", _At),
)
# Tries that failed, by who was meant and from where (keyed digests): nobody locks others out.
tries = sa.Table(
    "tries",
    metadata,
    sa.Column("subject", sa.String(70), primary_key=True),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("last_at", _At, nullable=False),
)
# From which addresses an account was signed in lately (keyed digests): who comes from there again
# does not wait for others who try in vain there.
places = sa.Table(
    "places",
    metadata,
    sa.Column("account_id", store.Id, sa.ForeignKey("accounts.account_id"), primary_key=True),
    sa.Column("digest", sa.String(70), primary_key=True),
    sa.Column("last_at", _At, nullable=False, index=True),
)
# Sign-ins at the provider that have come back: each does so once.
flows = sa.Table(
    "flows",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("used_at", _At, nullable=False),
)
sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("session_id", store.Id, primary_key=True),
    sa.Column("account_id", store.Id, sa.ForeignKey("accounts.account_id"), nullable=False),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("device", sa.String(100)),
    # Whether its person has shown a code of the authenticator in it.
    sa.Column("proven", sa.Boolean, nullable=False),
    sa.Column("began_at", _At, nullable=False),
    sa.Column("seen_at", _At, nullable=False),
    sa.Column("ends_at", _At, nullable=False),
    sa.Column("ended_at", _At),
    # It began by a code that was sent to a phone.
    sa.Column("by_phone", sa.Boolean, nullable=False, server_default=sa.false()),
    # Why it ended: SIGNED_OUT, REUSED, PASSWORD, CLOSED, FACTOR, PHONE, TIME.
    sa.Column("ended_why", _Code),
    sa.Index("ix_sessions_account_id", "account_id", "began_at"),
)
# Each refresh token of a session, by its digest; one that comes again shows that it was stolen.
refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column(
        "session_id", store.Id, sa.ForeignKey("sessions.session_id"), nullable=False, index=True
    ),
    # With which token it was asked for; null for the first of a session.
    sa.Column("parent", sa.String(64), index=True),
    # Another one was given in its place, since it was not heard of.
    sa.Column("void", sa.Boolean, nullable=False),
    sa.Column("made_at", _At, nullable=False),
    sa.Column("used_at", _At),
)
# What other services say of somebody's post, and of what it is: rights are worked out of these.
ties = sa.Table(
    "ties",
    metadata,
    sa.Column("source", _Code, primary_key=True),
    sa.Column("ref", store.Id, primary_key=True),
    sa.Column("area", store.Area),
    # The persons, by ids that are kept.
    sa.Column("people", store.Json, nullable=False),
    # Roles with their areas that each of the persons has, while it holds.
    sa.Column("roles", store.Json, nullable=False),
    sa.Column("holds", sa.Boolean, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("sequences", store.Json),
)
grants = sa.Table(
    "grants",
    metadata,
    sa.Column("grant_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("role", _Code, nullable=False),
    sa.Column("scope", store.Area, nullable=False),
    sa.Column("source", _Code, nullable=False),
    sa.Column("ref", store.Id, nullable=False),
    sa.Column("state", _Code, nullable=False),
    sa.Column("from_at", _At, nullable=False),
    sa.Column("to_at", _At),
    sa.Column("reason", sa.String(500)),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", _At),
    # Who wants an administrator's right to end, while another person has not agreed.
    sa.Column("end_proposed_by", store.Id),
    sa.Column("end_reason", sa.String(500)),
    sa.Column("ended_at", _At),
    sa.Column("created_at", _At, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Index("ix_grants_person_id", "person_id", "state"),
    sa.Index("ix_grants_scope", "scope", "state"),
    sa.Index("ix_grants_source", "source", "ref"),
)
# What gateways have to know at once: sessions that ended, and persons who have lost a right.
endings = sa.Table(
    "endings",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    # SESSION or PERSON.
    sa.Column("kind", _Code, nullable=False),
    sa.Column("ref", store.Id, nullable=False),
    # Tokens of the person with a smaller number are of before.
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("at", _At, nullable=False, index=True),
    sqlite_autoincrement=True,
)
# Tokens that an operator has made by the command line: for people to see, no gateway asks it.
operator_tokens = sa.Table(
    "operator_tokens",
    metadata,
    sa.Column("token_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False),
    # The district in which it acts.
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("grants", store.Json, nullable=False),
    sa.Column("made_at", _At, nullable=False),
    sa.Column("until", _At, nullable=False),
    sa.Column("made_by", sa.String(200), nullable=False),
    # When an operator has ended it, before its time.
    sa.Column("ended_at", _At),
    sa.Column("ended_by", sa.String(200)),
)
# Keys that sign access tokens. Two are known at a time while one is replaced.
signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("key_id", store.Id, primary_key=True),
    sa.Column("secret", Sealed("{key_id}.secret"), nullable=False),
    # Ed25519: `x` of its JWK.
    sa.Column("public", sa.String(60), nullable=False),
    sa.Column("made_at", _At, nullable=False),
    # It signs from here on: gateways have heard of it by then.
    sa.Column("signs_from", _At, nullable=False),
)
# One-time codes on paper, by which a resident makes an account.
enrolments = sa.Table(
    "enrolments",
    metadata,
    sa.Column("enrolment_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    # The first signs of the code, by which it is found; SHA-256 of all where `hashed` is null.
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    # Argon2id of the whole code, in its own text form.
    sa.Column("hashed", sa.String(200)),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("made_by", store.Id, nullable=False),
    sa.Column("made_at", _At, nullable=False),
    sa.Column("until", _At, nullable=False),
    sa.Column("used_at", _At),
)
# Codes that steward has sent to phones, of which nothing is known here but a keyed digest.
phone_codes = sa.Table(
    "phone_codes",
    metadata,
    sa.Column("code_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("until", _At, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    # The session that it began: a code is taken once.
    sa.Column("session_id", store.Id),
)
# Other systems that come by client credentials (RFC 6749 4.4): what they may do, and where.
service_accounts = sa.Table(
    "service_accounts",
    metadata,
    sa.Column("service_account_id", store.Id, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("scopes", store.Json, nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("state", _Code, nullable=False),
    sa.Column("reason", sa.String(500)),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("decided_by", store.Id),
    sa.Column("decided_at", _At),
    sa.Column("ended_at", _At),
    # When it was last given a token.
    sa.Column("last_used_at", _At),
    sa.Column("created_at", _At, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)
# Their secrets, by digest: they have 256 bits. Two count while one is replaced.
service_secrets = sa.Table(
    "service_secrets",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column(
        "service_account_id",
        store.Id,
        sa.ForeignKey("service_accounts.service_account_id"),
        nullable=False,
        index=True,
    ),
    sa.Column("made_by", store.Id, nullable=False),
    sa.Column("made_at", _At, nullable=False),
    # Until when it counts; null while it is the present one.
    sa.Column("until", _At),
)
history = sa.Table(
    "history",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("kind", _Code, nullable=False),
    sa.Column("subject", store.Id, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("step", sa.String(40), nullable=False),
    sa.Column("state", _Code, nullable=False),
    sa.Column("at", _At, nullable=False),
    sa.Column("actor", store.Id, nullable=False),
    sa.Column("role", _Code, nullable=False),
    sa.Column("note", sa.String(500)),
    sa.Index("ix_history_kind_subject", "kind", "subject"),
    sqlite_autoincrement=True,
)
steps = records.History(history, ref="subject")
