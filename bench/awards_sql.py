"""The SQL effect of an award event, as both baselines write it: each statement takes rows as JSON.

The stock handler gives one event at a time to these statements, the hand-written consumer a batch.
What the rule says (R-STW-01 and R-RES-01 of RC-2025.1) is written into them: neither baseline has
rule sets, versions, corrections, late months or reversals.
"""

import uuid

NAMESPACE = uuid.UUID("5a3c1c1e-6f1d-5b0a-9a58-2f6b1d0c7e11")
LEVELS = {5: (2, 10), 4: (1, 5)}
CAP_SCORE, CAP_POINTS = 20, 100
MONTH_POINTS = 200
TIERS = ((1200, 60), (4800, 120), (12000, 180), (None, 240))

INBOX = (
    "INSERT INTO inbox (handler, event_id, heard_at) SELECT 'bench', unnest(%s::uuid[]), now()"
    " ON CONFLICT DO NOTHING RETURNING event_id"
)
FACTS = """
INSERT INTO facts (period, event_id, source, fact, subject, occurred_at, late, area, data)
SELECT '2025-03', event_id, 'steward', fact, deed, at, false, area, data::text
FROM json_to_recordset(%s) AS r (event_id uuid, fact text, deed text, at timestamptz, area text,
    data json)
ON CONFLICT DO NOTHING
"""
SUBJECTS = """
INSERT INTO subjects (subject_id, kind, ref, spendable, state, opened_at, version)
SELECT DISTINCT subject, kind, ref, false, 'ACTIVE', now(), 1
FROM json_to_recordset(%s) AS r (subject text, kind text, ref text) ORDER BY subject
ON CONFLICT DO NOTHING
"""
# Only one transaction at a time may count a subject's caps and totals.
LOCK = "SELECT 1 FROM subjects WHERE subject_id = ANY(%s) ORDER BY subject_id FOR UPDATE"
USED = (
    "SELECT subject_id, sum(score), sum(points) FROM awards WHERE subject_id = ANY(%s)"
    " AND rule_code = 'R-STW-01' AND cap_window = '2025-03' AND state = 'APPROVED' GROUP BY 1"
)
CONSENTED = (
    "SELECT subject_id, since, until FROM consent_spans WHERE subject_id = ANY(%s)"
    " AND purpose IN ('SCORING', 'POINTS')"
)
HOURS_USED = (
    "SELECT subject_id, sum(minutes),"
    " sum(minutes) FILTER (WHERE day >= '2025-03-01' AND source <> 'BACKFILL') FROM hours"
    " WHERE subject_id = ANY(%s) AND rule_code = 'R-RES-01' AND day >= '2025-01-01' GROUP BY 1"
)
HOURS = """
INSERT INTO hours (event_id, rule_code, subject_id, record_id, day, minutes, source, period,
    occurred_at)
SELECT event_id, 'R-RES-01', subject, deed, day, minutes, 'QR', '2025-03', at
FROM json_to_recordset(%s) AS r (event_id uuid, subject text, deed text, day date, minutes int,
    at timestamptz)
"""
AWARDS = """
INSERT INTO awards (award_id, subject_id, kind, rule_set, rule_code, source, fact, event_id, deed,
    level, occurred_at, day, period, to_period, points_period, cap_window, score_raw, points_raw,
    score, points, capped, late, correction, recount, deduction, effective, decides, state, area,
    proposed_at, decided_at, shard, version)
SELECT award_id, subject, kind, 'RC-2025.1', rule, 'steward', fact, event_id, deed, level, at, day,
    '2025-03', last, '2025-03', cap_window, raw_score, raw_points, score, points,
    score <> raw_score, false, false, false, false, true, 'NOBODY', 'APPROVED', area, at, at,
    shard, 1
FROM json_to_recordset(%s) AS r (award_id uuid, subject text, kind text, rule text, fact text,
    event_id uuid, deed text, level text, at timestamptz, day date, last text, cap_window text,
    raw_score int, raw_points int, score int, points int, area text, shard int)
ON CONFLICT DO NOTHING
"""
POSTINGS = """
INSERT INTO postings (posting_id, kind, ref, subject_id, period, posted_at)
SELECT posting_id, 'AWARD', award_id, subject, '2025-03', at
FROM json_to_recordset(%s) AS r (posting_id uuid, award_id text, subject text, at timestamptz)
"""
LINES = """
INSERT INTO lines (posting_id, owner, side, amount)
SELECT posting_id, l.owner, l.side, l.amount
FROM json_to_recordset(%s) AS r (posting_id uuid, subject text, points bigint, shard int),
LATERAL (VALUES (subject, 'PENDING', points),
    ('SYS:ISSUANCE:370811:' || shard, 'SYSTEM', -points)) AS l (owner, side, amount)
"""
PENDINGS = """
INSERT INTO pendings (subject_id, period, points)
SELECT subject, '2025-03', sum(points)
FROM json_to_recordset(%s) AS r (subject text, points bigint) GROUP BY subject ORDER BY subject
ON CONFLICT (subject_id, period) DO UPDATE SET points = pendings.points + excluded.points
"""
SYSTEM = """
INSERT INTO system_accounts (account, kind, district, balance)
SELECT 'SYS:ISSUANCE:370811:' || shard, 'ISSUANCE', '370811', -sum(points)
FROM json_to_recordset(%s) AS r (shard int, points bigint) GROUP BY shard ORDER BY shard
ON CONFLICT (account) DO UPDATE SET balance = system_accounts.balance + excluded.balance
"""


def tier_score(minutes):
    score = begun = 0
    for end, unit in TIERS:
        stop = minutes if end is None else min(minutes, end)
        score += max(0, stop - begun) // unit
        if end is None or minutes <= end:
            break
        begun = end
    return score


def base(event_id, fact, data, at, area, shard):  # noqa: PLR0917  the columns of a row
    """Return what is the same for both kinds of event."""
    rating = fact == "request_rated.v1"
    kind, ref = ("STW", data["handler"]) if rating else ("RES", data["person_id"])
    rule = "R-STW-01" if rating else "R-RES-01"
    subject = f"{kind}:{ref}"
    return {
        "event_id": event_id,
        "fact": fact,
        "data": data,
        "at": at,
        "area": area,
        "shard": shard,
        "kind": kind,
        "ref": ref,
        "subject": subject,
        "rule": rule,
        "award_id": str(uuid.uuid5(NAMESPACE, f"{rule}|{subject}|{event_id}")),
        "deed": data["request_id"] if rating else data["record_id"],
        "day": at[:10] if rating else data["date"],
        "level": str(data["stars"]) if rating else None,
        "last": "2025-03" if rating else "2026-02",
        "cap_window": "2025-03" if rating else None,
        "minutes": 0 if rating else data["minutes"],
    }


def rate(row, used):
    """Put score and points of a rating into its row under what the month has left."""
    score, points = LEVELS[row["data"]["stars"]]
    before = used.get(row["subject"], (0, 0))
    row["raw_score"], row["raw_points"] = score, points
    row["score"] = min(score, CAP_SCORE - before[0])
    row["points"] = min(points, CAP_POINTS - before[1])
    used[row["subject"]] = (before[0] + row["score"], before[1] + row["points"])


def count_hours(row, totals):
    """Put score and points of a record of hours into its row: the differences of running totals."""
    year, month = totals.get(row["subject"], (0, 0))
    now = row["minutes"]
    row["score"] = row["raw_score"] = tier_score(year + now) - tier_score(year)
    before, after = month // 30 * 5, (month + now) // 30 * 5
    row["raw_points"] = after - before
    row["points"] = min(after, MONTH_POINTS) - min(before, MONTH_POINTS)
    totals[row["subject"]] = (year + now, month + now)
