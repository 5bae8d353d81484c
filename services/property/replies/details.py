"""Places and problems of complaints."""

from fivered.chassis.replies import Reply


class ProblemKind(Reply, kw_only=True):
    """问题 / What can be wrong."""

    problem: str
    name_zh: str
    name_en: str


class PlaceKind(Reply, kw_only=True):
    """部位 / A place of a compound, and what can be wrong there."""

    place: str
    name_zh: str
    name_en: str
    problems: list[ProblemKind]


class ComplaintKinds(Reply, kw_only=True):
    """部位与问题 / Places and problems."""

    items: list[PlaceKind]
