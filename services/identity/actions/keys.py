"""Keys that sign access tokens: made, and replaced without anybody having to sign in again."""

from __future__ import annotations

from datetime import datetime, timedelta

import jwt

from fivered.chassis import records
from fivered.chassis.bus import Nothing, Tx, new_uuid
from fivered.chassis.records import Row
from fivered.services.identity import replies
from fivered.services.identity.rules import tokens as rules
from fivered.services.identity.storage import grants as grant_store
from fivered.services.identity.storage import secrets
from fivered.services.identity.storage import sessions as store
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import signing_keys


def rotate_signing_key(tx: Tx, _payload: Nothing) -> replies.KeyMade:
    """更换访问令牌签名密钥 / Replace the key that signs access tokens.

    新密钥先公布,一分钟后开始签名;旧密钥签发的令牌到期前仍有效,无人需要重新登录。
    """
    made = _make(tx, real_now() + store.HEARD_AFTER)
    return replies.KeyMade(id=made.key_id, signs_from=made.signs_from)


def _make(tx: Tx, signs_from: datetime) -> Row:
    signs, verifies = secrets.new_signing_key()
    key_id = tx.new_id("key")
    vault = secrets.vault(tx.settings.keys)
    return records.add(
        tx.conn, signing_keys, key_id=key_id, secret=vault.seal(signs, f"{key_id}.secret"),
        public=verifies, made_at=real_now(), signs_from=signs_from,
    )  # fmt: skip


def begin(tx: Tx) -> None:
    """Make the first key, long before anybody signs in."""
    if not store.keys(tx.conn):
        _make(tx, real_now())


def _present(tx: Tx, now: datetime) -> Row:
    """Return the key that signs now."""
    known = store.keys(tx.conn)
    signing = [row for row in known if row.signs_from <= now]
    return signing[0] if signing else _make(tx, now)


def sweep(tx: Tx) -> None:
    """Forget keys of which no token counts any more."""
    kept = {row.key_id for row in store.verifying(tx.conn, real_now(), tx.settings.access)}
    store.drop_keys(tx.conn, {row.key_id for row in store.keys(tx.conn)} - kept)


def signed(tx: Tx, account: Row, session_id: str, rights: list[rules.Held]) -> tuple[str, int]:
    """Return an access token and how many seconds it is good."""
    now = real_now()
    said = rules.claims(
        person_id=account.person_id,
        session_id=session_id,
        generation=account.generation,
        token_id=new_uuid(),
        rights=rights,
        now=now,
        domain_now=tx.now,
        longest=tx.settings.access,
    )
    return _written(tx, said, now)


def signed_for_system(
    tx: Tx, account_id: str, scopes: list[dict[str, object]], longest: timedelta
) -> tuple[str, int]:
    """Return an access token of a service account and how many seconds it is good."""
    now = real_now()
    said = rules.of_system(
        account_id=account_id, token_id=new_uuid(), scopes=scopes, now=now, longest=longest
    )
    return _written(tx, said, now)


def _written(tx: Tx, said: dict[str, object], now: datetime) -> tuple[str, int]:
    key = _present(tx, now)
    vault = secrets.vault(tx.settings.keys)
    secret = secrets.signing_key(vault.open(key.secret, f"{key.key_id}.secret"))
    token = jwt.encode(
        said, secret, algorithm="EdDSA", headers={"kid": key.key_id, "typ": "at+jwt"}
    )
    return token, int(str(said["exp"])) - int(now.timestamp())


def rights_of(tx: Tx, account: Row) -> list[rules.Held]:
    """Return as what an account may act now, in a session that has proven enough."""
    held = grant_store.held_by(tx.conn, account.person_id, tx.now)
    return [rules.Held(row.role, row.scope, row.to_at) for row in held]
