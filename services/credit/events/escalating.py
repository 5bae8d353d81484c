"""What credit publishes of what nobody has decided in time."""

from __future__ import annotations

from fivered.chassis.facts import fact
from fivered.chassis.fields import Concerned, Level
from fivered.services.credit.fields import (
    DocumentNumber,
    EndState,
    ObjectionId,
    RepairId,
    VetoId,
)


@fact(
    "objection_escalated.v1",
    about="objection",
    when="异议逾期未处理,每升一级一条 / when nobody has dealt with an objection in time; once "
    "per level",
    by=("on_objection_decide", "on_objection_review"),
)
class ObjectionEscalated:
    """异议逾期升级 / An overdue objection goes up: 1 to the street, 2 to the district.

    Attributes:
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    objection_id: ObjectionId
    number: DocumentNumber
    level: Level
    concerned: Concerned | None = None


@fact(
    "objection_ended.v1",
    about="objection",
    when="曾升级的异议办结、撤回或终止时,一次 / when an objection that went up is decided, "
    "withdrawn or over; once",
    by=("decide_objection", "review_objection", "withdraw_objection", "on_settlement_close"),
    after=("objection_escalated.v1",),
)
class ObjectionEnded:
    """升级的异议已办结 / An objection that went up was decided, or has ended otherwise."""

    objection_id: ObjectionId
    number: DocumentNumber
    state: EndState


@fact(
    "repair_escalated.v1",
    about="repair",
    when="修复申请逾期未决定,每升一级一条 / when nobody has decided an application for repair "
    "in time; once per level",
    by=("on_repair_decide",),
)
class RepairEscalated:
    """修复申请逾期升级 / An overdue repair goes up: 1 to the street, 2 to the district.

    Attributes:
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    repair_id: RepairId
    number: DocumentNumber
    level: Level
    concerned: Concerned | None = None


@fact(
    "repair_ended.v1",
    about="repair",
    when="曾升级的修复申请作出决定、退回、撤回,或所涉扣分已撤销时,一次 / when one that went up "
    "is decided, given back or withdrawn, or its deduction is taken back; once",
    by=(
        "approve_repair",
        "reject_repair",
        "return_repair",
        "withdraw_repair",
        "decide_objection",
        "review_objection",
        "property.rectification_withdrawn.v1",
        "property.disclosure_withdrawn.v1",
    ),
    after=("repair_escalated.v1",),
)
class RepairEnded:
    """升级的修复申请已办结 / One that went up was decided, given back or withdrawn."""

    repair_id: RepairId
    number: DocumentNumber
    state: EndState


@fact(
    "veto_escalated.v1",
    about="veto",
    when="一票否决提议逾期无人确认,每升一级一条 / when nobody has confirmed a veto in time; "
    "once per level",
    by=("on_veto_confirm",),
)
class VetoEscalated:
    """一票否决提议逾期升级 / A veto nobody confirmed goes up: 1 to the street, 2 to the district.

    Attributes:
        number: Of the document on which it rests.
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    veto_id: VetoId
    number: DocumentNumber
    level: Level
    concerned: Concerned | None = None


@fact(
    "veto_ended.v1",
    about="veto",
    when="曾升级的提议被确认或取消时,一次 / when one that went up is confirmed or dropped; once",
    by=("confirm_veto", "lift_veto"),
    after=("veto_escalated.v1",),
)
class VetoEnded:
    """升级的一票否决提议已办结 / One that went up was confirmed or dropped."""

    veto_id: VetoId
    state: EndState


@fact(
    "nominee_objection_escalated.v1",
    about="objection",
    when="对候选对象的异议逾期未处理,每升一级一条 / when nobody has decided an objection to a "
    "nominee in time; once per level",
    by=("on_nominee_objection",),
)
class NomineeObjectionEscalated:
    """对候选对象的异议逾期升级 / An overdue objection to a nominee goes up, as others do.

    Attributes:
        number: That of the commendation.
        concerned: Whose matter it is: it is not laid before these, nor who lives with one.
    """

    objection_id: ObjectionId
    number: DocumentNumber
    level: Level
    concerned: Concerned | None = None


@fact(
    "nominee_objection_ended.v1",
    about="objection",
    when="曾升级的异议作出决定,或表彰取消时,一次 / when one that went up is decided, or the "
    "commendation is cancelled; once",
    by=("decide_nominee", "cancel_commendation"),
    after=("nominee_objection_escalated.v1",),
)
class NomineeObjectionEnded:
    """升级的候选对象异议已办结 / One that went up was decided, or has ended otherwise."""

    objection_id: ObjectionId
    state: EndState
