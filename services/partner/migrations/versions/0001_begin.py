"""Begin."""

import sqlalchemy as sa
from alembic import op

from fivered.chassis import storage as store

revision = "0001"
down_revision = None


def upgrade():
    op.create_table(
        "areas",
        sa.Column("code", store.Area, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("parent", store.Area),
        sa.PrimaryKeyConstraint("code", name="pk_areas"),
    )
    op.create_table(
        "funds",
        sa.Column("fund_id", store.Id, nullable=False),
        sa.Column("level", sa.String(30), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("period", store.Period, nullable=False),
        sa.Column("budget_fen", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("fund_id", name="pk_funds"),
        sa.CheckConstraint("budget_fen >= 0", name=op.f("ck_funds_budget")),
        sa.UniqueConstraint("area", "period", name="uq_funds_area_period"),
    )
    op.create_table(
        "history",
        sa.Column("id", store.BigId, sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject", store.Id, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("step", sa.String(40), nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("at", store.UtcDateTime, nullable=False),
        sa.Column("actor", store.Id, nullable=False),
        sa.Column("role", sa.String(30), nullable=False),
        sa.Column("note", sa.String(500)),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_kind_subject", "history", ["kind", "subject"])
    op.create_table(
        "numbers",
        sa.Column("series", sa.String(40), nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_numbers"),
    )
    op.create_table(
        "organisations",
        sa.Column("org_id", store.Id, nullable=False),
        sa.Column("uscc", sa.String(18), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("uscc_override", sa.String(500)),
        sa.Column("override_by", store.Id),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("org_id", name="pk_organisations"),
        sa.UniqueConstraint("uscc", name="uq_organisations_uscc"),
    )
    op.create_table(
        "stewards",
        sa.Column("steward_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("community", store.Area, nullable=False),
        sa.Column("spendable", sa.Boolean, nullable=False),
        sa.Column("left_at", store.UtcDateTime),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("steward_id", name="pk_stewards"),
    )
    op.create_index("ix_stewards_person_id", "stewards", ["person_id"])
    op.create_table(
        "voucher_tries",
        sa.Column("id", store.BigId, sa.Identity(), nullable=False),
        sa.Column("redemption_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.Column("at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_voucher_tries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_voucher_tries_redemption_id_at", "voucher_tries", ["redemption_id", "at"])
    op.create_table(
        "partners",
        sa.Column("partner_id", store.Id, nullable=False),
        sa.Column("org_id", store.Id, nullable=False),
        sa.Column("category", sa.String(30), nullable=False),
        sa.Column("level", sa.String(30), nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("settle_mode", sa.String(30), nullable=False),
        sa.Column("agreement_ref", sa.String(200)),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("winding_down", sa.Boolean, nullable=False),
        sa.Column("admitted_at", store.UtcDateTime),
        sa.Column("exited_at", store.UtcDateTime),
        sa.Column("grade", sa.String(8)),
        sa.Column("score", sa.Integer),
        sa.Column("graded_period", store.Period),
        sa.Column("gates_failed", store.Json),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_by", store.Id, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("partner_id", name="pk_partners"),
        sa.ForeignKeyConstraint(["org_id"], ["organisations.org_id"], name="fk_partners_org_id"),
    )
    op.create_index("ix_partners_area", "partners", ["area"])
    op.create_index("ix_partners_org_id_area", "partners", ["org_id", "area"])
    op.create_table(
        "offers",
        sa.Column("offer_id", store.Id, nullable=False),
        sa.Column("partner_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("category", sa.String(30)),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("terms", sa.Integer, nullable=False),
        sa.Column("points_price", sa.Integer, nullable=False),
        sa.Column("face_value_fen", sa.BigInteger, nullable=False),
        sa.Column("settle_fen_per_point", sa.Integer, nullable=False),
        sa.Column("stock_total", sa.Integer, nullable=False),
        sa.Column("stock_left", sa.Integer, nullable=False),
        sa.Column("per_person_month", sa.Integer),
        sa.Column("audience", sa.String(30), nullable=False),
        sa.Column("scope", store.Area, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("valid_from", store.UtcDateTime, nullable=False),
        sa.Column("valid_to", store.UtcDateTime, nullable=False),
        sa.Column("voucher_ttl_h", sa.Integer, nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("published_at", store.UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_by", store.Id, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("offer_id", name="pk_offers"),
        sa.CheckConstraint(
            "stock_left >= 0 AND stock_left <= stock_total", name=op.f("ck_offers_stock")
        ),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.partner_id"], name="fk_offers_partner_id"
        ),
    )
    op.create_index("ix_offers_partner_id", "offers", ["partner_id"])
    op.create_index("ix_offers_scope", "offers", ["scope"])
    op.create_table(
        "partner_operators",
        sa.Column("partner_id", store.Id, nullable=False),
        sa.Column("person_id", store.Id, nullable=False),
        sa.PrimaryKeyConstraint("partner_id", "person_id", name="pk_partner_operators"),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.partner_id"], name="fk_partner_operators_partner_id"
        ),
    )
    op.create_index("ix_partner_operators_person_id", "partner_operators", ["person_id"])
    op.create_table(
        "statements",
        sa.Column("statement_id", store.Id, nullable=False),
        sa.Column("partner_id", store.Id, nullable=False),
        sa.Column("period", store.Period, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("confirm_due", store.UtcDateTime, nullable=False),
        sa.Column("confirmed_at", store.UtcDateTime),
        sa.Column("confirmed_by", store.Id),
        sa.Column("dispute_reason", sa.String(500)),
        sa.Column("disputed_lines", store.Json),
        sa.Column("review_due", store.UtcDateTime),
        sa.Column("fund_id", store.Id),
        sa.Column("paid_at", store.UtcDateTime),
        sa.Column("paid_by", store.Id),
        sa.Column("payment_ref", sa.String(200)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("statement_id", name="pk_statements"),
        sa.CheckConstraint(
            "points >= 0 AND amount_fen >= 0", name=op.f("ck_statements_not_negative")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.fund_id"], name="fk_statements_fund_id"),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.partner_id"], name="fk_statements_partner_id"
        ),
        sa.UniqueConstraint("partner_id", "period", name="uq_statements_partner_id_period"),
    )
    op.create_index("ix_statements_fund_id", "statements", ["fund_id"])
    op.create_table(
        "offer_terms",
        sa.Column("offer_id", store.Id, nullable=False),
        sa.Column("terms", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("points_price", sa.Integer, nullable=False),
        sa.Column("face_value_fen", sa.BigInteger, nullable=False),
        sa.Column("settle_fen_per_point", sa.Integer, nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("proposed_by", store.Id, nullable=False),
        sa.Column("proposed_at", store.UtcDateTime, nullable=False),
        sa.Column("approved_by", store.Id),
        sa.Column("approved_at", store.UtcDateTime),
        sa.PrimaryKeyConstraint("offer_id", "terms", name="pk_offer_terms"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.offer_id"], name="fk_offer_terms_offer_id"),
    )
    op.create_table(
        "redemptions",
        sa.Column("redemption_id", store.Id, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("wallet", store.Id, nullable=False),
        sa.Column("holder", store.Id, nullable=False),
        sa.Column("partner_id", store.Id, nullable=False),
        sa.Column("offer_id", store.Id, nullable=False),
        sa.Column("terms", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("qty", sa.Integer, nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("face_value_fen", sa.BigInteger, nullable=False),
        sa.Column("settle_fen", sa.BigInteger, nullable=False),
        sa.Column("ttl_h", sa.Integer, nullable=False),
        sa.Column("area", store.Area, nullable=False),
        sa.Column("community", store.Area),
        sa.Column("month", store.Period, nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("ended_by", sa.String(30)),
        sa.Column("reason", sa.String(60)),
        sa.Column("held_at", store.UtcDateTime),
        sa.Column("expires_at", store.UtcDateTime),
        sa.Column("redeemed_at", store.UtcDateTime),
        sa.Column("verified_by", store.Id),
        sa.Column("captured_at", store.UtcDateTime),
        sa.Column("ended_at", store.UtcDateTime),
        sa.Column("stars", sa.Integer),
        sa.Column("rated_at", store.UtcDateTime),
        sa.Column("refund_text", sa.String(500)),
        sa.Column("refund_asked_at", store.UtcDateTime),
        sa.Column("refunded_at", store.UtcDateTime),
        sa.Column("refund_decided_by", store.Id),
        sa.Column("points_back_at", store.UtcDateTime),
        sa.Column("statement_id", store.Id),
        sa.Column("refund_statement_id", store.Id),
        sa.Column("settled_at", store.UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("redemption_id", name="pk_redemptions"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.offer_id"], name="fk_redemptions_offer_id"),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.partner_id"], name="fk_redemptions_partner_id"
        ),
        sa.UniqueConstraint("number", name="uq_redemptions_number"),
    )
    op.create_index("ix_redemptions_holder_created_at", "redemptions", ["holder", "created_at"])
    op.create_index(
        "ix_redemptions_offer_id_holder_month", "redemptions", ["offer_id", "holder", "month"]
    )
    op.create_index("ix_redemptions_partner_id_state", "redemptions", ["partner_id", "state"])
    op.create_index("ix_redemptions_redeemed_at", "redemptions", ["redeemed_at"])
    op.create_index("ix_redemptions_statement_id", "redemptions", ["statement_id"])
    op.create_table(
        "statement_lines",
        sa.Column("statement_id", store.Id, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("redemption_id", store.Id, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("redeemed_at", store.UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("statement_id", "line_no", name="pk_statement_lines"),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statements.statement_id"], name="fk_statement_lines_statement_id"
        ),
    )
