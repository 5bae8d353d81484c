"""What a board says of a post.

What states, duties, categories and roles are called stands in `locale/words.po`.
"""

from __future__ import annotations

from collections.abc import Mapping

from fivered.chassis.refusal import Sentence

# What a board says of a post without a name, where nobody said it better.
VACANT = Sentence("岗位空缺 / Vacant")
UNNAMED = Sentence("有人在岗,姓名未公示 / Held by somebody whose name is not published")
UNCOVERED = Sentence(
    "此刻没有专职管家当班,请拨打公示牌上的工作电话"
    " / No full-time steward is on shift now; call a work phone of the contact board"
)


def waived(reasons: Mapping[str, str]) -> set[str]:
    """Return the duties of which a publisher has said why nobody has them here; that a post is
    vacant, or its name unpublished, says the board by itself, and waives nothing."""
    return {duty for duty, said in reasons.items() if said not in {VACANT, UNNAMED}}


def reason_of(said: str | None, *, served: bool) -> str:
    """Return why a post has no name on a board: what its publisher said, or what is so now."""
    if said is not None and said not in {VACANT, UNNAMED}:
        return said
    return UNNAMED if served else VACANT
