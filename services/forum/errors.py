"""Why the forum refuses. Each text is the msgid of locale/en.po."""

from __future__ import annotations

from chassis.refusal import Guard, Refusal


class IdTaken(Refusal):
    """The id chosen by the caller stands for something else already."""

    code = "ID_TAKEN"
    status = 409
    text = "编号 {id} 已用于其他内容"


class TierRule(Guard):
    """An official may only be linked to targets of his own tier."""

    guard = "TIER_RULE"
    text = "{tier} 只能联系 {allowed},不能联系 {target_kind}"


class AreaMismatch(Guard):
    """The area code has not the length that the tier or the target needs, or lies elsewhere."""

    guard = "AREA_MISMATCH"
    text = "区划代码 {area} 与 {kind} 不符"


class TermOver(Guard):
    """The period ends before it begins, or lies in the past."""

    guard = "TERM_OVER"
    text = "起止时间不正确"


class UnderAge(Guard):
    """Only adults propose, are drawn, sign, object, watch and vote."""

    guard = "UNDER_AGE"
    text = "未满 18 周岁,不能参加"


class NotRegistered(Guard):
    """The registry does not know the person as a resident."""

    guard = "NOT_REGISTERED"
    text = "{person_id} 不在居民登记中(未登记、已迁出或已注销)"


class CapacityUnproved(Guard):
    """Nobody takes part as what he is only said to be."""

    guard = "CAPACITY_UNPROVED"
    text = (
        "没有登记表明 {person_id} 可以 {capacity} 身份参加:"
        "商户、单位代表须为本地已签约合伙人的经办人,物业代表须为项目经理、在任职务人或企业代表,代表委员和干部须在任且管辖本地"
    )


class ReceiptRequired(Guard):
    """Nobody is entered for the draw without his own signature."""

    guard = "RECEIPT_REQUIRED"
    text = "代为登记须注明本人签字材料(receipt)"


class LeftHimself(Guard):
    """Who has left the draw himself comes back only himself."""

    guard = "LEFT_HIMSELF"
    text = "本人已自行退出随机抽选,只能由本人重新加入"


class CosignersNeeded(Guard):
    """A topic of the community or the street needs cosigners or a sponsor."""

    guard = "COSIGNERS_NEEDED"
    text = (
        "{level} 级议题需要至少 {needed} 名联署人,或由代表委员、业委会、党组织提出;"
        "可先以网格级提出并征集联署"
    )


class ScopeMismatch(Guard):
    """The affected areas do not fit the level, are unknown, or are not the proposer's."""

    guard = "SCOPE_MISMATCH"
    text = "议题范围与层级或当事人所在区域不符:{scope}"


class ResubmitTooSoon(Guard):
    """A failed topic rests for 90 days unless there are new facts."""

    guard = "RESUBMIT_TOO_SOON"
    text = "未通过的议题须满 90 天或有新事实方可重新提出(最早 {after})"


class AlreadySigned(Guard):
    """One signature per person; the proposer has signed by proposing."""

    guard = "ALREADY_SIGNED"
    text = "您已联署或提出该议题"


class SignedByOthers(Guard):
    """Others have signed what the text says; it does not change under their names."""

    guard = "SIGNED_BY_OTHERS"
    text = "已有 {cosigners} 人联署,不能再修改;可撤回后重新提出"


class MergeTarget(Guard):
    """The other topic is the same one, has ended, or belongs to another community."""

    guard = "MERGE_TARGET"
    text = "不能合并到议题 {into}"


class AppealUsed(Guard):
    """Street review of a rejection may be asked once."""

    guard = "APPEAL_USED"
    text = "街道复核只能申请一次"


class StepLocked(Guard):
    """A step of 135 cannot open before the artefact of the step before it exists."""

    guard = "STEP_LOCKED"
    text = "第 {step} 步“{name}”不能开始:缺少第 {missing} 步“{missing_name}”的成果"


class NoticeTooShort(Guard):
    """Invitations go out at least 72 hours before the session."""

    guard = "NOTICE_72H"
    text = "会议通知须至少提前 72 小时,最早可于 {earliest} 开始"


class OverTenWorkingDays(Guard):
    """The session must be held within 10 working days."""

    guard = "OVER_10_WD"
    text = "会议须在 {due} 之前召开"


class ResidentMajority(Guard):
    """Residents and owners must be more than half of those invited to vote."""

    guard = "RESIDENT_MAJORITY"
    text = "居民方 {residents} 人,未超过有表决权受邀者 {voting} 人的一半"


class DeputyRequired(Guard):
    """A session of this level needs deputies of the street."""

    guard = "DEPUTY_REQUIRED"
    text = "{level} 级协商须邀请至少 {needed} 名(至少 {kinds} 类)“两代表一委员”,现有 {found} 名"


class LiaisonMissing(Guard):
    """Nobody is linked where the rule asks for an official."""

    guard = "LIAISON_MISSING"
    text = "{target} 没有 {tier} 包保联系人,不能按规则邀请"


class PersonTwice(Guard):
    """One person has one invitation to a session."""

    guard = "PERSON_TWICE"
    text = "同一人不能以两种身份受邀:{person_id}"


class SeatsOutOfRange(Guard):
    """The number of resident seats is out of range."""

    guard = "SEATS_RANGE"
    text = "居民代表名额须在 3 至 60 之间"


class NotHost(Guard):
    """Only the host leads the session."""

    guard = "NOT_HOST"
    text = "只有主持人可以执行此操作"


class OfOffice(Guard):
    """Who comes by office, or as a deputy whom the rule asks for, is not uninvited."""

    guard = "OF_OFFICE"
    text = "干部和代表委员按规则受邀,不能撤回邀请"


class TooEarly(Guard):
    """A session opens at the earliest 15 minutes before its start."""

    guard = "TOO_EARLY"
    text = "会议最早可于 {earliest} 开始"


class NotInvited(Guard):
    """Attendance is recorded of those invited."""

    guard = "NOT_INVITED"
    text = "{person_id} 未受邀参加本次会议"


class AnswerTooLate(Guard):
    """An invitation is answered before the session begins."""

    guard = "ANSWER_TOO_LATE"
    text = "会议已开始或已结束,不能再答复"


class DelegateRequired(Guard):
    """An official who cannot come names a delegate of his tier."""

    guard = "DELEGATE_REQUIRED"
    text = "干部不能出席时须指定同级代表"


class DelegateTier(Guard):
    """The delegate is no official of the same tier, or is invited already."""

    guard = "DELEGATE_TIER"
    text = "代表 {delegate} 不是同级在任干部,或已受邀"


class NotPresent(Guard):
    """Only who is present votes."""

    guard = "NOT_PRESENT"
    text = "您未签到,不能表决"


class NotVoting(Guard):
    """Deputies, officials and experts speak but do not vote."""

    guard = "NOT_VOTING"
    text = "以 {capacity} 身份参会,可发言但无表决权"


class AlreadyVoted(Guard):
    """One person, one vote; it is changed only by who says that he means to."""

    guard = "ALREADY_VOTED"
    text = "您已表决;结束表决前确需更改的,请以 change=true 再次提交"


class VotesUnreadable(Guard):
    """The key under which votes were sealed is another one now."""

    guard = "VOTES_UNREADABLE"
    text = "有 {votes} 张票因密钥更换无法开启,请相关人员重新表决或休会"


class NoQuorum(Guard):
    """Fewer than two thirds of those invited to vote are present."""

    guard = "NO_QUORUM"
    text = "到会有表决权 {present} 人,少于法定 {needed} 人"


class ResidentShare(Guard):
    """Residents are fewer than half of the voters present."""

    guard = "RESIDENT_SHARE"
    text = "到会居民方 {present} 人,少于法定 {needed} 人"


class AdjournLimit(Guard):
    """A topic is adjourned at most twice."""

    guard = "ADJOURN_LIMIT"
    text = "议题已休会 {times} 次,不能再次休会;仍达不到法定人数的,结束表决即为未通过"


class NoticeOver(Guard):
    """Objections are raised while the notice stands."""

    guard = "NOTICE_OVER"
    text = "公示已于 {ends_at} 结束"


class AlreadyObjected(Guard):
    """One objection per person."""

    guard = "ALREADY_OBJECTED"
    text = "您已对该意见提出异议"


class NoOpenObjection(Guard):
    """There is nothing to decide."""

    guard = "NO_OPEN_OBJECTION"
    text = "没有待处理的异议"


class SamePerson(Guard):
    """Two decisions that must come from two persons come from one."""

    guard = "SAME_PERSON"
    text = "须由两人分别决定,您已作出另一方的决定"


class ReasonsRequired(Guard):
    """A decision that somebody may contest needs written reasons."""

    guard = "REASONS_REQUIRED"
    text = "须写明理由(至少 {least} 字)"


class OwnersVoteRequired(Guard):
    """Owners' matters are decided by the owners' assembly (Civil Code art. 278)."""

    guard = "OWNERS_VOTE_REQUIRED"
    text = "该事项属业主共同决定事项(民法典第 278 条),业主大会表决通过前不能落实"


class NoOwnersVote(Guard):
    """The topic needs no owners' vote, or its result does not add up."""

    guard = "OWNERS_VOTE_INVALID"
    text = "业主表决数据不成立:{reason}"


class TasksNeeded(Guard):
    """A resolution that nobody carries out is none."""

    guard = "TASKS_NEEDED"
    text = "至少需要一项落实任务"


class SupervisorRequired(Guard):
    """Every task has a supervisor who is a resident."""

    guard = "SUPERVISOR_REQUIRED"
    text = "任务“{title}”须有至少一名居民监督员"


class ResponsibleUnknown(Guard):
    """The responsible project is unknown or lies elsewhere."""

    guard = "RESPONSIBLE_UNKNOWN"
    text = "责任方 {responsible_id} 不存在或不在本社区"


class DueOutOfRange(Guard):
    """A task is due after today and within the longest time."""

    guard = "DUE_RANGE"
    text = "任务期限须在今天之后、{days} 天之内"


class DueNotLater(DueOutOfRange):
    """A task is put off, never brought forward."""

    text = "新期限 {due} 须晚于现期限 {present}"


class ConflictOfInterest(Guard):
    """Who holds a post in the responsible project does not judge its work."""

    guard = "CONFLICT_OF_INTEREST"
    status = 403
    text = "您在责任项目 {project_id} 任职,须回避;可由 {substitutes} 代为验收"


class OwnWork(Guard):
    """Who does the work does not judge it, nor gives himself more time for it."""

    guard = "CONFLICT_OF_INTEREST"
    status = 403
    text = "您承办、报告或交付了该任务,须回避;可由 {substitutes} 代为办理"


class OwnMatter(Guard):
    """Nobody sees to what he or his household reported, or what is against himself."""

    guard = "CONFLICT_OF_INTEREST"
    status = 403
    text = "该件由您本人或您的家庭成员提出,或与您有关,须回避;可由同级其他人员或上一级办理"


class ExtensionsUsed(Guard):
    """The community extends a term twice; after that the street decides."""

    guard = "EXTENSIONS_USED"
    text = "社区已延期 {times} 次,再次延期须由街道决定"


class NotSupervisor(Guard):
    """Only an appointed supervisor supervises."""

    guard = "NOT_SUPERVISOR"
    text = "您不是该任务的监督员"


class EvidenceRequired(Guard):
    """Nothing is delivered or accepted without evidence."""

    guard = "EVIDENCE_REQUIRED"
    text = "须附完成证据"


class ProjectDelivers(Guard):
    """The work of a property project is delivered there and heard here."""

    guard = "PROJECT_DELIVERS"
    text = "该任务由物业项目 {project_id} 在红色物业中交付"


class AlreadyAccepted(Guard):
    """This side has accepted already."""

    guard = "ALREADY_ACCEPTED"
    text = "本方已验收,等待另一方"


class NotParticipant(Guard):
    """The poll is for those who took part."""

    guard = "NOT_PARTICIPANT"
    text = "只有参与者可以评价"


class PollOver(Guard):
    """The poll stands for seven days after the close."""

    guard = "POLL_OVER"
    text = "评价期已于 {until} 结束"


class AlreadyRated(Guard):
    """One rating per person."""

    guard = "ALREADY_RATED"
    text = "您已评价"
