"""What is answered of the scores of stewards."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from fivered.chassis.replies import Reply

Points = Annotated[str, Meta(description="0–100,一位小数 / 0 to 100", examples=["92.4"])]


class StewardScore(Reply, kw_only=True):
    """管家月度服务评分 / A steward's month, with what it is made of."""

    id: str
    period: str
    final: Annotated[
        bool,
        Meta(description="是否已在月度截止时定分,定后不变 / settled at the cut-off, and stays"),
    ]
    duty: str
    type: str
    basis: Annotated[
        str,
        Meta(
            description="RATINGS 按评价(专职),ACCEPTANCE 按时接单(兼职) / by ratings, or by orders"
            " accepted in time",
            examples=["RATINGS"],
        ),
    ]
    score: Annotated[Points | None, Meta(description="不足最少件数时为空 / null below the least")]
    cases: Annotated[int, Meta(description="计入件数 / how many count")]
    least: Annotated[int, Meta(description="最少件数 / the least that is told")]
    left_out: Annotated[
        int,
        Meta(description="不计入的评价:核查中、不属实、同户超过 3 件 / ratings that do not count"),
    ]
    own_mean: Points | None
    weight: Annotated[int, Meta(description="计入件数的权重和 / sum of their weights")]
    prior: Annotated[Points, Meta(description="所在网格平均 / mean of the grids")]
    prior_cases: Annotated[int, Meta(description="均值折合的件数 / as so many cases it counts")]
    late: Annotated[int, Meta(description="当月超时办结 / resolved late in the month")]
    late_is_of: Annotated[
        str,
        Meta(
            description="STEWARD 本人,EMPLOYER 派出单位 / who answers for late ones",
            examples=["STEWARD"],
        ),
    ]
    employer: str | None
    how_zh: Annotated[str, Meta(description="怎样算出 / how it is computed")]
    how_en: str
    now: (
        Annotated[
            Points | None,
            Meta(
                description="按现有记录算,与定分不同时列出 / as it is counted now, where that is"
                " another one than the settled score"
            ),
        ]
        | UnsetType
    ) = UNSET
    suspect: (
        Annotated[
            bool,
            Meta(description="全为五星且集中于少数住户,待核查 / all the best, from few households"),
        ]
        | UnsetType
    ) = UNSET


class EmployerLate(Reply, kw_only=True):
    """派出单位 / Late cases for which an employer answers."""

    employer: str
    late: int


class StewardScores(Reply, kw_only=True):
    """辖区管家评分 / The scores of a community's stewards, the best first."""

    items: list[StewardScore]
    employers: list[EmployerLate]
    next: None = None
