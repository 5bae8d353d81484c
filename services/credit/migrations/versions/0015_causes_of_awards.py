"""Why an award was changed is kept as a code and what that names; it was parsed from `reason`.

This reads it from there for the last time. The text stays as it is: logs of months hold its digest.
"""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0015"
down_revision = "0014"

# How a reason began that names something, and its cause.
NAMING = {
    "objection:YY-": "OBJECTION",
    "repair:XF-": "REPAIR",
    "excluded:R-": "EXCLUDED",
    "merged:RES:": "MERGED",
    "commendation-revoked:BZ-": "COMMENDATION_REVOKED",
}
CODES = ("UNDECIDED", "SUBJECT_CLOSED", "CONSENT_WITHDRAWN", "RESIDENT_DEACTIVATED")
SOURCES = ("steward", "property", "partner", "forum")


def upgrade():
    op.add_column("awards", sa.Column("cause", sa.String(length=40), nullable=True))
    op.add_column("awards", sa.Column("cause_ref", sa.String(length=120), nullable=True))
    op.add_column("awards", sa.Column("objection_no", sa.String(length=40), nullable=True))
    awards = sa.table(
        "awards",
        sa.column("award_id", store.Uuid),
        sa.column("state", sa.String),
        *(sa.column(name, sa.String) for name in ("reason", "cause", "cause_ref", "objection_no")),
    )
    conn, reason = op.get_bind(), awards.c.reason
    for begins, cause in NAMING.items():
        ref = sa.func.substr(reason, begins.index(":") + 2)
        said = {"cause": cause, "cause_ref": sa.func.substr(ref, 1, 120)}
        if cause == "OBJECTION":
            said["objection_no"] = sa.func.substr(ref, 1, 40)
        conn.execute(sa.update(awards).where(reason.startswith(begins)).values(**said))
    # Of one that was given up with its id, an objection had left a part before.
    both = sa.select(awards.c.award_id, reason).where(reason.like("merged:RES:% objection:%"))
    for award_id, text in conn.execute(both).all():
        into, _, number = text.partition(" objection:")
        said = {"cause_ref": into.partition(":")[2], "objection_no": number[:40]}
        conn.execute(sa.update(awards).where(awards.c.award_id == award_id).values(**said))
    conn.execute(sa.update(awards).where(reason.in_(CODES)).values(cause=reason))
    facts = sa.or_(*(reason.startswith(f"{source}.") for source in SOURCES))
    corrected = (facts, awards.c.state == "REVERSED", reason.not_like("% %"))
    conn.execute(
        sa.update(awards)
        .where(*corrected)
        .values(cause="CORRECTED", cause_ref=sa.func.substr(reason, 1, 120))
    )
