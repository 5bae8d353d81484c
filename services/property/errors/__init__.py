"""What the property service refuses, with the stable code of each refusal."""

from __future__ import annotations

from fivered.chassis.refusal import CALLER_DECEASED, CALLER_MERGED, Guard, Refusal, StateConflict


class UsccInvalid(Guard):
    text = (
        "统一社会信用代码 {uscc} 校验不通过;确需登记的,请填写放行理由"
        " / The check of the unified social credit code {uscc} fails; to register it all the "
        "same, give override_reason"
    )


class UsccWrong(UsccInvalid):
    """Where nothing lets a code pass whose check fails."""

    guard = "USCC_INVALID"
    text = (
        "统一社会信用代码 {uscc} 校验不通过,请核对"
        " / The check of the unified social credit code {uscc} fails; look at it again"
    )


class UsccTaken(Refusal):
    status = 409
    text = (
        "统一社会信用代码 {uscc} 已登记为 {company}"
        " / The unified social credit code {uscc} is registered as {company}"
    )


class IdTaken(Refusal):
    status = 409
    text = "编号 {id} 已用于不同内容 / The id {id} stands for something else"


class ConflictOfInterest(Refusal):
    status = 403
    text = (
        "您在项目 {project} 任职({post}),应当回避该项目的事项;可由 {substitute} 办理"
        " / You hold a post ({post}) in project {project} and must stay out of its matters; "
        "{substitute} may decide instead"
    )


class KinOfThePost(ConflictOfInterest):
    code = "CONFLICT_OF_INTEREST"
    text = (
        "与您同户的人在项目 {project} 任职({post}),您应当回避该项目的事项;可由 {substitute} 办理"
        " / Somebody of your household holds a post ({post}) in project {project}, so you must "
        "stay out of its matters; {substitute} may decide instead"
    )


class NotTheManager(Refusal):
    code = "ROLE_DENIED"
    status = 403
    text = (
        "仅项目 {project} 的现任经理可以执行此操作"
        " / Only the present manager of project {project} may do this"
    )


class ManagerNamesProject(NotTheManager):
    """A manager speaks for a project, never for grids alone."""

    code = "ROLE_DENIED"
    text = (
        "项目经理发布通告须填写本项目编号 project_id"
        " / A manager announces for the own project: name it in project_id"
    )


class NotTheCompany(Refusal):
    code = "ROLE_DENIED"
    status = 403
    text = (
        "您不是企业 {company} 的授权代表"
        " / You are not among the representatives of company {company}"
    )


class WrongSide(Refusal):
    code = "ROLE_DENIED"
    status = 403
    text = (
        "角色 {role} 不代表应当办理的一方({side})"
        " / The role {role} does not stand for the side that has to act ({side})"
    )


class AreaInvalid(Guard):
    text = "网格 {grid} 不在社区 {community} 内 / Grid {grid} does not lie in community {community}"


class OtherCommunity(AreaInvalid):
    guard = "AREA_INVALID"
    text = "项目 {project} 不在社区 {area} 内 / Project {project} does not lie in community {area}"


class NothingChanges(Guard):
    text = "更正内容与现有登记一致 / The register says so already"


class HandOverInstead(Guard):
    text = (
        "项目 {project} 在原企业名下已有记录,更换企业请办理交接"
        " / Project {project} has a record under its company; hand it over to the other one"
    )


class NotServing(Guard):
    text = (
        "项目 {project} 不在服务中,或不服务网格 {grid}"
        " / Project {project} is not in service, or does not serve grid {grid}"
    )


class AnnouncedAlready(Refusal):
    status = 409
    text = (
        "同一事项已发布为 {number},可在其上更新"
        " / The same is announced already as {number}; give news of it there"
    )


class UnknownBuilding(Guard):
    text = (
        "所选网格各项目登记的楼栋中没有 {building}"
        " / None of the projects that serve these grids has a building {building}"
    )


class BuildingTaken(Guard):
    text = (
        "楼栋 {building} 已由项目 {project} 登记 / Building {building} belongs to project {project}"
    )


class PeriodNotAllowed(Guard):
    text = (
        "期间 {period} 不能导入或更正:{reason}"
        " / Period {period} cannot be entered or corrected: {reason}"
    )


class MeetingToCome(PeriodNotAllowed):
    text = (
        "会议时间 {held_at} 尚未到来,请在会议召开后登记"
        " / The meeting is to be held at {held_at}; record it when it was held"
    )


class AnotherServed(PeriodNotAllowed):
    text = (
        "该小区在 {until} 之前由项目 {project} 服务,其时的会议请登记在该项目名下"
        " / Until {until} project {project} had the compound; record a meeting of that time under "
        "it"
    )


class UntilOutsideYear(Guard):
    text = (
        "截止日 {until} 不在 {year} 年内 / The last day, {until}, does not lie in the year {year}"
    )


class DirectionTaken(Guard):
    text = (
        "项目 {project} 的 {direction} 方向已有在任人员"
        " / Project {project} has an active appointment in direction {direction}"
    )


class NotCurrentManager(Guard):
    text = (
        "被提名人不是项目 {project} 的现任经理"
        " / The nominee is not the present manager of project {project}"
    )


class NotPartyMember(Guard):
    text = "小区党支部成员须为中共党员 / A member of the party branch must be a party member"


class NotCommitteeMember(Guard):
    text = (
        "被提名人不是社区 {community} 的在任两委成员"
        " / The nominee is not known as a serving member of the two committees of community "
        "{community}"
    )


class PostNotAllowed(Guard):
    text = (
        "方向 {direction} 不适用职务 {post}"
        " / The post {post} does not belong to direction {direction}"
    )


class DocumentRequired(Guard):
    """The approval needs the committee's minutes or the company's letter."""

    text = "须附 {document} / A document is required: {document}"


class SamePerson(Guard):
    denial = True
    text = "此事项须由两名不同人员办理 / This needs two different persons"


class OwnHousehold(SamePerson):
    """Nobody names who lives with them: it is their own matter."""

    guard = "SAME_PERSON"
    text = (
        "{person} 与您同户,须由他人办理"
        " / {person} lives with you, so another official has to name that person"
    )


class HasSuccessor(Guard):
    text = (
        "该小区已由项目 {project} 接管,不能恢复"
        " / The compound is run by the project {project} now; this one does not come back"
    )


class ReopeningOver(Guard):
    text = (
        "项目终止已满 {days} 天,不能恢复;请重新登记"
        " / It was closed more than {days} days ago and does not come back; register it anew"
    )


class OwnAppointment(SamePerson):
    guard = "SAME_PERSON"
    text = (
        "这是您本人的任职,须由他人办理;企业可登记另一名授权代表"
        " / It is your own post, so somebody else decides; a company may register another "
        "representative"
    )


class TooFewCommitments(Guard):
    text = (
        "协议至少应有 {least} 项履约事项,现有 {found} 项"
        " / An agreement has at least {least} commitments; this one has {found}"
    )


class CommitmentRepeated(Guard):
    text = (
        "履约事项“{title}”重复:事项名称、责任方和期限相同的只能列一次"
        " / The commitment “{title}” stands twice: the same title, side and term count once"
    )


class OtherType(Guard):
    names = ("type",)
    text = (
        "被修订的协议为“{type}”,修订协议须为同一类型"
        " / The agreement to amend is a “{type}”; what amends it must be of the same type"
    )


class AmendedAlready(Guard):
    text = (
        "协议 {agreement} 已由 {other} 修订,请在其上修订"
        " / {other} amends agreement {agreement} already; amend that one"
    )


class AgreedAlready(StateConflict):
    code = "STATE_CONFLICT"
    text = "您所在一方已同意豁免 / Your side has agreed already"


class CommitmentIncomplete(Guard):
    text = (
        "履约事项“{title}”须有协议期内的期限或周期,并列明佐证种类"
        " / The commitment “{title}” needs a date within the validity or a recurrence, and the "
        "kinds of its evidence"
    )


class TextChanged(Guard):
    """The two sides would sign different texts."""

    text = "文本摘要与协议不一致 / The digest is not that of the agreement's text"


class MinutesChanged(TextChanged):
    """They were written anew after the caller read them."""

    guard = "TEXT_CHANGED"
    text = (
        "会议纪要已重新起草,请重新阅读后再确认"
        " / The minutes were written anew; read them again and then approve them"
    )


class ValidityOver24Months(Guard):
    guard = "VALIDITY_OVER_24M"
    text = (
        "协议有效期须在起始日之后且不超过 24 个月"
        " / The validity ends after its first day and lasts at most 24 months"
    )


class AgreementOver(Guard):
    text = "协议有效期已于 {valid_to} 届满 / The validity of the agreement ended on {valid_to}"


class EvidenceRequired(Guard):
    text = "须提交佐证材料 / Evidence is required"


class SamePicture(Guard):
    text = (
        "整改前和整改后不能是同一份材料"
        " / What shows how it was cannot show how it is now: before and after are one and the same"
    )


class NotOpen(Guard):
    text = (
        "履约事项当前状态为 {state},不可提交 / The commitment is {state} and not open for evidence"
    )


class ReasonRequired(Guard):
    """The decision needs a reason that others can read."""

    text = "须说明理由(不少于 {least} 字) / A reason of at least {least} characters is required"


class QuorumNotMet(Guard):
    text = "三方联席会议缺少 {side} 一方 / The three-party meeting lacks the side {side}"


class NotOfThisSide(Guard):
    text = (
        "{person} 不是 {side} 一方的登记人员,不能计入到会"
        " / {person} is not registered for the side {side} and cannot be counted as present"
    )


class CountedTwice(Guard):
    text = "{person} 只能代表一方到会 / {person} sits for one side only"


class ChairNotOfCommittee(Guard):
    text = (
        "主持人须为到会的社区党组织人员"
        " / The chair is one of those present for the community party committee"
    )


class NotRegistered(Guard):
    text = (
        "人员 {person} 未登记或已迁出;刚登记的,请稍后再试"
        " / {person} is not registered, or has moved out; if the registration is new, try again "
        "in a moment"
    )


class NotHeardOf(NotRegistered):
    """Nobody of this id is registered, or the fact of it is still on its way."""


class UnderAge(NotRegistered):
    """Only an adult holds a post, speaks for a company or sits for the owners."""

    guard = "UNDER_AGE"
    text = (
        "人员 {person} 未成年或年龄未登记,不能担任"
        " / {person} is no adult, or the age is not registered; only adults hold this"
    )


class Deceased(NotRegistered):
    guard = "DECEASED"
    text = "人员 {person} 已登记去世,不能担任 / {person} is registered as deceased"


class MergedAway(NotRegistered):
    guard = "PERSON_MERGED"
    text = (
        "人员 {person} 的登记已合并,请使用 {into}"
        " / The registration {person} was merged; use {into}"
    )


class CallerDeceased(Deceased):
    text = CALLER_DECEASED
    of_caller = True


class CallerMerged(MergedAway):
    text = CALLER_MERGED
    of_caller = True


class SameHousehold(Refusal):
    code = "CONFLICT_OF_INTEREST"
    status = 403
    text = (
        "您与投诉人同户,应当回避;可由 {substitute} 办理"
        " / You live with the complainant and must step back; {substitute} may decide instead"
    )


class OwnComplaint(SamePerson):
    guard = "SAME_PERSON"
    text = (
        "这是您本人的投诉,应当回避;可由 {substitute} 办理"
        " / It is your own complaint, so you must step back; {substitute} may decide instead"
    )


class OneSideOnly(Guard):
    """Nobody stands for two of the three sides of a compound."""

    text = (
        "{person} 在该项目中已代表 {side} 一方({post}),不能再代表另一方"
        " / {person} stands for the side {side} of the project already ({post}) and cannot stand "
        "for another one"
    )


class OnTheProjectsSide(Guard):
    text = (
        "{person} 在该项目任职({post}),不能代表业主"
        " / {person} holds a post in the project ({post}) and cannot sit for its owners"
    )


class KinOnTheProjectsSide(OnTheProjectsSide):
    guard = "ON_THE_PROJECTS_SIDE"
    text = (
        "{person} 的同住家人在该项目任职({post}),不能代表业主"
        " / Somebody of {person}'s household holds a post in the project ({post}), so {person} "
        "cannot sit for its owners"
    )


class CommitteeSize(Guard):
    guard = "COMMITTEE_RULES"
    text = (
        "业主委员会应由 5 至 11 名单数成员组成,主任为成员之一,任期 3 至 5 年"
        " / An owners' committee has an odd number of 5 to 11 members, its chair among them, and "
        "serves 3 to 5 years"
    )


class TermToCome(Guard):
    text = (
        "任期自 {day} 开始,尚未到来;下一届请另行登记"
        " / A term that begins on {day} is that of the next one; register it as such"
    )


class NextOneThere(Refusal):
    status = 409
    text = (
        "下一届已登记为 {other};登记有误的,请先撤销该登记"
        " / The next one is registered as {other}; take that back first if it is wrong"
    )


class UnknownCommunity(AreaInvalid):
    guard = "AREA_INVALID"
    text = "社区 {community} 不存在 / There is no community {community}"


class CommitteeAbsent(QuorumNotMet):
    guard = "QUORUM_NOT_MET"
    text = (
        "业主委员会在任,业主一方须有其委员到会"
        " / The owners have a committee in its term, so one of its members sits for them"
    )


class MeetingPast(Guard):
    text = "会议须在此后三个月内召开 / A meeting is called for a time to come, within three months"


class CallOfAnother(Guard):
    text = (
        "会议通知 {call} 不属该项目或该日,或已召开、取消"
        " / The call {call} is of another project or day, or was held or cancelled"
    )


class NoticeTooShort(Guard):
    text = (
        "表决须提前至少 {days} 天公告,开始早于截止,最长 60 天"
        " / A vote is called at least {days} days ahead, closes after it opens, and is open for 60 "
        "days at most"
    )


class RollEmpty(Guard):
    text = (
        "项目 {project} 的业主名册没有可表决的房屋,请先登记房屋与业主"
        " / No room of project {project} has a voice; register rooms and owners first"
    )


class NotRepeatable(Guard):
    text = (
        "表决 {vote} 未被否决或撤销、不属同一项目和事项,或已重新发起"
        " / Vote {vote} has not failed or been set aside, is of another project or matter, or is "
        "repeated already"
    )


class NotOnRoll(Refusal):
    code = "NOT_AN_OWNER"
    status = 403
    text = (
        "您不在 {vote} 的表决名册上,不能提出异议"
        " / You do not stand on the roll of {vote}, and so cannot object to its result"
    )


class NotAnOwner(Refusal):
    status = 403
    text = (
        "{room} 不在本次表决名册上,或不属于您"
        " / {room} does not stand on the roll of this vote, or is not yours"
    )


class PaperDiffers(Guard):
    text = (
        "两人对选票 {paper} 的录入不一致,请核对原件,必要时退回重录"
        " / The two have read paper {paper} differently; look at it again, and reject the entry if "
        "it is wrong"
    )


class PaperEntered(Refusal):
    status = 409
    text = "选票 {paper} 已录入为 {other} / Paper {paper} is entered already, as {other}"


class ReturnedLate(Guard):
    text = (
        "计票期间录入的选票须写明收回日期,且不晚于截止日 {day}"
        " / A paper that is entered after the close says on which day it was returned, by {day}"
    )


class ObjectedAlready(Refusal):
    status = 409
    text = "您对该结果已提出异议 {other},尚未答复 / Your objection {other} waits for its answer"


class PapersOpen(Guard):
    text = "尚有 {papers} 张纸质选票待复核 / {papers} papers wait for their second officer"


class AreaTooFine(Guard):
    text = (
        "面积 {area} 须大于零且至多两位小数"
        " / An area has two decimals at most and is not zero: {area}"
    )


class OwnersMissing(Guard):
    text = (
        "已售房屋须登记业主,未售出或未交付的不登记业主"
        " / A room that is sold has owners; one that is still the developer's has none"
    )


class RoomTaken(Refusal):
    status = 409
    text = "该房屋已登记为 {room},内容不同 / The room is registered as {room}, with other content"


class DayToCome(Guard):
    text = (
        "日期 {day} 尚未到来,或早于现业主取得之日"
        " / {day} has not come yet, or lies before the day from which the present owners have it"
    )


class BodyRules(Guard):
    text = (
        "居委会为 5 至 9 人、主任 1 名,任期 3 至 5 年;党支部不超过 7 人、书记 1 名,任期 2 至 5 年;"
        "一人一职,变更日期须在任期内"
        " / A residents' committee has 5 to 9 members, one director, and 3 to 5 years; a party "
        "branch has at most 7, one secretary, and 2 to 5 years; each has one post, and a change "
        "lies within the term"
    )


class BasisRequired(Guard):
    text = (
        "整改单须写明事实和依据(合同条款、标准或法律)"
        " / An order states its facts and its basis (contract clause, standard or law)"
    )


class SeverityNotAllowed(Guard):
    denial = True
    text = (
        "角色 {role} 不能签发 {severity} 级整改单"
        " / The role {role} may not issue orders of severity {severity}"
    )


class OnSiteRequired(Guard):
    text = "S1 级整改须现场核验 / An S1 order is passed only after a check on the site"


class ComplainantMayNotCheck(Guard):
    denial = True
    text = "投诉人不能作为该整改单的核验人 / The complainant may not check this order"


class DueInPast(Guard):
    text = "期限 {due} 已过 / The date {due} has passed"


class DueNotLater(DueInPast):
    text = (
        "新期限 {due} 须晚于现期限 {present}"
        " / The new date {due} must lie behind the present one, {present}"
    )


class DueTooFar(DueInPast):
    text = "期限 {due} 过远,最晚为 {latest} / {due} is too far ahead; the latest is {latest}"


class DueMissing(Guard):
    text = "请写明完成期限 / Say until when it is to be done"


class MeetingRecorded(Refusal):
    status = 409
    text = "该次会议已登记为 {meeting_id} / This meeting is recorded as {meeting_id}"


class DisclosureScheduled(Refusal):
    """The same paper stands on the project's list for the same day."""

    status = 409
    text = (
        "该项公示已安排为 {disclosure_id}"
        " / This disclosure is scheduled already, as {disclosure_id}"
    )


class CorrectedTooOften(Guard):
    text = (
        "该项公示已更正 {most} 次,不能再更正,请另行安排公示"
        " / This disclosure was put right {most} times already; have another one scheduled"
    )


class TaskOfForum(Guard):
    text = (
        "该工单来自协商决议任务 {task},请在议站延期、取消或改派"
        " / This work order is task {task} of a resolution; the forum extends, cancels or "
        "reassigns it"
    )


class ExtensionsUsed(Guard):
    text = (
        "社区延期最多 {most} 次,其后由街道办理"
        " / The community extends it {most} times at most; then the street does"
    )


class NotExtensible(Guard):
    text = (
        "S1 级整改单不予延期,其他整改单只能延期一次"
        " / An S1 order is not extended, and any other only once"
    )


class CompanyDiffers(Refusal):
    status = 409
    text = (
        "企业 {id} 已登记且内容不同:{what}"
        " / The company {id} is registered with other content: {what}"
    )


class ProjectDiffers(Refusal):
    status = 409
    text = (
        "项目 {id} 已登记且内容不同:{what}"
        " / The project {id} is registered with other content: {what}"
    )


class HistoryDiffers(Refusal):
    status = 409
    text = (
        "项目 {project} 在 {period} 的历史数据已存在且内容不同"
        " / Project {project} has other counts for {period} already"
    )


class EndsBeforeStart(Guard):
    text = "结束时间须晚于开始时间 / It has to end after it begins"


class IncidentTooLong(Guard):
    text = "一次通告最长 {days} 天 / One announcement lasts at most {days} days"


class BeganTooLongAgo(Guard):
    text = "开始时间不得早于 {days} 天前 / It may have begun at most {days} days ago"


class EndIsPast(Guard):
    text = (
        "预计结束时间已过,请填写下次通报时间"
        " / The expected end has passed; say when more will be known"
    )


class EndedInFuture(Guard):
    text = "恢复时间不得晚于现在 / It cannot be over later than now"


class NotYourBuildings(Guard):
    text = "楼栋 {building} 不属于项目 {project} / Building {building} is none of project {project}"


class UpdatedTooOften(Guard):
    text = "一条通告最多更新 {most} 次 / An announcement is updated at most {most} times"


class GridsNeeded(Guard):
    text = "请填写受影响的网格 / Say which grids are affected"


class WindowIncomplete(Guard):
    text = "请填写所问的{window} / Say which one is meant: {window}"
    names = ("window",)


class UntilOutsideWindow(Guard):
    text = "截止日 {until} 不在所问季度或月份内 / {until} lies outside the quarter or month"


class NothingToRead(Guard):
    text = (
        "请填写公示内容:文字、收支明细、附件或文件摘要"
        " / Say what everybody is to read: text, figures, files, or the digest of a paper"
    )


class DaysNotAllowed(Guard):
    text = "请填写 1 至 {most} 天的区间 / Ask for one to {most} days"


class OfTheChain(Refusal):
    code = "ROLE_DENIED"
    status = 403
    text = (
        "您参与过此事的签发、核验或认定,须由其他人复核;可由 {substitute} 办理"
        " / You issued, checked or decided it; somebody else looks at it again: {substitute}"
    )


class VisitIncomplete(Guard):
    text = (
        "回访须填写是否满意,未回访则不填"
        " / Say whether who was asked is content, and only where somebody was asked"
    )


class ProblemElsewhere(Guard):
    text = (
        "部位“{place}”没有“{problem}”这一问题,见 GET /v1/property/complaint-kinds"
        " / {problem} is no problem of {place}; see GET /v1/property/complaint-kinds"
    )


class RoomElsewhere(Guard):
    text = "房屋 {room} 不在该小区 / Room {room} is of another compound"
