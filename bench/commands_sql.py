"""The tables and the SQL of the two services that `commands` measures ours against.

They keep a request, its number, clocks, timeline and the steward who gets it, as ours does. They
have no roles, keys, audit, outbox, If-Match, sealed texts, routing by duty and shift, or timers.
"""

import re

TABLES = """
CREATE TABLE areas (code text PRIMARY KEY, kind text NOT NULL);
CREATE TABLE numbers (day text, community text, last int NOT NULL, PRIMARY KEY (day, community));
CREATE TABLE stewards (steward_id text PRIMARY KEY, person_id text NOT NULL,
    community text NOT NULL, dispatched_at timestamptz);
CREATE INDEX ON stewards (community);
CREATE TABLE requests (request_id text PRIMARY KEY, number text NOT NULL UNIQUE,
    channel text NOT NULL, kind text NOT NULL, category text NOT NULL, area text NOT NULL,
    grid text NOT NULL, reporter_id text NOT NULL, text text NOT NULL, state text NOT NULL,
    handler text, created_at timestamptz NOT NULL, due_resolve timestamptz NOT NULL,
    urged int NOT NULL, urged_at timestamptz, version int NOT NULL);
CREATE INDEX ON requests (handler, state);
CREATE INDEX ON requests (area, created_at);
CREATE INDEX ON requests (grid, created_at);
CREATE TABLE clocks (id bigserial PRIMARY KEY, request_id text NOT NULL, which text NOT NULL,
    due_at timestamptz NOT NULL);
CREATE INDEX ON clocks (request_id);
CREATE TABLE timeline (id bigserial PRIMARY KEY, request_id text NOT NULL, at timestamptz NOT NULL,
    action text NOT NULL, version int NOT NULL);
CREATE INDEX ON timeline (request_id);
"""
GRID = "SELECT code FROM areas WHERE code = $1 AND kind = 'GRID'"
NUMBER = """INSERT INTO numbers (day, community, last) VALUES ($1, $2, 1)
ON CONFLICT (day, community) DO UPDATE SET last = numbers.last + 1 RETURNING last"""
CHOOSE = """SELECT s.steward_id, (SELECT count(*) FROM requests r
    WHERE r.handler = s.steward_id AND r.state = 'DISPATCHED') AS open
FROM stewards s WHERE s.community = $1 ORDER BY 2, s.dispatched_at NULLS FIRST LIMIT 1"""
TAKE = "UPDATE stewards SET dispatched_at = now() WHERE steward_id = $1"
INSERT = """INSERT INTO requests (request_id, number, channel, kind, category, area, grid,
    reporter_id, text, state, handler, created_at, due_resolve, urged, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'DISPATCHED', $10, now(), now() + '3 days', 0, 2)"""
CLOCKS = """INSERT INTO clocks (request_id, which, due_at)
VALUES ($1, 'ACCEPT', now() + '2 hours'), ($1, 'RESOLVE', now() + '3 days')"""
SUBMITTED = """INSERT INTO timeline (request_id, at, action, version)
VALUES ($1, now(), 'submit', 1), ($1, now(), 'dispatch', 2)"""
LOCK = "SELECT state, reporter_id, urged, version FROM requests WHERE request_id = $1 FOR UPDATE"
URGE = """UPDATE requests SET urged = urged + 1, urged_at = now(), version = version + 1
WHERE request_id = $1"""
URGED = """INSERT INTO timeline (request_id, at, action, version) VALUES ($1, now(), 'urge', $2)"""


def psycopg(statement):
    """Return a statement with the names that psycopg2 knows."""
    return re.sub(r"\$([0-9]+)", r"%(p\1)s", statement)


def params(*values):
    return {f"p{number}": value for number, value in enumerate(values, 1)}


def request_of(request_id, number, order, handler):
    """Return the values of INSERT."""
    area = order["grid"][:12]
    return (
        request_id, number, order["channel"], order["kind"], order["category"], area,
        order["grid"], order["reporter_id"], order["text"], handler,
    )  # fmt: skip
