"""What property publishes of the owners' votes: totals, never who chose what."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis.facts import fact, measure, words
from fivered.chassis.fields import Community, ProjectId, TopicId

_METRES = "0.01 平方米 / 0.01 m2"


@fact(
    "owners_vote_closed.v1",
    about="vote",
    visibility="public",
    when="业主共同决定的表决结果公示期满、异议均已答复时,每次表决一条;重新表决的另有一条 / "
    "when the result of an owners' vote is final: its publication is over and every objection is "
    "answered; once per vote, and once more for a vote that repeats one that failed",
    by=("on_vote_final", "decide_vote_objection"),
)
class OwnersVoteClosed:
    """业主共同决定表决结果 / What the owners of a compound have decided together (Civil Code art.
    278), by area and by heads."""

    vote_id: Annotated[str, Meta(description="表决编号 / id of the vote")]
    project_id: ProjectId
    community: Community
    matter: Annotated[
        str,
        words(
            "《民法典》第二百七十八条所列事项 / the matter of art. 278",
            RULES_OF_PROCEDURE="制定和修改业主大会议事规则 / rules of procedure",
            MANAGEMENT_CONVENTION="制定和修改管理规约 / management convention",
            ELECT_COMMITTEE="选举或更换业主委员会成员 / elect the owners' committee",
            CHOOSE_MANAGER="选聘和解聘物业服务企业 / choose or dismiss the property company",
            USE_MAINTENANCE_FUND="使用维修资金 / use the maintenance fund",
            RAISE_MAINTENANCE_FUND="筹集维修资金 / raise the maintenance fund",
            REBUILD="改建、重建建筑物及其附属设施 / rebuild",
            CHANGE_COMMON_USE="改变共有部分用途或经营 / change or run common parts",
            OTHER="其他重大事项 / other grave matters",
        ),
    ]
    special: Annotated[
        bool, Meta(description="须四分之三以上同意 / needs three quarters of those who take part")
    ]
    passed: Annotated[bool, Meta(description="是否通过 / whether it is adopted")]
    area_eligible: Annotated[int, measure("名册面积 / area on the roll", _METRES)]
    area_participating: Annotated[int, measure("参与表决面积 / area that takes part", _METRES)]
    area_assenting: Annotated[int, measure("同意面积 / area that agrees", _METRES)]
    heads_eligible: Annotated[int, measure("名册人数 / voices on the roll", "人 / voices")]
    heads_participating: Annotated[int, measure("参与人数 / voices that take part", "人 / voices")]
    heads_assenting: Annotated[int, measure("同意人数 / voices that agree", "人 / voices")]
    roll_sha256: Annotated[str, Meta(description="名册摘要 / digest of the frozen roll")]
    document_sha256: Annotated[str, Meta(description="结果文书摘要 / digest of the result's paper")]
    topic_id: (
        Annotated[TopicId, Meta(description="所涉议题 / the topic that asked for it")] | None
    ) = None
