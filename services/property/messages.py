"""What property tells people: kinds of messages, to whom and when.

Those of before this mechanism stand in `rules.MESSAGES` (`views/messages.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fivered.chassis.tells import Tells

_OWNERS = "名册上的业主 / the owners on the roll"

_COMPANIES = "两家企业的代表、项目经理 / who speaks for both companies, the manager"

TELLS: Mapping[str, Tells] = MappingProxyType({
    # ---------------------------------------------------------------- cross-appointments
    "APPOINTMENT_ASKED": Tells(
        "您被提名到 {name} 交叉任职,请于 {until} 前答复是否同意"
        " / You are nominated for a cross-appointment at {name}; please say by {until} whether you "
        "consent",
        to="被提名人 / who is nominated", when="提名时 / when somebody is nominated",
        group="DUTIES",
    ),
    # ---------------------------------------------------------------- agreements
    "AGREEMENT_TO_SIGN": Tells(
        "{name} 有一份协议待签署 / An agreement about {name} is there to be signed",
        to="项目经理、社区两委成员,起草人除外"
        " / the project's manager and the community's two committees, but for who drafted it",
        when="协议起草时 / when it is drafted", group="DUTIES",
    ),
    "COMMITMENT_TO_ACCEPT": Tells(
        "{name} 的一项承诺已提交履约佐证,请确认:{title}"
        " / It was shown that a commitment about {name} was met, please say whether it was: "
        "{title}",
        to="协议的另一方 / the other side of the agreement",
        when="提交佐证时 / when one side shows that it was done", group="DUTIES",
    ),
    # ---------------------------------------------------------------- what a meeting decided
    "WORK_GIVEN": Tells(
        "会议决定由贵项目办理:{title},请于 {until} 前交付"
        " / A meeting decided that your project does this: {title}; please deliver it by {until}",
        to="项目经理 / the project's manager",
        when="会议决定的工作交项目办理时 / when a work that a meeting decided is the project's",
        group="DUTIES",
    ),
    "MINUTES_TO_APPROVE": Tells(
        "您出席的三方联席会议已有纪要,请确认或提出异议"
        " / The minutes of a meeting that you attended are written; please approve them, or say "
        "what is wrong",
        to="出席会议的人,起草人除外 / who was there, but for who has written them",
        when="纪要提交或重写时 / when they are written, or written anew", group="MEETINGS",
    ),
    "WORK_LATE": Tells(
        "会议决定的工作已逾期:{title} / A work that a meeting decided is overdue: {title}",
        to="项目经理、社区两委成员 / the project's manager, the community's two committees",
        when="项目到期未交付时 / when the project has not delivered it in time",
    ),
    "WORK_STILL_LATE": Tells(
        "会议决定的工作逾期三个工作日仍未交付,已上报街道:{title}"
        " / A work that a meeting decided is three working days late and went up to the street: "
        "{title}",
        to="街道包联干部、项目经理 / who is linked to the community from the street, the manager",
        when="逾期三个工作日仍未交付时 / three working days after it fell due",
    ),
    # ---------------------------------------------------------------- orders, complaints
    "ORDER_ISSUED": Tells(
        "您的项目收到整改单 {number}({severity}),请于 {until} 前整改并提交"
        " / Your project has rectification order {number} ({severity}); carry it out and submit it "
        "by {until}",
        to="项目经理 / the project's manager",
        when="签发时,复核后重新签发时也是 / when it is issued, and when it is ordered anew",
        group="DUTIES", urgent=True,
    ),
    "COMPLAINT_NEW": Tells(
        "您的项目收到投诉 {number}:{category} / Your project has complaint {number}: {category}",
        to="项目经理 / the project's manager",
        when="登记为物业投诉时 / when it is filed as a complaint about property",
        group="DUTIES",
    ),
    "COMPLAINT_GOES_ON": Tells(
        "您的项目的投诉 {number} 经复核需继续办理"
        " / Complaint {number} about your project was looked at again and goes on",
        to="项目经理 / the project's manager", when="复核不通过时 / when a second look opens it",
        group="DUTIES",
    ),
    "COMPLAINT_EMERGENCY": Tells(
        "小区有紧急投诉,请立即处理:{place},{problem}"
        " / A complaint in your compound cannot wait: {problem} ({place})",
        to="项目经理、社区两委成员 / the project's manager, the community's two committees",
        when="投诉标为紧急时 / when a complaint is marked as an emergency",
        urgent=True,
    ),
    "COMPLAINT_LEFT_OUT": Tells(
        "投诉 {number} 提交时写明的“{detail}”不能采用({reason});请补正"
        " / {detail}, as complaint {number} was filed with, cannot be taken ({reason}); please put"
        " it right",
        to="诉求人;没有的,社区两委成员 / who complained; of nobody's, the community's committees",
        when="提交时写明的详情与物业登记不符时 / when what it was filed with cannot be",
    ),
    "COMPLAINT_CONTACT": Tells(
        "您被列为一件物业投诉的联系人 / You are named as whom to call about a property complaint",
        to="联系人 / whom to call",
        when="被列为联系人时 / when somebody is named as that",
    ),
    # ---------------------------------------------------------------- the owners' vote
    "VOTE_CALLED": Tells(
        "业主表决 {number}“{title}”已发起,{opens} 开始投票"
        " / Owners' vote {number} “{title}” is called; it opens at {opens}",
        to="小区业主 / the owners of the compound", when="发起时 / when it is called",
    ),
    "VOTE_FINAL": Tells(
        "业主表决 {number}“{title}”的结果已生效:{passed}"
        " / The result of owners' vote {number} “{title}” is final: {passed}",
        to=_OWNERS, when="公示期满、异议均已答复时 / when its publication is over",
    ),
    "VOTE_VOID": Tells(
        "业主表决 {number}“{title}”经异议撤销:{reason}"
        " / Owners' vote {number} “{title}” is set aside after an objection: {reason}",
        to=_OWNERS, when="异议成立时 / when an objection is upheld",
    ),
    "VOTE_OPENED": Tells(
        "业主共同决定开始投票:{title},请于 {until} 前投票"
        " / The owners vote on {title}; please vote by {until}",
        to=_OWNERS, when="投票开始、名册冻结时 / when the vote opens on its frozen roll",
    ),
    "VOTE_CLOSING": Tells(
        "业主表决 {number}“{title}”将于 {until} 截止,您的房屋尚无计入的投票;已交纸质选票的无需再投"
        " / Owners' vote {number} “{title}” closes at {until} and no ballot of yours is counted"
        " yet; who has handed in a paper need not vote again",
        to="房屋尚无计入投票的业主 / the owners whose voice has no ballot",
        when="截止前两天;投票期不足四天的为过半时"
        " / two days before it closes, after half of a vote that is open for less than four days",
    ),
    "VOTE_COUNTED": Tells(
        "业主共同决定已计票:{title},{passed};对结果有异议请于 {until} 前提出"
        " / The vote on {title} is counted: {passed}; who objects does so by {until}",
        to=_OWNERS, when="计票时 / when it is counted",
    ),
    "VOTE_OBJECTION_DECIDED": Tells(
        "您对业主共同决定结果的异议已答复:{outcome},{reasons}"
        " / Your objection to the result of a vote is decided ({outcome}): {reasons}",
        to="提出异议的业主 / the owner who objected",
        when="街道答复异议时 / when the street decides it",
    ),
    "VOTE_CANCELLED": Tells(
        "业主表决 {number}“{title}”已取消,不再投票:{reason}"
        " / Owners' vote {number} “{title}” is cancelled: {reason}",
        to="小区业主 / the owners of the compound", when="取消时 / when it is cancelled",
    ),
    # ---------------------------------------------------------------- another company
    "HANDOVER_BEGUN": Tells(
        "{name} 更换物业企业,请于 {until} 前按清单移交、接收"
        " / {name} changes hands; please hand over and take over what is listed by {until}",
        to=_COMPANIES, when="更换物业企业时 / when a compound is handed over",
    ),
    "COMPANY_CHANGED": Tells(
        "{name} 自 {day} 起由 {company} 服务 / {name} is served by {company} from {day} on",
        to=_OWNERS, when="更换物业企业时 / when a compound is handed over",
    ),
    "DISCLOSURE_NEW": Tells(
        "您小区公布了{what},可在公示栏查看 / {what} of your compound is published on its board",
        to=_OWNERS, when="公布时 / when it is published",
    ),
    "DISCLOSURE_CORRECTED": Tells(
        "您小区已公布的{what}有更正,旧版仍可查看。理由:{reason}"
        " / {what} of your compound that was published was put right; the edition before stays "
        "readable. Reason: {reason}",
        to=_OWNERS,
        when="更正时 / when it is put right",
    ),
    "HANDOVER_MISSING": Tells(
        "移交事项未收齐:{title},{reason} / What was handed over is not complete: {title}, {reason}",
        to="原企业代表 / who speaks for the company that goes",
        when="接收方登记缺少时 / when the other company says what is missing",
    ),
    "HANDOVER_LATE": Tells(
        "{name} 的移交逾期未完成,由街道处理"
        " / The hand-over of {name} is not done in time; the street sees to it",
        to="两家企业的代表、街道包联干部 / both companies, who is linked from the street",
        when="移交期限届满时 / when its time is over",
    ),
    "HANDOVER_DONE": Tells(
        "{name} 的移交已全部完成 / The hand-over of {name} is done",
        to=_COMPANIES, when="最后一项移交完成时 / with its last item",
    ),
    # ---------------------------------------------------------------- second looks
    "QUALITY_WRONG": Tells(
        "您核验或办结的 {number} 经抽查复核不属实:{finding}"
        " / {number}, which you found good, was found wrong by a second look: {finding}",
        to="原核验、办结人 / who had found it good",
        when="抽查复核认定不属实时 / when a second look finds that it is not",
    ),
})  # fmt: skip
