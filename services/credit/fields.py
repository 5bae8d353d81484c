"""Forms, words and measures of what credit takes, answers and publishes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

SettlementId = Annotated[str, Meta(description="月度赋分编号 / id of the settlement")]
NoticeId = Annotated[str, Meta(description="公告编号 / id of the notice")]
ObjectionId = Annotated[str, Meta(description="异议编号 / id of the objection")]
RepairId = Annotated[str, Meta(description="修复申请编号 / id of the application for repair")]
VetoId = Annotated[str, Meta(description="一票否决提议编号 / id of the proposed veto")]
