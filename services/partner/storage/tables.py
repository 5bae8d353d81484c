"""The tables of the partner service."""

import sqlalchemy as sa

from fivered.chassis import records
from fivered.chassis import storage as store

metadata = store.new_metadata()
chassis = store.chassis_tables(metadata)

_Code = sa.String(30)
_At = store.UtcDateTime

areas = sa.Table(
    "areas",
    metadata,
    sa.Column("code", store.Area, primary_key=True),
    sa.Column("kind", _Code, nullable=False),
    sa.Column("parent", store.Area),
)
stewards = sa.Table(
    "stewards",
    metadata,
    sa.Column("steward_id", store.Id, primary_key=True),
    sa.Column("person_id", store.Id, nullable=False, index=True),
    sa.Column("community", store.Area, nullable=False),
    sa.Column("spendable", sa.Boolean, nullable=False),
    sa.Column("left_at", _At),
    # Steward's sequence of the last change, so that an older one that comes late is dropped.
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
# Who is registered, as far as an operator or a holder must be; nothing else.
people = sa.Table(
    "people",
    metadata,
    sa.Column("person_id", store.Id, primary_key=True),
    sa.Column("is_adult", sa.Boolean, nullable=False),
    # ACTIVE, MOVED_OUT or DECEASED.
    sa.Column("state", _Code, nullable=False),
    sa.Column("merged_into", store.Id, index=True),
    # Steward's sequence of the last change, so that an older one that comes late is dropped.
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("household_id", store.Id, index=True),
    # The sequence of the fact that said each column.
    sa.Column("sequences", store.Json),
)
organisations = sa.Table(
    "organisations",
    metadata,
    sa.Column("org_id", store.Id, primary_key=True),
    sa.Column("uscc", sa.String(18), nullable=False, unique=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("uscc_override", sa.String(500)),
    sa.Column("override_by", store.Id),
    sa.Column("created_at", _At, nullable=False),
)
partners = sa.Table(
    "partners",
    metadata,
    sa.Column("partner_id", store.Id, primary_key=True),
    sa.Column("org_id", store.Id, sa.ForeignKey("organisations.org_id"), nullable=False),
    sa.Column("category", _Code, nullable=False),
    sa.Column("level", _Code, nullable=False),
    sa.Column("area", store.Area, nullable=False, index=True),
    sa.Column("settle_mode", _Code, nullable=False),
    sa.Column("agreement_ref", sa.String(200)),
    sa.Column("state", _Code, nullable=False),
    sa.Column("winding_down", sa.Boolean, nullable=False),
    sa.Column("admitted_at", _At),
    sa.Column("exited_at", _At),
    sa.Column("grade", sa.String(8)),
    sa.Column("score", sa.Integer),
    sa.Column("graded_period", store.Period),
    sa.Column("gates_failed", store.Json),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_by", store.Id, nullable=False),
    sa.Column("created_at", _At, nullable=False),
    sa.Index("ix_partners_org_id_area", "org_id", "area"),
)
operators = sa.Table(
    "partner_operators",
    metadata,
    sa.Column("partner_id", store.Id, sa.ForeignKey("partners.partner_id"), primary_key=True),
    sa.Column("person_id", store.Id, primary_key=True, index=True),
)
offers = sa.Table(
    "offers",
    metadata,
    sa.Column("offer_id", store.Id, primary_key=True),
    sa.Column("partner_id", store.Id, sa.ForeignKey("partners.partner_id"), nullable=False),
    sa.Column("kind", _Code, nullable=False),
    sa.Column("category", _Code),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("terms", sa.Integer, nullable=False),
    sa.Column("points_price", sa.Integer, nullable=False),
    sa.Column("face_value_fen", sa.BigInteger, nullable=False),
    sa.Column("settle_fen_per_point", sa.Integer, nullable=False),
    sa.Column("stock_total", sa.Integer, nullable=False),
    sa.Column("stock_left", sa.Integer, nullable=False),
    sa.Column("per_person_month", sa.Integer),
    sa.Column("audience", _Code, nullable=False),
    sa.Column("scope", store.Area, nullable=False, index=True),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("valid_from", _At, nullable=False),
    sa.Column("valid_to", _At, nullable=False),
    sa.Column("voucher_ttl_h", sa.Integer, nullable=False),
    sa.Column("state", _Code, nullable=False),
    sa.Column("published_at", _At),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_by", store.Id, nullable=False),
    sa.Column("created_at", _At, nullable=False),
    # Neither a race nor a bug may give away what is not there.
    sa.CheckConstraint("stock_left >= 0 AND stock_left <= stock_total", name="stock"),
    sa.Index("ix_offers_partner_id", "partner_id"),
)
offer_terms = sa.Table(
    "offer_terms",
    metadata,
    sa.Column("offer_id", store.Id, sa.ForeignKey("offers.offer_id"), primary_key=True),
    sa.Column("terms", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("points_price", sa.Integer, nullable=False),
    sa.Column("face_value_fen", sa.BigInteger, nullable=False),
    sa.Column("settle_fen_per_point", sa.Integer, nullable=False),
    sa.Column("state", _Code, nullable=False),
    sa.Column("proposed_by", store.Id, nullable=False),
    sa.Column("proposed_at", _At, nullable=False),
    sa.Column("approved_by", store.Id),
    sa.Column("approved_at", _At),
)
redemptions = sa.Table(
    "redemptions",
    metadata,
    sa.Column("redemption_id", store.Id, primary_key=True),
    sa.Column("number", sa.String(40), nullable=False, unique=True),
    sa.Column("wallet", store.Id, nullable=False),
    sa.Column("holder", store.Id, nullable=False),
    # Whose points they are where they are a household's; all its adults see to it.
    sa.Column("household_id", store.Id),
    sa.Column("partner_id", store.Id, sa.ForeignKey("partners.partner_id"), nullable=False),
    sa.Column("offer_id", store.Id, sa.ForeignKey("offers.offer_id"), nullable=False),
    sa.Column("terms", sa.Integer, nullable=False),
    sa.Column("kind", _Code, nullable=False),
    sa.Column("qty", sa.Integer, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("face_value_fen", sa.BigInteger, nullable=False),
    sa.Column("settle_fen", sa.BigInteger, nullable=False),
    sa.Column("ttl_h", sa.Integer, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("community", store.Area),
    sa.Column("month", store.Period, nullable=False),
    sa.Column("state", _Code, nullable=False),
    sa.Column("ended_by", _Code),
    sa.Column("reason", sa.String(60)),
    sa.Column("held_at", _At),
    sa.Column("expires_at", _At),
    sa.Column("redeemed_at", _At),
    sa.Column("verified_by", store.Id),
    sa.Column("captured_at", _At),
    sa.Column("ended_at", _At),
    sa.Column("stars", sa.Integer),
    sa.Column("rated_at", _At),
    sa.Column("refund_text", sa.String(500)),
    sa.Column("refund_asked_at", _At),
    sa.Column("refund_due", _At),
    sa.Column("refund_late", sa.Boolean, nullable=False, server_default=sa.false()),
    # Why it was denied the first time, and who asks whom the second time.
    sa.Column("refund_denied", sa.String(500)),
    sa.Column("refund_asks", sa.Integer, nullable=False, server_default="0"),
    sa.Column("refunded_at", _At),
    sa.Column("refund_decided_by", store.Id),
    sa.Column("points_back_at", _At),
    sa.Column("statement_id", store.Id),
    sa.Column("refund_statement_id", store.Id),
    # DISTRICT where nothing of it is taken from the partner, who has left.
    sa.Column("refund_borne_by", _Code),
    sa.Column("settled_at", _At),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", _At, nullable=False),
    sa.Index("ix_redemptions_holder_created_at", "holder", "created_at"),
    sa.Index("ix_redemptions_household_id_created_at", "household_id", "created_at"),
    sa.Index("ix_redemptions_offer_id_holder_month", "offer_id", "holder", "month"),
    sa.Index("ix_redemptions_partner_id_state", "partner_id", "state"),
    sa.Index("ix_redemptions_redeemed_at", "redeemed_at"),
    sa.Index("ix_redemptions_state_created_at", "state", "created_at"),
    sa.Index("ix_redemptions_statement_id", "statement_id"),
)
voucher_tries = sa.Table(
    "voucher_tries",
    metadata,
    sa.Column("id", store.BigId, sa.Identity(), primary_key=True),
    sa.Column("redemption_id", store.Id, nullable=False),
    sa.Column("person_id", store.Id, nullable=False),
    sa.Column("at", _At, nullable=False),
    sa.Index("ix_voucher_tries_redemption_id_at", "redemption_id", "at"),
    sqlite_autoincrement=True,
)
funds = sa.Table(
    "funds",
    metadata,
    sa.Column("fund_id", store.Id, primary_key=True),
    sa.Column("level", _Code, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("budget_fen", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", _At, nullable=False),
    sa.UniqueConstraint("area", "period"),
    sa.CheckConstraint("budget_fen >= 0", name="budget"),
)
statements = sa.Table(
    "statements",
    metadata,
    sa.Column("statement_id", store.Id, primary_key=True),
    sa.Column("partner_id", store.Id, sa.ForeignKey("partners.partner_id"), nullable=False),
    sa.Column("period", store.Period, nullable=False),
    sa.Column("area", store.Area, nullable=False),
    sa.Column("points", sa.BigInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("state", _Code, nullable=False),
    sa.Column("confirm_due", _At, nullable=False),
    sa.Column("confirmed_at", _At),
    sa.Column("confirmed_by", store.Id),
    sa.Column("dispute_reason", sa.String(500)),
    sa.Column("disputed_lines", store.Json),
    sa.Column("review_due", _At),
    sa.Column("fund_id", store.Id, sa.ForeignKey("funds.fund_id")),
    sa.Column("paid_at", _At),
    sa.Column("paid_by", store.Id),
    sa.Column("payment_ref", sa.String(200)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", _At, nullable=False),
    sa.UniqueConstraint("partner_id", "period"),
    sa.CheckConstraint("points >= 0 AND amount_fen >= 0", name="not_negative"),
    sa.Index("ix_statements_fund_id", "fund_id"),
    sa.Index("ix_statements_state", "state", "area", "created_at", "statement_id"),
)
statement_lines = sa.Table(
    "statement_lines",
    metadata,
    sa.Column("statement_id", store.Id, sa.ForeignKey("statements.statement_id"), primary_key=True),
    sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("redemption_id", store.Id, nullable=False),
    sa.Column("kind", _Code, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("redeemed_at", _At, nullable=False),
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
# What a partner was told; who acts for it reads it. `detail` fills the places of the code's text.
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", store.Id, primary_key=True),
    sa.Column("partner_id", store.Id, sa.ForeignKey("partners.partner_id"), nullable=False),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("ref", store.Id, nullable=False),
    sa.Column("detail", store.Json, nullable=False),
    sa.Column("created_at", _At, nullable=False),
    sa.Index("ix_messages_partner_id", "partner_id", "created_at", "message_id"),
)
numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("series", sa.String(40), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)
