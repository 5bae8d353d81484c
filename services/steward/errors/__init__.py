"""Refusals of the steward service."""

from __future__ import annotations

from typing import Any

from fivered.chassis.refusal import CALLER_GONE, CALLER_MERGED, Guard, Refusal, RoleDenied


class UnknownParent(Guard):
    text = "上级区域 {parent} 不存在 / The area above, {parent}, does not exist"


class BadAreaCode(Guard):
    text = "区域代码 {code} 不符合“{kind}”的编码规则 / The code {code} is no code of a {kind} here"
    names = ("kind",)


class NotAdministered(Guard):
    text = "{code} 不由任城区管理 / {code} is not administered by Rencheng District"


class AreaDiffers(Refusal):
    code = "AREA_EXISTS"
    status = 409
    text = "区域 {code} 已存在,内容不同 / The area {code} exists with another content"


class UnknownGrid(Guard):
    text = "网格 {grid} 不存在 / There is no grid {grid}"


class GridNeeded(Guard):
    text = "该居民须写明回迁后的网格 / Say into which grid the resident comes back"


class BadName(Guard):
    text = (
        "姓名应为 2–20 个汉字或间隔号 / A name has 2 to 20 Chinese characters or the separating dot"
    )


class BadInitials(Guard):
    text = (
        "姓名首字母应为 2–20 个拉丁字母,如 wxl / The initials of a name are 2 to 20 Latin letters, "
        "as wxl"
    )


class CommunitySearches(RoleDenied):
    code = RoleDenied.code
    text = (
        "按姓名首字母、住处查找由社区和网格工作人员办理;角色“{role}”请用完整姓名、号码或户编号查找"
        " / Officials of the community and its grids search by initials or dwelling; the role "
        "{role} searches by the whole name, a number or the household"
    )


class BuildingNeeded(Guard):
    text = "填写单元或房号时须填写楼栋 / A unit or room is named together with its building"


class BadIdNumber(Guard):
    text = "居民身份证号码校验不通过 / The identity number is not valid"


class BadPhone(Guard):
    text = "手机号码格式不正确 / The phone number is not valid"


class BadWorkPhone(BadPhone):
    text = (
        "工作电话应为手机、固定电话(区号以 0 开头,可带分机)、400/800 号码或服务热线"
        " / A work phone is a mobile number, a fixed line (its area code begins with 0; an "
        "extension may follow), a 400/800 number or a service line"
    )


class SyntheticNotAllowed(Guard):
    text = "本系统不接受合成人员数据 / This installation takes no synthetic people"


class SyntheticMark(Guard):
    text = (
        "合成人员必须使用 128 号段与 370899 区划,真实人员不得使用"
        " / Synthetic people bear phones 128... and identity numbers 370899..., and nobody else "
        "does"
    )


class BadId(Guard):
    """A client-chosen id does not have the form that is asked."""

    text = "编号 {id} 格式不正确,应为 {prefix}_ 加 UUID / The id {id} must be {prefix}_ and a UUID"


class IdTaken(Refusal):
    """The client-chosen id names something else already."""

    status = 409
    text = "编号 {id} 已存在,内容不同 / The id {id} exists with another content"


class PersonExists(Refusal):
    status = 409
    text = "该身份证号码已登记{who} / The identity number belongs to a registered person{who}"


class PhoneTaken(Refusal):
    status = 409
    text = (
        "该手机号码已登记{who};同一户的成员可以共用"
        " / The phone belongs to a registered person{who}; members of one household may share it"
    )


class NumberElsewhere(PersonExists):
    """To an intake of another area: neither who it is, nor where, nor in which state."""

    denial = True
    text = (
        "该身份证号码已登记,但不在本辖区;确为本辖区居民的,请报街道或区核对后迁入"
        " / The identity number is registered, not in this area. If the person lives here, ask the "
        "street or the district, which look and record the move"
    )


class PhoneElsewhere(PhoneTaken):
    """To an intake of another area: neither whose it is, nor where."""

    denial = True
    text = (
        "该手机号码已登记,但不在本辖区;请向本人核对号码,或报街道、区核对"
        " / The phone is registered, not in this area. Ask the person whether it is right, or the "
        "street or the district to look"
    )


class NumbersElsewhere(Refusal):
    """Somebody meets more people of other areas in a day than registering one's own takes."""

    code = "RATE_LIMIT"
    status = 429
    text = (
        "今天已有 {limit} 人的号码登记在别处,{again} 起可再登记或更正带号码的人员"
        " / The numbers of {limit} people were registered elsewhere today; numbers are taken again "
        "from {again}"
    )


class PersonGone(Refusal):
    status = 409
    text = (
        "该人员已登记为“{state}”{who},请办理回迁"
        " / The person is registered as {state}{who}; please record the return"
    )
    text_dead = (
        "该人员已登记为“{state}”{who};如属误登,请由社区干部更正"
        " / The person is registered as {state}{who}; if that is a mistake, a cadre of the "
        "community corrects it"
    )
    names = ("state",)

    def __init__(self, *, field: str = "", **params: Any) -> None:
        if params["state"] == "DECEASED":
            self.text = self.text_dead  # type: ignore[misc]
        super().__init__(field=field, **params)


class PersonMergedAway(Refusal):
    code = "PERSON_MERGED"
    status = 409
    text = "人员 {id} 已并入{who} / The registration {id} was merged into{who}"


class TwoNumbers(Guard):
    guard = "TWO_ID_NUMBERS"
    text = (
        "两人身份证号码不同,不能合并;如有误请先更正"
        " / The two have different identity numbers and are not merged; correct one first if it "
        "is wrong"
    )


class TwoPosts(Guard):
    text = (
        "两人任同一岗位,请先办理管家 {steward_id} 离任"
        " / Both hold the same duty; let the steward {steward_id} leave first"
    )


class RecorderConfirms(Guard):
    denial = True
    text = (
        "登记或提出的人及其同户人员不能确认,须由他人办理"
        " / A person who recorded or proposed it, or lives with them, does not confirm it; "
        "somebody else does"
    )


class ConfirmerRaises(Guard):
    denial = True
    text = (
        "已确认时长的人及其同户人员不能调增,须由他人更正"
        " / A person who confirmed the hours, or lives with them, does not make them more; "
        "somebody else does"
    )


class NumberTellsBirth(Guard):
    text = (
        "出生年份以身份证号码为准,请更正号码"
        " / The identity number tells the year of birth; correct the number"
    )


class BirthAhead(Guard):
    text = "出生年份不能晚于今年 / The year of birth lies in the future"


class HouseholdElsewhere(Guard):
    text = "该户不在本社区 / The household is not in this community"


class StillSteward(Guard):
    text = (
        "该人员仍是红色管家 {steward_id},请先办理离任"
        " / The person is still the steward {steward_id}, who has to leave first"
    )


class NotResident(Guard):
    text = (
        "该人员没有所属网格;来此居住的,请办理回迁登记"
        " / The person lives in no grid; who comes to live here is registered by `return`"
    )


class TypeDutyMismatch(Guard):
    """FULL_TIME belongs to the three duties that sit in the compound, PART_TIME to the others."""

    text = "岗位“{duty}”与管家类型“{type}”不符 / The duty {duty} does not go with {type}"
    names = ("duty", "type")


class BoardConsentNeeded(Guard):
    text = (
        "公示姓名须由本人同意:请本人确认,或由其所在地登记书面同意书编号"
        " / A name is shown by its bearer's consent only: the person agrees, or who is in charge "
        "of the place records the number of the written consent"
    )


class AlreadySteward(Refusal):
    status = 409
    text = "该人员已担任此岗位的红色管家 / The person holds this duty already"


class NotSpendable(Guard):
    text = "公安民警和国家公职人员的积分不可兑换 / Police and state officials do not spend points"


class BadSpan(Guard):
    """A span ends before it begins, or is longer than may be."""

    text = "起止时间不正确 / The span of time is not valid"


class MoreThanDeclared(Guard):
    text = (
        "确认时长不能多于登记的 {limit} 分钟"
        " / {limit} minutes were recorded; no more than that can be confirmed"
    )


class ShiftOverlap(Guard):
    text = "该管家在此时段已有值班 / The steward has a shift at that time already"


class PastShift(Guard):
    denial = True
    text = (
        "不能为本人或同户人员补排已过日期的值班"
        " / Nobody plans a shift of their own, or of their household, for a day that is over"
    )


class NotNow(Guard):
    text = (
        "本人签到须在值班时段内,他人登记须在开始之后"
        " / One checks in while one's shift runs; others mark it once it has begun"
    )


class MonthOver(Guard):
    text = (
        "{period} 已过月度截止,值班记录不能再改"
        " / The month {period} is measured; who sat when in it can no longer be changed"
    )


class NotMyGrid(Guard):
    text = "该管家不负责网格 {grid} / The steward does not serve the grid {grid}"


class DutyWithoutEntry(Guard):
    text = (
        "岗位“{duties}”无人公示,且未说明原因 / The duties {duties} have neither a name nor a reason"
    )
    names = ("duties",)


class ClockSkew(Guard):
    text = "发生时间晚于当前时间 / It is said to have happened in the future"


class TooOld(Guard):
    text = (
        "早于 {earliest} 的服务须由街道确认 / Service before {earliest} is confirmed by the street"
    )


class TooLongAgo(TooOld):
    """What is reported lies further back than is taken."""

    text = (
        "发生时间过早,最早为 {earliest} / It happened too long ago; the earliest day is {earliest}"
    )


class ProjectNotOfGrid(Guard):
    text = (
        "物业项目 {project_id} 不服务网格 {grid}"
        " / The project {project_id} does not serve the grid {grid}"
    )


class ReferenceTaken(Refusal):
    """The caller's own reference stands for another content already.

    `number` names that request to those who may see it, and to nobody else.
    """

    status = 409
    text = (
        "编号 {reference} 已用于内容不同的诉求"
        " / Reference {reference} stands for a request with another content"
    )


class NotHandler(Guard):
    denial = True
    text = "您不是该诉求的承办人 / Somebody else handles this request"


class NotReporter(Guard):
    denial = True
    text = "只有诉求人本人可以执行此操作 / Only the reporter may do this"


class UrgedJustNow(Guard):
    """A reporter urges once an hour at most; what was said before still stands."""

    text = "一小时内已催办,请稍后再试 / Urged within the hour; please wait"


class ReporterKnown(Guard):
    text = (
        "该诉求已有诉求人,或由管家自行发现"
        " / The request has a reporter, or a steward found the matter"
    )


class HandlerNotOnDuty(Guard):
    text = (
        "管家 {steward_id} 当前不在该网格当值"
        " / The steward {steward_id} does not serve this grid now"
    )


class WrongDuty(Guard):
    text = (
        "岗位“{duty}”不承办“{category}”类诉求"
        " / The duty {duty} does not take the category {category}"
    )
    names = ("duty", "category")


class NobodyToDispatch(Guard):
    text = "没有可承办的红色管家 / There is no steward who can take it"


class ReturnLimit(Guard):
    text = (
        "已退回 2 次,只能由社区干部承办 / It was returned twice; only a community cadre may hold it"
    )


class TransferLimit(Guard):
    text = "已转办 2 次,须由社区干部决定承办人 / Handed on twice; a cadre says who is competent"


class NoEmergency(Guard):
    text = (
        "“{category}”类诉求不能由诉求人定为 P1;情况紧急请立即拨打 119、110 或 120"
        " / A reporter makes none about {category} a P1; in an emergency call 119, 110 or 120 at "
        "once"
    )
    names = ("category",)


class ConflictOfInterest(Refusal):
    """A person with a post in what is complained of neither handles the matter nor decides on it,
    and nobody does in a matter of their own household.

    `substitute` is the steward who does instead, and `role` that duty; where there is none the
    street, and `role` its office.
    """

    status = 403
    text = (
        "事项涉及您本人、同户人员或您任职的项目、单位,应当回避;可由{role} {substitute} 办理"
        " / This concerns you, your household, or a project or organisation where you hold a "
        "post, so you stand back; {substitute} ({role}) may do it"
    )
    names = ("role",)


class OwnExtension(Guard):
    denial = True
    text = (
        "承办人及其同户人员不能为其办理的诉求延期或改级"
        " / A person who has a request in hand, or lives with its handler, gives it no more time"
    )


class NothingCorrected(Guard):
    text = "没有需要更正的内容 / There is nothing to correct"


class EvidenceRequired(Guard):
    """Solving is shown by a picture or record, explaining by a note."""

    text = "办结需要说明和佐证材料 / A resolution needs a note and evidence"


class NoteNeeded(Guard):
    text = "请写明联系时谈了什么 / Say what was talked about"


class NotContacted(Guard):
    text = "尚未联系诉求人,不能办结 / The reporter was not contacted yet"


class RatingWindow(Guard):
    """A request is rated within 30 days after it was resolved."""

    text = "已超过办结后 30 天的评价期 / The 30 days for a rating are over"


class AlreadyRated(Guard):
    text = "该诉求已评价 / The request was rated already"


class SelfRating(Guard):
    text = (
        "承办人及其同户人员不能评价其办理的诉求"
        " / Those who handled a request do not rate it, and neither do their households"
    )


class ReopenWindow(Guard):
    text = "已超过办结后 7 天的重办期 / The 7 days for reopening are over"


class ReopenLimit(Guard):
    text = "该诉求已重办 2 次 / The request was reopened twice already"


class NotP4(Guard):
    text = "只有 P4 诉求可以延期 / Only a P4 request is extended"


class AlreadyExtended(Guard):
    text = "该诉求已延期一次 / The request was extended once already"


class AfterDue(Guard):
    text = "已超过办理期限,不能延期 / The deadline has passed; there is no extension"


class Over15WorkingDays(Guard):
    guard = "OVER_15_WD"
    text = (
        "新期限须晚于原期限,且不超过提交后 15 个工作日"
        " / The new end must be later than the present one and within 15 working days from "
        "submission"
    )


class NotMergeable(Guard):
    text = (
        "只能并入 72 小时内同地点、同类别的未结诉求"
        " / Merged are open requests of one place and category within 72 hours"
    )


class ReviewPending(Guard):
    text = "差评正在核查,由核查结论结案 / The bad rating is under review, which closes the request"


class NothingFound(Guard):
    text = "没有待核实的自行发现事项 / There is nothing self-found that waits to be looked at"


class NoReview(Guard):
    text = "没有待核查的差评 / No bad rating waits for a review"


class InChain(Guard):
    """Who took part in handling a request does not judge it, nor speaks for its reporter; nor does
    the household."""

    denial = True
    text = (
        "参与办理的人员及其同户人员不能核查、结案或代诉求人表态"
        " / Who took part in handling it, or lives with one who did, neither reviews nor closes "
        "it, nor speaks for its reporter"
    )


class ReviewAtStreet(Guard):
    """The community's three working days are over."""

    text = "核查期限已过,由街道核查 / The time for the review is over; the street reviews it"


class ReasonRequired(Guard):
    text = "请说明理由 / Please state a reason"


class MoreUrgent(Guard):
    text = (
        "更紧急的诉求({priority})不能并入较缓的({target});请反向合并,或先更正紧急程度"
        " / A more urgent request ({priority}) is not merged into a less urgent one ({target}); "
        "merge that one into it, or correct its urgency first"
    )


class SelfConfirm(Guard):
    denial = True
    text = (
        "不能办理本人或同户人员的事项"
        " / You cannot confirm or decide what is your own or your household's"
    )


class Overlap(Guard):
    text = "该时段与记录 {record_id} 重叠 / The time overlaps with the record {record_id}"


class SameDeed(Guard):
    text = (
        "同日同一活动、相同时长已登记为 {record_id};如确为另一次服务,请填写签到与签退时间"
        " / The same day, activity and minutes stand in the record {record_id}; if it was another "
        "service, give its times of check-in and check-out"
    )


class DayTooLong(Guard):
    text = "当日志愿服务时长合计超过 24 小时 / The day's volunteer service would exceed 24 hours"


class UnderAge(Guard):
    """Only adults are stewards: they enter dwellings, and their account is spent from."""

    text = "未满 18 周岁,不能担任红色管家 / Below 18: cannot be a steward"


class UnknownPerson(Guard):
    """Nobody stands there under this id; `gone` says why, to the person who may know."""

    text = "人员 {person_id} 未登记 / The person {person_id} is not registered"
    text_gone = (
        "人员 {person_id} 已登记为“{state}” / The person {person_id} is registered as {state}"
    )
    text_merged = (
        "人员 {person_id} 已并入 {into},请使用该编号"
        " / The registration {person_id} was merged into {into}: use that one"
    )
    names = ("state",)

    def __init__(self, *, field: str = "", **params: Any) -> None:
        if "into" in params:
            self.text = self.text_merged  # type: ignore[misc]
        elif "state" in params:
            self.text = self.text_gone  # type: ignore[misc]
        super().__init__(field=field, **params)


class CallerNotServing(Guard):
    guard = "NOT_SERVING"
    status = 403
    text = (
        "您的管家岗位已暂停或已离任,不能以管家身份办理"
        " / Your post as a steward is suspended or over; you cannot act as one"
    )
    of_caller = True


class CallerGone(UnknownPerson):
    guard = "NOT_REGISTERED"
    text = CALLER_GONE
    of_caller = True


class CallerMerged(CallerGone):
    text = CALLER_MERGED


class BadCalendarDay(Guard):
    text = (
        "{day} 不是 {year} 年(或上一年 12 月)的日期"
        " / {day} is no day of {year} or of the December before it"
    )


class CalendarDayTwice(Guard):
    text = "{day} 重复列出 / {day} is listed twice"


class MakeUpOnWeekday(Guard):
    text = "调休上班日 {day} 不是周六或周日 / The make-up day {day} is no Saturday or Sunday"


class FixedHolidayMissing(Guard):
    text = "法定节日 {day} 未列入放假日期 / {day} is a holiday by law and is not among the days off"


class TooManyCalendarDays(Guard):
    text = (
        "所列日期过多,不是国务院办公厅的年度通知"
        " / More days are listed than a notice of the State Council has"
    )


class NoCalendarSource(Guard):
    text = "须注明通知名称或文号 / Say which notice the days are from"


class CalendarProposed(Refusal):
    status = 409
    text = "{year} 年日历已有待审核的提交 / A calendar of {year} waits for its decision already"


class CalendarLoadedSince(Refusal):
    status = 409
    text = (
        "{year} 年日历在提交之后已另行启用,请退回该提交,核对后重新提交"
        " / The calendar of {year} was loaded after this was proposed: turn it down, compare, and "
        "propose anew"
    )


class CalendarSamePerson(Guard):
    guard = "SAME_PERSON"
    text = "提交人不能审核本人提交的日历 / Who proposed a calendar does not decide on it"


class NoOpenCase(Guard):
    denial = True
    text = (
        "您没有此人的在办诉求,也不是其所在社区的工作人员,不能查看号码"
        " / You have no open request of this person in hand and do not keep the community where "
        "the person lives; the number is not shown"
    )


class NothingToReveal(Guard):
    text = "该人员没有登记手机号码 / No phone is registered of this person"


class RevealOver(Refusal):
    status = 409
    text = (
        "本次查看已结束;如仍需号码,请用新的 Idempotency-Key 并说明理由"
        " / This reveal is over; who still needs the number uses a new Idempotency-Key and says "
        "why"
    )


class RevealLimit(Refusal):
    """Somebody looks at more numbers in a day than calling back takes."""

    code = "RATE_LIMIT"
    status = 429
    text = (
        "今天已查看 {limit} 次号码,{again} 起可再查看"
        " / {limit} numbers were shown to you today; the next one from {again}"
    )


class RevealsOfOne(RevealLimit):
    """One person's number is looked at more often in a day than calling back takes, by whomever."""

    text = (
        "此人的号码今天已被查看 {limit} 次,{again} 起可再查看"
        " / The number of this person was shown {limit} times today; again from {again}"
    )


class SenderMissing(Refusal):
    status = 404
    text = (
        "本区未接入短信发送,请用密码或激活码登录"
        " / This district has no sender of messages: sign in by password, or with a code on paper"
    )


class CodeLimit(Refusal):
    """Whether the phone is registered is not told: others are counted alike."""

    code = "RATE_LIMIT"
    status = 429
    text = "验证码申请过于频繁,请 {seconds} 秒后再试 / Too many codes; try again in {seconds} s"


class OwnDataLimit(Refusal):
    """Somebody asks for all of the own data again and again; once tells all."""

    code = "RATE_LIMIT"
    status = 429
    text = (
        "今天已提供本人信息 {limit} 次,{again} 起可再提取"
        " / You were given your data {limit} times today; the next time from {again}"
    )


class ReceiptNeeded(Guard):
    text = "代为申请须填写纸质申请编号 / Who asks for a person names the signed paper (receipt)"


class ReasonNeeded(Guard):
    text = "不予删除须说明理由 / A refusal says why (reason)"


class CorrectionReasonNeeded(Guard):
    guard = "REASON_NEEDED"
    text = "不予更正须说明理由 / Who refuses a correction says why (reason)"


class TooManyProposals(Guard):
    text = (
        "您已有 {limit} 件更正申请待审核,请等待审核或先撤回"
        " / {limit} corrections of yours wait for a decision; wait for one, or withdraw one"
    )


class BadPlaceCode(Guard):
    text = "编号 {code} 不是“{kind}”的编号,应如 {form} / {code} is no code of a {kind}: like {form}"
    names = ("kind",)


class MemberOfKind(Guard):
    text = "“{kind}”没有 {member} 一项 / A {kind} has no {member}"
    names = ("kind",)


class UnknownPlace(Guard):
    text = "{place} 未登记,或已注销 / The place {place} is not registered, or has ended"


class PlaceDiffers(Refusal):
    code = "PLACE_EXISTS"
    status = 409
    text = "{place} 已登记,内容不同 / {place} is registered with another content"


class BadShape(Guard):
    text = "边界不可用:{why} / The outline cannot be used: {why}"
    names = ("why",)


class KnownIncident(Guard):
    """The refusal says where to follow it; who means something else sends `insist`."""

    text = (
        "该处已发布通告 {incident}“{title}”,预计 {until} 恢复:可关注通告,恢复时会告知您;仍要提交的,"
        "请填 insist"
        " / {incident} “{title}” is announced there, expected to end {until}: follow it and you "
        "are told; to file a request all the same, send insist"
    )
