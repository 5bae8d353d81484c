"""Forms, words and measures of what the partner service takes, answers and publishes."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from fivered.chassis.facts import measure, words
from fivered.chassis.fields import PersonId

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
RedemptionNumber = Annotated[str, Meta(description="兑换单号 / the redemption's own number")]
EndedBy = Annotated[
    str, Meta(description="由谁结束:SYSTEM、HOLDER 等 / who ended it, such as SYSTEM or the holder")
]
EndedWhy = Annotated[str, Meta(description="结束原因的代码 / why it ended, as a code")]
Operators = Annotated[
    list[PersonId], Meta(description="经办人 / the persons who act for the partner")
]
Redemptions = Annotated[int, measure("兑换次数 / redemptions", "次 / redemptions")]
NewOffers = Annotated[int, measure("新增服务类项目数 / new offers of services", "个 / offers")]
Rated = Annotated[int, measure("有评价的兑换数 / redemptions that were rated", "次 / redemptions")]
Satisfied = Annotated[int, measure("其中满意的 / of these satisfied", "次 / redemptions")]
