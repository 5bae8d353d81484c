"""Forms, words and measures of what the partner service takes, answers and publishes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chassis.facts import words

PartnerLevel = Literal["STREET", "COMMUNITY"]
OfferKind = Literal["GOODS", "SERVICE", "DISCOUNT"]

PartnerId = Annotated[str, Meta(description="合伙人编号 / id of the partner")]
OrgId = Annotated[
    str, Meta(description="合伙人所属单位或商户编号 / id of the organisation that is the partner")
]
OfferId = Annotated[str, Meta(description="兑换项目编号 / id of the offer")]
StatementId = Annotated[str, Meta(description="结算单编号 / id of the monthly statement")]
LevelOfPartner = Annotated[
    str, words("合伙人层级 / the level at which it is a partner", PartnerLevel)
]
