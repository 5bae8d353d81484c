"""What the property service refuses, with the stable code of each refusal."""

from __future__ import annotations

from chassis.refusal import Guard, Refusal


class UsccInvalid(Guard):
    """The check character of the code is wrong, and no reason overrides it."""

    guard = "USCC_INVALID"
    text = "统一社会信用代码 {uscc} 校验不通过;确需登记的,请填写放行理由"


class UsccTaken(Refusal):
    """Another company is registered under this code."""

    code = "USCC_TAKEN"
    status = 409
    text = "统一社会信用代码 {uscc} 已登记为 {company}"


class IdTaken(Refusal):
    """The id that the caller chose stands for something else."""

    code = "ID_TAKEN"
    status = 409
    text = "编号 {id} 已用于不同内容"


class ConflictOfInterest(Refusal):
    """A person with a post in the project may not decide that project's matters."""

    code = "CONFLICT_OF_INTEREST"
    status = 403
    text = "您在项目 {project} 任职({post}),应当回避该项目的事项;可由 {substitute} 办理"


class NotTheManager(Refusal):
    """Only the project's present manager may act for it."""

    code = "ROLE_DENIED"
    status = 403
    text = "仅项目 {project} 的现任经理可以执行此操作"


class NotTheCompany(Refusal):
    """The person does not represent the company of the project."""

    code = "ROLE_DENIED"
    status = 403
    text = "您不是企业 {company} 的授权代表"


class WrongSide(Refusal):
    """The role does not belong to the side that has to act."""

    code = "ROLE_DENIED"
    status = 403
    text = "角色 {role} 不代表应当办理的一方({side})"


class AreaInvalid(Guard):
    """A grid does not lie in the community of the project."""

    guard = "AREA_INVALID"
    text = "网格 {grid} 不在社区 {community} 内"


class NothingChanges(Guard):
    """A correction that leaves everything as it is."""

    guard = "NOTHING_CHANGES"
    text = "更正内容与现有登记一致"


class HandOverInstead(Guard):
    """Another company takes over: what the former one did stays with it."""

    guard = "HAND_OVER_INSTEAD"
    text = "项目 {project} 在原企业名下已有记录,更换企业请办理交接"


class NotServing(Guard):
    """The project does not serve the place that the complaint is about."""

    guard = "NOT_SERVING"
    text = "项目 {project} 不在服务中,或不服务网格 {grid}"


class BuildingTaken(Guard):
    """Another project in service of the same grid has this building."""

    guard = "BUILDING_TAKEN"
    text = "楼栋 {building} 已由项目 {project} 登记"


class PeriodNotAllowed(Guard):
    """A history or a count is loaded for a period for which it may not be."""

    guard = "PERIOD_NOT_ALLOWED"
    text = "期间 {period} 不能导入或更正:{reason}"


class DirectionTaken(Guard):
    """The project has an active appointment in this direction."""

    guard = "DIRECTION_TAKEN"
    text = "项目 {project} 的 {direction} 方向已有在任人员"


class NotCurrentManager(Guard):
    """The nominee is not the manager of the project."""

    guard = "NOT_CURRENT_MANAGER"
    text = "被提名人不是项目 {project} 的现任经理"


class NotPartyMember(Guard):
    """The post in the party branch needs a party member."""

    guard = "NOT_PARTY_MEMBER"
    text = "小区党支部成员须为中共党员"


class NotCommitteeMember(Guard):
    """The nominee is not known as a member of the two committees of the community."""

    guard = "NOT_COMMITTEE_MEMBER"
    text = "被提名人不是社区 {community} 的在任两委成员"


class PostNotAllowed(Guard):
    """The post does not belong to the direction of the appointment."""

    guard = "POST_NOT_ALLOWED"
    text = "方向 {direction} 不适用职务 {post}"


class DocumentRequired(Guard):
    """The approval needs the committee's minutes or the company's letter."""

    guard = "DOCUMENT_REQUIRED"
    text = "须附 {document}"


class SamePerson(Guard):
    """Two persons are needed, and this is the same one."""

    guard = "SAME_PERSON"
    text = "此事项须由两名不同人员办理"


class TooFewCommitments(Guard):
    """An agreement without at least four commitments is an agreement on paper."""

    guard = "TOO_FEW_COMMITMENTS"
    text = "协议至少应有 {least} 项履约事项,现有 {found} 项"


class CommitmentIncomplete(Guard):
    """A commitment has no date in the validity and no recurrence, or names no evidence."""

    guard = "COMMITMENT_INCOMPLETE"
    text = "履约事项“{title}”须有协议期内的期限或周期,并列明佐证种类"


class TextChanged(Guard):
    """The two sides would sign different texts."""

    guard = "TEXT_CHANGED"
    text = "文本摘要与协议不一致"


class ValidityOver24Months(Guard):
    """An agreement is valid for at most 24 months."""

    guard = "VALIDITY_OVER_24M"
    text = "协议有效期须在起始日之后且不超过 24 个月"


class AgreementOver(Guard):
    """The validity of the agreement has ended before it was signed."""

    guard = "AGREEMENT_OVER"
    text = "协议有效期已于 {valid_to} 届满"


class EvidenceRequired(Guard):
    """Nothing shows that it was done."""

    guard = "EVIDENCE_REQUIRED"
    text = "须提交佐证材料"


class NotOpen(Guard):
    """The commitment is not open for fulfilment."""

    guard = "NOT_OPEN"
    text = "履约事项当前状态为 {state},不可提交"


class ReasonRequired(Guard):
    """The decision needs a reason that others can read."""

    guard = "REASON_REQUIRED"
    text = "须说明理由(不少于 {least} 字)"


class QuorumNotMet(Guard):
    """One of the three sides was not present."""

    guard = "QUORUM_NOT_MET"
    text = "三方联席会议缺少 {side} 一方"


class NotOfThisSide(Guard):
    """A person is named for a side for which nobody knows him."""

    guard = "NOT_OF_THIS_SIDE"
    text = "{person} 不是 {side} 一方的登记人员,不能计入到会"


class CountedTwice(Guard):
    """One person sits for two sides of one meeting."""

    guard = "COUNTED_TWICE"
    text = "{person} 只能代表一方到会"


class ChairNotOfCommittee(Guard):
    """The chair of a three-party meeting is the community party committee's."""

    guard = "CHAIR_NOT_OF_COMMITTEE"
    text = "主持人须为到会的社区党组织人员"


class NotRegistered(Guard):
    """The person is no registered adult."""

    guard = "NOT_REGISTERED"
    text = "人员 {person} 未登记或已迁出;刚登记的,请稍后再试"


class NotHeardOf(NotRegistered):
    """Nobody of this id is registered, or the fact of it is still on its way."""


class UnderAge(NotRegistered):
    """Only an adult holds a post, speaks for a company or sits for the owners."""

    guard = "UNDER_AGE"
    text = "人员 {person} 未成年或年龄未登记,不能担任"


class Deceased(NotRegistered):
    """The dead hold no post."""

    guard = "DECEASED"
    text = "人员 {person} 已登记去世,不能担任"


class MergedAway(NotRegistered):
    """The id was given up after a double registration."""

    guard = "PERSON_MERGED"
    text = "人员 {person} 的登记已合并,请使用 {into}"


class SameHousehold(Refusal):
    """Nobody decides about a complaint of his own household."""

    code = "CONFLICT_OF_INTEREST"
    status = 403
    text = "您与投诉人同户,应当回避"


class OnTheProjectsSide(Guard):
    """Whoever serves the project does not sit for its owners."""

    guard = "ON_THE_PROJECTS_SIDE"
    text = "{person} 在该项目任职({post}),不能代表业主"


class CommitteeSize(Guard):
    """An owners' committee has an odd number of 5 to 11 members and serves 3 to 5 years."""

    guard = "COMMITTEE_RULES"
    text = "业主委员会应由 5 至 11 名单数成员组成,主任为成员之一,任期 3 至 5 年"


class BasisRequired(Guard):
    """A rectification order states the clause, standard or law on which it stands."""

    guard = "BASIS_REQUIRED"
    text = "整改单须写明事实和依据(合同条款、标准或法律)"


class SeverityNotAllowed(Guard):
    """The role may not issue an order of this severity."""

    guard = "SEVERITY_NOT_ALLOWED"
    text = "角色 {role} 不能签发 {severity} 级整改单"


class OnSiteRequired(Guard):
    """A safety order is passed only after a look on the site."""

    guard = "ON_SITE_REQUIRED"
    text = "S1 级整改须现场核验"


class ComplainantMayNotCheck(Guard):
    """The complainant of the matter may not be its checker."""

    guard = "COMPLAINANT_MAY_NOT_CHECK"
    text = "投诉人不能作为该整改单的核验人"


class DueInPast(Guard):
    """A date that is to come lies behind."""

    guard = "DUE_IN_PAST"
    text = "期限 {due} 已过"


class DueNotLater(DueInPast):
    """A day that something is put off to lies no later than the present one."""

    text = "新期限 {due} 须晚于现期限 {present}"


class DueTooFar(DueInPast):
    """A day that something is put off to lies too far ahead."""

    text = "期限 {due} 过远,最晚为 {latest}"


class DueMissing(DueInPast):
    """A decision that is work says until when."""

    text = "请写明完成期限"


class MeetingRecorded(Refusal):
    """The same meeting, with the same minutes, is recorded; its decisions are opened once."""

    code = "MEETING_RECORDED"
    status = 409
    text = "该次会议已登记为 {meeting_id}"


class DisclosureScheduled(Refusal):
    """The same paper stands on the project's list for the same day."""

    code = "DISCLOSURE_SCHEDULED"
    status = 409
    text = "该项公示已安排为 {disclosure_id}"


class TaskOfForum(Guard):
    """The work order is a resolution's task; the forum extends, cancels and reassigns it."""

    guard = "TASK_OF_FORUM"
    text = "该工单来自协商决议任务 {task},请在议站延期、取消或改派"


class ExtensionsUsed(Guard):
    """The community has extended it as often as it may."""

    guard = "EXTENSIONS_USED"
    text = "社区延期最多 {most} 次,其后由街道办理"


class NotExtensible(Guard):
    """A safety order, or one that was extended once, is not extended."""

    guard = "NOT_EXTENSIBLE"
    text = "S1 级整改单不予延期,其他整改单只能延期一次"


class HistoryDiffers(Refusal):
    """The month was loaded before with other counts."""

    code = "HISTORY_DIFFERS"
    status = 409
    text = "项目 {project} 在 {period} 的历史数据已存在且内容不同"
