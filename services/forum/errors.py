"""Why the forum refuses."""

from __future__ import annotations

from fivered.chassis.refusal import CALLER_GONE, CALLER_MERGED, Guard, NotFound, Refusal


class IdTaken(Refusal):
    status = 409
    text = "编号 {id} 已用于其他内容 / The id {id} stands for something else"


class StandsAs(Refusal):
    """A line of a file gives an id of its own to what stands under another one."""

    status = 409
    text = "同一登记已以编号 {id} 存在 / This is registered already, under the id {id}"


class MandateHeld(Refusal):
    status = 409
    text = (
        "该人员已以编号 {id} 登记为同类同级代表;选区或任期有变的,请先结束原任期"
        " / The person is registered as this kind of deputy already, under the id {id}; where the "
        "streets or the term are others, end that term first"
    )


class NotHeardOf(NotFound):
    """There is none, or the fact of it is still on its way."""


class TierRule(Guard):
    text = (
        "{tier} 只能联系 {allowed},不能联系 {target_kind}"
        " / {tier} answers for {allowed} only, not for {target_kind}"
    )


class AreaMismatch(Guard):
    text = "区划代码 {area} 与 {kind} 不符 / The area code {area} does not fit {kind}"


class TermOver(Guard):
    """The period ends before it begins, or lies in the past."""

    text = "起止时间不正确 / The period is not possible"


class UnderAge(Guard):
    """Only adults propose, are drawn, sign, object, watch and vote."""

    text = "未满 18 周岁,不能参加 / Only adults take part"


class NotRegistered(Guard):
    text = (
        "{person_id} 不在居民登记中(未登记、已迁出或已注销)"
        " / {person_id} is not in the register of residents (never registered, moved out or "
        "deactivated)"
    )


class CallerUnregistered(NotRegistered):
    text = (
        "您不在居民登记中(未登记、已迁出或已注销);刚登记的,请稍后再试"
        " / You are not in the register of residents (never registered, moved out or deactivated); "
        "if the registration is new, try again in a moment"
    )


class CallerGone(NotRegistered):
    text = CALLER_GONE
    of_caller = True


class CallerMerged(CallerGone):
    text = CALLER_MERGED


class UnknownExpert(Guard):
    text = (
        "{person_id} 未在任何登记中(居民、干部、代表委员、物业、合伙人),不能以专家身份受邀"
        " / No register knows {person_id} (residents, officials, deputies, property, partners): "
        "nobody could be told of an invitation as an expert"
    )


class CapacityUnproved(Guard):
    text = (
        "没有登记表明 {person_id} 可以 {capacity} 身份参加:商户、单位代表须为本地已签约合伙人的经"
        "办人,物业代表须为项目经理、在任职务人或企业代表,业委会代表须为本地项目在任委员,代表委员和干"
        "部须在任且管辖本地"
        " / Nothing on record shows that {person_id} may take part as {capacity}: who speaks for "
        "a shop or unit must be an operator of an admitted local partner; for the property its "
        "manager, a post holder or a representative of the company; for the owners a member of a "
        "committee in its term; deputies and officials must be in office here"
    )


class ReceiptRequired(Guard):
    text = (
        "代为登记须注明本人签字材料(receipt)"
        " / A person who enters it for another says where that person's signature is (receipt)"
    )


class LeftHimself(Guard):
    text = (
        "本人已自行退出随机抽选,只能由本人重新加入"
        " / Who has left the draw in person comes back only in person"
    )


class CosignersNeeded(Guard):
    text = (
        "{level}级议题需要至少 {needed} 名联署人,或由代表委员、业委会、党组织提出;"
        "可先以网格级提出并征集联署"
        " / A topic of level {level} needs at least {needed} cosigners, or a deputy, the owners' "
        "committee or a party organisation to raise it; raise it for the grid first and collect "
        "signatures"
    )


class ScopeMismatch(Guard):
    text = (
        "议题范围与层级或当事人所在区域不符:{scope}"
        " / The areas do not fit the level or the proposer: {scope}"
    )


class ResubmitTooSoon(Guard):
    text = (
        "未通过的议题须满 90 天或有新事实方可重新提出(最早 {after})"
        " / A failed topic rests for 90 days unless there are new facts (not before {after})"
    )


class AlreadySigned(Guard):
    text = "您已联署或提出该议题 / You have signed or proposed this topic"


class SignedByOthers(Guard):
    text = (
        "已有 {cosigners} 人联署,不能再修改;可撤回后重新提出"
        " / {cosigners} people have signed it, so it cannot be changed; withdraw it and raise it "
        "anew"
    )


class MergeTarget(Guard):
    """The other topic is the same one, has ended, or belongs to another community."""

    text = "不能合并到议题 {into} / The topic cannot be merged into {into}"


class AppealUsed(Guard):
    text = "街道复核只能申请一次 / Street review may be asked once"


class StepLocked(Guard):
    text = (
        "第 {step} 步“{name}”不能开始:缺少第 {missing} 步“{missing_name}”的成果"
        " / Step {step} ({name}) cannot begin: the artefact of step {missing} ({missing_name}) is "
        "missing"
    )


class NoticeTooShort(Guard):
    guard = "NOTICE_72H"
    text = (
        "会议通知须至少提前 72 小时,最早可于 {earliest} 开始"
        " / A session is announced at least 72 hours before; it may begin at {earliest} at the "
        "earliest"
    )


class OverTenWorkingDays(Guard):
    guard = "OVER_10_WD"
    text = "会议须在 {due} 之前召开 / The session must be held before {due}"


class ResidentMajority(Guard):
    text = (
        "居民方 {residents} 人,未超过有表决权受邀者 {voting} 人的一半"
        " / {residents} of the {voting} voting invitees are residents; they must be more than half"
    )


class DeputyRequired(Guard):
    text = (
        "{level}级协商须邀请至少 {needed} 名(至少 {kinds} 类)“两代表一委员”,现有 {found} 名"
        " / A session of level {level} needs at least {needed} deputies of {kinds} kinds; there "
        "are {found}"
    )


class LiaisonMissing(Guard):
    """Nobody is linked where the rule asks for an official."""

    text = "{target} 没有 {tier} 包保联系人,不能按规则邀请 / {target} has no {tier} to invite"


class PersonTwice(Guard):
    text = "同一人不能以两种身份受邀:{person_id} / {person_id} cannot be invited in two capacities"


class SeatsOutOfRange(Guard):
    guard = "SEATS_RANGE"
    text = "居民代表名额须在 3 至 60 之间 / There may be 3 to 60 resident seats"


class NotHost(Guard):
    denial = True
    text = "只有主持人可以执行此操作 / Only the host may do this"


class OfOffice(Guard):
    text = (
        "干部和代表委员按规则受邀,不能撤回邀请"
        " / Officials and deputies are invited by rule and are not uninvited"
    )


class TooEarly(Guard):
    """A session opens at the earliest 15 minutes before its start."""

    text = "会议最早可于 {earliest} 开始 / The session may open at {earliest} at the earliest"


class DayOver(Guard):
    """A session is held on the day for which people were invited."""

    text = (
        "会议定于 {day} 召开,当日已过,须改期并重新通知"
        " / The session was announced for {day}, which is over; move it, with a new notice"
    )


class NotInvited(Guard):
    text = "{person_id} 未受邀参加本次会议 / {person_id} was not invited to this session"


class InvitationOver(NotInvited):
    guard = "NOT_INVITED"
    text = (
        "{person_id} 的邀请已撤回或失效(已迁出、离任或不再代表该单位)"
        " / The invitation of {person_id} was withdrawn or has lapsed: the person has moved "
        "away, left office, or no longer speaks for the side that was invited"
    )


class AnswerTooLate(Guard):
    text = (
        "会议已开始或已结束,不能再答复 / The session has begun or ended; it is too late to answer"
    )


class NoDelegate(Guard):
    text = (
        "只有按职务受邀的干部可以另派代表;您不能到会的,请答复“不到会”(NO)"
        " / Only officials, who come by office, send somebody else; if you cannot come, answer NO"
    )


class DelegateRequired(Guard):
    text = (
        "干部不能出席时须指定同级代表 / An official who cannot come names a delegate of the "
        "same tier"
    )


class DelegateTier(Guard):
    text = (
        "代表 {delegate} 不是同级在任干部,或已受邀"
        " / {delegate} is no official of the same tier, or is invited already"
    )


class NotPresent(Guard):
    text = "您未签到,不能表决 / You are not recorded as present and cannot vote"


class NotVoting(Guard):
    denial = True
    text = "以 {capacity} 身份参会,可发言但无表决权 / As {capacity} you may speak but not vote"


class AlreadyVoted(Guard):
    """One person, one vote; it is changed only by who asks for a change."""

    text = (
        "您已表决;结束表决前确需更改的,请以 change=true 再次提交"
        " / You have voted; to change it before the close, send it again with change=true"
    )


class VotesUnreadable(Guard):
    text = (
        "有 {votes} 张票因密钥更换或数据恢复无法开启,请相关人员重新表决或休会"
        " / {votes} votes cannot be opened since the key was changed or a backup was restored; "
        "those people vote again, or the session is adjourned"
    )


class NoQuorum(Guard):
    """Fewer than two thirds of those invited to vote are present."""

    text = (
        "到会有表决权 {present} 人,少于法定 {needed} 人"
        " / {present} voters are present; {needed} are needed"
    )


class ResidentShare(Guard):
    text = (
        "到会居民方 {present} 人,少于法定 {needed} 人"
        " / {present} residents are present; {needed} are needed"
    )


class AdjournLimit(Guard):
    text = (
        "议题已休会 {times} 次,不能再次休会;仍达不到法定人数的,结束表决即为未通过"
        " / The topic was adjourned {times} times and cannot be adjourned again; closing the vote "
        "without quorum ends it as failed"
    )


class NoticeOver(Guard):
    """Objections are raised while the notice stands."""

    text = "公示已于 {ends_at} 结束 / The notice ended at {ends_at}"


class AlreadyObjected(Guard):
    text = "您已对该意见提出异议 / You have objected to this opinion"


class NoOpenObjection(Guard):
    text = "没有待处理的异议 / There is no open objection"


class SamePerson(Guard):
    denial = True
    text = (
        "须由两人分别决定,您已作出另一方的决定"
        " / Two persons must decide; you have decided for the other side"
    )


class StreetDecided(Guard):
    text = (
        "街道复核已认定该理由不成立,不得以同一理由再次不予采纳"
        " / The street has found that this reason does not hold; the topic is not rejected for it "
        "again"
    )


class OwnObjection(SamePerson):
    guard = "SAME_PERSON"
    text = (
        "这是您本人提出的异议,应当回避,由同级其他人员或上一级处理"
        " / It is your own objection, so you must step back; somebody else of your level, or the "
        "one above, decides"
    )


class OwnAttendance(SamePerson):
    guard = "SAME_PERSON"
    text = (
        "本人的签到须由其他工作人员登记或更正"
        " / Whether you were there is recorded and corrected by somebody else"
    )


class ReasonsRequired(Guard):
    """A decision that somebody may contest needs written reasons."""

    text = "须写明理由(至少 {least} 字) / Reasons of at least {least} characters are needed"


class OwnersVoteRequired(Guard):
    """Owners' matters are decided by the owners' assembly (Civil Code art. 278)."""

    text = (
        "该事项属业主共同决定事项(民法典第 278 条),业主大会表决通过前不能落实"
        " / This is decided by the owners (Civil Code art. 278); it cannot be carried out before "
        "their assembly has adopted it"
    )


class NoOwnersVote(Guard):
    guard = "OWNERS_VOTE_INVALID"
    text = "业主表决数据不成立:{reason} / The owners' vote is not valid: {reason}"


class TasksNeeded(Guard):
    """A resolution that nobody carries out is none."""

    text = "至少需要一项落实任务 / At least one task is needed"


class PlanDiffers(Guard):
    """What is carried out is what was published, or it is said why it is not."""

    text = (
        "下达的任务与公示意见的安排({planned})不一致,须填写理由(reason)"
        " / The tasks are not those of the published opinion ({planned}): say why, in “reason”"
    )


class SupervisorRequired(Guard):
    text = (
        "任务“{title}”须有至少一名居民监督员"
        " / The task {title} needs a supervisor who is a resident"
    )


class ResponsibleUnknown(Guard):
    text = (
        "责任方 {responsible_id} 不存在、不在本社区或已终止服务"
        " / {responsible_id} does not exist, is not of this street, or serves no longer"
    )


class DueOutOfRange(Guard):
    guard = "DUE_RANGE"
    text = "任务期限须在今天之后、{days} 天之内 / A task is due after today and within {days} days"


class DueNotLater(DueOutOfRange):
    """A task is put off, never brought forward."""

    text = (
        "新期限 {due} 须晚于现期限 {present}"
        " / The new term {due} must be later than the present one, {present}"
    )


class ConflictOfInterest(Guard):
    status = 403
    text = (
        "您在责任项目 {project_id} 任职,须回避;可由{who}代为验收"
        " / You hold a post in the responsible project {project_id} and must stand aside; "
        "{who} may act instead"
    )


class SupervisorBound(ConflictOfInterest):
    """Nobody watches the work of a side that their own household serves."""

    guard = "CONFLICT_OF_INTEREST"
    text = (
        "{people} 在责任方 {responsible_id} 任职,或与其任职人员同户,不能担任监督员,请另选"
        " / {people} serves {responsible_id}, or lives with who does, and does not watch its work; "
        "name somebody else"
    )


class OwnSupervisor(ConflictOfInterest):
    """Who appoints supervisors is none of them: each is paid for watching."""

    guard = "CONFLICT_OF_INTEREST"
    text = (
        "不能指定您本人或您的家庭成员为监督员;确需由其监督的,由同级其他人员或上一级指定"
        " / You do not appoint yourself, or who lives with you, as a supervisor; somebody else of "
        "your level, or the one above, may"
    )


class OwnWork(Guard):
    """Who does the work does not judge it, nor gives more time for it."""

    guard = "CONFLICT_OF_INTEREST"
    status = 403
    text = (
        "您承办、报告或交付了该任务,须回避;可由{who}代为办理"
        " / You do, reported or delivered this work and must step back; {who} can act for you"
    )


class OwnMatter(Guard):
    guard = "CONFLICT_OF_INTEREST"
    status = 403
    text = (
        "该件由您本人或您的家庭成员提出,或与您有关,须回避;可由同级其他人员或上一级办理"
        " / It is yours, your household's or about you, so you must step back; somebody else of "
        "your level, or the one above, sees to it"
    )


class TakesPart(Guard):
    """Who speaks for a matter, or votes on it, does not lead the talk about it."""

    guard = "CONFLICT_OF_INTEREST"
    status = 403
    text = (
        "议题由主持人或其家庭成员提出,或主持人在会上有表决权,须回避;可由{who}主持"
        " / The host has raised a topic, lives with who has, or votes in this session, and must "
        "step back; {who} can lead it"
    )


class ExtensionsUsed(Guard):
    text = (
        "社区已延期 {times} 次,再次延期须由街道决定"
        " / The community has extended it {times} times; the street decides on more"
    )


class NotSupervisor(Guard):
    denial = True
    text = "您不是该任务的监督员 / You are not a supervisor of this task"


class EvidenceRequired(Guard):
    text = "须附完成证据 / Evidence is needed"


class ProjectDelivers(Guard):
    text = (
        "该任务由物业项目 {project_id} 在红色物业中交付"
        " / This task is delivered by the project {project_id} in the property service"
    )


class AlreadyAccepted(Guard):
    text = "本方已验收,等待另一方 / Your side has accepted; the other side has not yet"


class NotParticipant(Guard):
    """The poll is for those who took part."""

    denial = True
    text = "只有参与者可以评价 / Only those who took part may rate"


class PollOver(Guard):
    """The poll stands for seven days after the close."""

    text = "评价期已于 {until} 结束 / The poll ended at {until}"


class AlreadyRated(Guard):
    text = "您已评价 / You have rated"
