"""What a board says of a post; English stands in the catalogue, under the Chinese.

What states, duties, categories and roles are called stands in `locale/zh.po`.
"""

from __future__ import annotations

# What a board says of a post without a name, where nobody said it better.
VACANT = "岗位空缺"
UNNAMED = "有人在岗,姓名未公示"
UNCOVERED = "此刻没有专职管家当班,请拨打公示牌上的工作电话"


def reason_of(said: str | None, *, served: bool) -> str:
    """Return why a post has no name on a board: what its publisher said, or what is so now."""
    if said is not None and said not in {VACANT, UNNAMED}:
        return said
    return UNNAMED if served else VACANT
