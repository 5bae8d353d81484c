"""Refusals of the steward service; each text is the msgid of `locale/en.po`."""

from __future__ import annotations

from chassis.refusal import Guard, Refusal


class UnknownParent(Guard):
    """The area above does not exist."""

    guard = "UNKNOWN_PARENT"
    text = "上级区域 {parent} 不存在"


class BadAreaCode(Guard):
    """The code does not fit its kind, or lies outside the numbers that may be used here."""

    guard = "BAD_AREA_CODE"
    text = "区域代码 {code} 不符合“{kind}”的编码规则"
    names = ("kind",)


class NotAdministered(Guard):
    """The unit is listed under the district's code but is run by somebody else."""

    guard = "NOT_ADMINISTERED"
    text = "{code} 不由任城区管理"


class AreaDiffers(Refusal):
    """The code is defined already, with another content."""

    code = "AREA_EXISTS"
    status = 409
    text = "区域 {code} 已存在,内容不同"


class UnknownGrid(Guard):
    """There is no such grid."""

    guard = "UNKNOWN_GRID"
    text = "网格 {grid} 不存在"


class GridNeeded(Guard):
    """Whoever lived in a grid comes back into one."""

    guard = "GRID_NEEDED"
    text = "该居民须写明回迁后的网格"


class BadName(Guard):
    """A person's name is 2 to 20 Chinese characters, with the dot of minority names."""

    guard = "BAD_NAME"
    text = "姓名应为 2–20 个汉字或间隔号"


class BadIdNumber(Guard):
    """The identity number fails GB 11643."""

    guard = "BAD_ID_NUMBER"
    text = "居民身份证号码校验不通过"


class BadPhone(Guard):
    """The number is no mobile number of a person."""

    guard = "BAD_PHONE"
    text = "手机号码格式不正确"


class BadWorkPhone(BadPhone):
    """The number is none at which a post can be reached."""

    text = "工作电话应为手机、固定电话(区号以 0 开头,可带分机)、400/800 号码或服务热线"


class SyntheticNotAllowed(Guard):
    """Synthetic people are only for demonstrations and tests."""

    guard = "SYNTHETIC_NOT_ALLOWED"
    text = "本系统不接受合成人员数据"


class SyntheticMark(Guard):
    """A synthetic person must be recognisable by his numbers, and nobody else may be."""

    guard = "SYNTHETIC_MARK"
    text = "合成人员必须使用 128 号段与 370899 区划,真实人员不得使用"


class BadId(Guard):
    """A client-chosen id does not have the form that is asked."""

    guard = "BAD_ID"
    text = "编号 {id} 格式不正确,应为 {prefix}_ 加 UUID"


class IdTaken(Refusal):
    """The client-chosen id names something else already."""

    code = "ID_TAKEN"
    status = 409
    text = "编号 {id} 已存在,内容不同"


class PersonExists(Refusal):
    """The identity number belongs to a registered person."""

    code = "PERSON_EXISTS"
    status = 409
    text = "该身份证号码已登记{who}"


class PhoneTaken(Refusal):
    """The phone belongs to a registered person."""

    code = "PHONE_TAKEN"
    status = 409
    text = "该手机号码已登记{who};同一户的成员可以共用"


class PersonGone(Refusal):
    """He is registered, but as moved out or dead: somebody says that he is back."""

    code = "PERSON_GONE"
    status = 409
    text = "该人员已登记为“{state}”{who},请办理回迁"
    names = ("state",)


class PersonMergedAway(Refusal):
    """The id was given up after a double registration."""

    code = "PERSON_MERGED"
    status = 409
    text = "人员 {id} 已并入{who}"


class TwoNumbers(Guard):
    """Two identity numbers are two people, until one of them was corrected."""

    guard = "TWO_ID_NUMBERS"
    text = "两人身份证号码不同,不能合并;如有误请先更正"


class TwoPosts(Guard):
    """Both hold the same duty; one of the posts ends first."""

    guard = "TWO_POSTS"
    text = "两人任同一岗位,请先办理管家 {steward_id} 离任"


class RecorderConfirms(Guard):
    """Who recorded or proposed something does not confirm it himself, nor does his household."""

    guard = "RECORDER_CONFIRMS"
    text = "登记或提出的人及其同户人员不能确认,须由他人办理"


class NumberTellsBirth(Guard):
    """Where an identity number is known, the year of birth is its."""

    guard = "NUMBER_TELLS_BIRTH"
    text = "出生年份以身份证号码为准,请更正号码"


class HouseholdElsewhere(Guard):
    """The others of the household live in another community."""

    guard = "HOUSEHOLD_ELSEWHERE"
    text = "该户不在本社区"


class StillSteward(Guard):
    """A person who is a steward leaves that post first."""

    guard = "STILL_STEWARD"
    text = "该人员仍是红色管家 {steward_id},请先办理离任"


class NotResident(Guard):
    """The person lives in no grid."""

    guard = "NOT_RESIDENT"
    text = "该人员没有所属网格"


class TypeDutyMismatch(Guard):
    """FULL_TIME belongs to the three duties that sit in the compound, PART_TIME to the others."""

    guard = "TYPE_DUTY_MISMATCH"
    text = "岗位“{duty}”与管家类型“{type}”不符"
    names = ("duty", "type")


class BoardConsentNeeded(Guard):
    """A name stands on a public board by its bearer's own word, or by a paper of his own place."""

    guard = "BOARD_CONSENT_NEEDED"
    text = "公示姓名须由本人同意:请本人确认,或由其所在地登记书面同意书编号"


class AlreadySteward(Refusal):
    """The person holds this duty already."""

    code = "ALREADY_STEWARD"
    status = 409
    text = "该人员已担任此岗位的红色管家"


class NotSpendable(Guard):
    """Police and state officials do not spend points."""

    guard = "NOT_SPENDABLE"
    text = "公安民警和国家公职人员的积分不可兑换"


class BadSpan(Guard):
    """A span ends before it begins, or is longer than may be."""

    guard = "BAD_SPAN"
    text = "起止时间不正确"


class ShiftOverlap(Guard):
    """The steward sits in this grid at that time already."""

    guard = "SHIFT_OVERLAP"
    text = "该管家在此时段已有值班"


class PastShift(Guard):
    """Who sat somewhere on a day that is over is not said by himself."""

    guard = "PAST_SHIFT"
    text = "不能为本人或同户人员补排已过日期的值班"


class NotNow(Guard):
    """One checks in while the shift runs."""

    guard = "NOT_NOW"
    text = "本人签到须在值班时段内,他人登记须在开始之后"


class NotMyGrid(Guard):
    """The steward does not serve this grid."""

    guard = "NOT_MY_GRID"
    text = "该管家不负责网格 {grid}"


class DutyWithoutEntry(Guard):
    """A required duty has neither an entry nor a stated reason."""

    guard = "DUTY_WITHOUT_ENTRY"
    text = "岗位“{duties}”无人公示,且未说明原因"
    names = ("duties",)


class ClockSkew(Guard):
    """What is reported lies in the future."""

    guard = "CLOCK_SKEW"
    text = "发生时间晚于当前时间"


class TooOld(Guard):
    """What is confirmed lies more than 30 days back and needs the street."""

    guard = "TOO_OLD"
    text = "早于 {earliest} 的服务须由街道确认"


class TooLongAgo(TooOld):
    """What is reported lies further back than is taken."""

    text = "发生时间过早,最早为 {earliest}"


class ProjectNotOfGrid(Guard):
    """The named project does not serve the grid."""

    guard = "PROJECT_NOT_OF_GRID"
    text = "物业项目 {project_id} 不服务网格 {grid}"


class ReferenceTaken(Refusal):
    """The caller's own reference stands for another content already.

    `number` names that request to those who may see it, and to nobody else.
    """

    code = "REFERENCE_TAKEN"
    status = 409
    text = "编号 {reference} 已用于内容不同的诉求"


class NotHandler(Guard):
    """Somebody else handles this request."""

    guard = "NOT_HANDLER"
    text = "您不是该诉求的承办人"


class NotReporter(Guard):
    """Only the reporter may do this."""

    guard = "NOT_REPORTER"
    text = "只有诉求人本人可以执行此操作"


class UrgedJustNow(Guard):
    """A reporter urges once an hour at most; what he said before still stands."""

    guard = "URGED_JUST_NOW"
    text = "一小时内已催办,请稍后再试"


class ReporterKnown(Guard):
    """The request has a reporter, or a steward found the matter himself."""

    guard = "REPORTER_KNOWN"
    text = "该诉求已有诉求人,或由管家自行发现"


class HandlerNotOnDuty(Guard):
    """The named steward does not serve the place now."""

    guard = "HANDLER_NOT_ON_DUTY"
    text = "管家 {steward_id} 当前不在该网格当值"


class WrongDuty(Guard):
    """The named steward's duty does not take this category."""

    guard = "WRONG_DUTY"
    text = "岗位“{duty}”不承办“{category}”类诉求"
    names = ("duty", "category")


class NobodyToDispatch(Guard):
    """Nobody can take the request."""

    guard = "NOBODY_TO_DISPATCH"
    text = "没有可承办的红色管家"


class ReturnLimit(Guard):
    """A request is returned at most twice; then a cadre holds it."""

    guard = "RETURN_LIMIT"
    text = "已退回 2 次,只能由社区干部承办"


class TransferLimit(Guard):
    """Handlers hand a request on twice at most; then a cadre says who is competent."""

    guard = "TRANSFER_LIMIT"
    text = "已转办 2 次,须由社区干部决定承办人"


class NoEmergency(Guard):
    """P1 is for emergencies that the rules name."""

    guard = "NO_EMERGENCY"
    text = "“{category}”类诉求不能由诉求人定为 P1;情况紧急请立即拨打 119、110 或 120"
    names = ("category",)


class ConflictOfInterest(Refusal):
    """A person with a post in what is complained of neither handles the matter nor decides on it,
    and nobody does in his own matter or his household's.

    `substitute` is the steward who does instead, and `role` his duty; where there is none the
    street, and `role` its office.
    """

    code = "CONFLICT_OF_INTEREST"
    status = 403
    text = "事项涉及您本人、同户人员或您任职的项目、单位,应当回避;可由{role} {substitute} 办理"
    names = ("role",)


class OwnExtension(Guard):
    """Whoever has a request in hand does not give himself more time for it."""

    guard = "OWN_EXTENSION"
    text = "承办人及其同户人员不能为其办理的诉求延期或改级"


class NothingCorrected(Guard):
    """The correction says what stands there already."""

    guard = "NOTHING_CORRECTED"
    text = "没有需要更正的内容"


class EvidenceRequired(Guard):
    """Solving is shown by a picture or record, explaining by a note."""

    guard = "EVIDENCE_REQUIRED"
    text = "办结需要说明和佐证材料"


class NotContacted(Guard):
    """The reporter was not contacted yet."""

    guard = "NOT_CONTACTED"
    text = "尚未联系诉求人,不能办结"


class RatingWindow(Guard):
    """A request is rated within 30 days after it was resolved."""

    guard = "RATING_WINDOW"
    text = "已超过办结后 30 天的评价期"


class AlreadyRated(Guard):
    """A request is rated once."""

    guard = "ALREADY_RATED"
    text = "该诉求已评价"


class SelfRating(Guard):
    """Who handled a request does not rate it, and neither does his household."""

    guard = "SELF_RATING"
    text = "承办人及其同户人员不能评价其办理的诉求"


class ReopenWindow(Guard):
    """A request is reopened within 7 days after it was resolved."""

    guard = "REOPEN_WINDOW"
    text = "已超过办结后 7 天的重办期"


class ReopenLimit(Guard):
    """A request is reopened at most twice."""

    guard = "REOPEN_LIMIT"
    text = "该诉求已重办 2 次"


class NotP4(Guard):
    """Only a complex request is extended."""

    guard = "NOT_P4"
    text = "只有 P4 诉求可以延期"


class AlreadyExtended(Guard):
    """A request is extended once."""

    guard = "ALREADY_EXTENDED"
    text = "该诉求已延期一次"


class AfterDue(Guard):
    """What is overdue is not extended."""

    guard = "AFTER_DUE"
    text = "已超过办理期限,不能延期"


class Over15WorkingDays(Guard):
    """The new end lies behind 15 working days from submission, or before the present end."""

    guard = "OVER_15_WD"
    text = "新期限须晚于原期限,且不超过提交后 15 个工作日"


class NotMergeable(Guard):
    """Merged are open requests of one place and category within 72 hours."""

    guard = "NOT_MERGEABLE"
    text = "只能并入 72 小时内同地点、同类别的未结诉求"


class ReviewPending(Guard):
    """The bad rating is under review; the review closes the request."""

    guard = "REVIEW_PENDING"
    text = "差评正在核查,由核查结论结案"


class NothingFound(Guard):
    """Nobody found this by himself, or somebody has looked at it already."""

    guard = "NOTHING_FOUND"
    text = "没有待核实的自行发现事项"


class NoReview(Guard):
    """There is no bad rating that waits for a review."""

    guard = "NO_REVIEW"
    text = "没有待核查的差评"


class InChain(Guard):
    """Who took part in handling a request does not judge it, nor speaks for its reporter; nor does
    who lives with him."""

    guard = "IN_CHAIN"
    text = "参与办理的人员及其同户人员不能核查、结案或代诉求人表态"


class ReviewAtStreet(Guard):
    """The community's three working days are over."""

    guard = "REVIEW_AT_STREET"
    text = "核查期限已过,由街道核查"


class ReasonRequired(Guard):
    """A decision about somebody's matter has a reason."""

    guard = "REASON_REQUIRED"
    text = "请说明理由"


class SelfConfirm(Guard):
    """Nobody confirms or decides what is his own, or his household's."""

    guard = "SELF_CONFIRM"
    text = "不能办理本人或同户人员的事项"


class Overlap(Guard):
    """The person volunteered elsewhere at that time."""

    guard = "OVERLAP"
    text = "该时段与记录 {record_id} 重叠"


class DayTooLong(Guard):
    """A day has 1,440 minutes."""

    guard = "DAY_TOO_LONG"
    text = "当日志愿服务时长合计超过 24 小时"


class UnderAge(Guard):
    """Only adults are stewards: they enter dwellings, and their account is spent from."""

    guard = "UNDER_AGE"
    text = "未满18周岁,不能担任红色管家"


class UnknownPerson(Guard):
    """No such person is registered."""

    guard = "UNKNOWN_PERSON"
    text = "人员 {person_id} 未登记"


class CallerGone(UnknownPerson):
    """Whose registration has ended acts no longer."""

    guard = "NOT_REGISTERED"
    text = "您的居民登记已注销或已迁出,不能办理;如有误请联系社区更正"
    of_caller = True


class CallerMerged(CallerGone):
    """A registration that was given up acts no longer; the one that stays does."""

    text = "您使用的是已合并的重复登记,请以保留的登记重新登录后办理"


class BadCalendarDay(Guard):
    """A day is none of the year's, nor of the December before it."""

    guard = "BAD_CALENDAR_DAY"
    text = "{day} 不是 {year} 年(或上一年 12 月)的日期"


class CalendarDayTwice(Guard):
    """A day stands twice in a year's table."""

    guard = "CALENDAR_DAY_TWICE"
    text = "{day} 重复列出"


class MakeUpOnWeekday(Guard):
    """A make-up day is a weekday, which is worked in any case."""

    guard = "MAKE_UP_ON_WEEKDAY"
    text = "调休上班日 {day} 不是周六或周日"


class FixedHolidayMissing(Guard):
    """A holiday that the law fixes is not among the days off."""

    guard = "FIXED_HOLIDAY_MISSING"
    text = "法定节日 {day} 未列入放假日期"


class TooManyCalendarDays(Guard):
    """More days than a year's notice has."""

    guard = "TOO_MANY_CALENDAR_DAYS"
    text = "所列日期过多,不是国务院办公厅的年度通知"


class NoCalendarSource(Guard):
    """It is not said which notice the days are from."""

    guard = "NO_CALENDAR_SOURCE"
    text = "须注明通知名称或文号"


class CalendarProposed(Refusal):
    """A proposal for the year waits for its decision."""

    code = "CALENDAR_PROPOSED"
    status = 409
    text = "{year} 年日历已有待审核的提交"


class CalendarSamePerson(Guard):
    """Who proposed a year's calendar does not decide on it."""

    guard = "SAME_PERSON"
    text = "提交人不能审核本人提交的日历"


class NoOpenCase(Guard):
    """The number is told to who has the person's open request in hand, or keeps his community."""

    guard = "NO_OPEN_CASE"
    text = "您没有此人的在办诉求,也不是其所在社区的工作人员,不能查看号码"


class NothingToReveal(Guard):
    """No phone is registered of the person."""

    guard = "NOTHING_TO_REVEAL"
    text = "该人员没有登记手机号码"


class RevealOver(Refusal):
    """The answer of this key was given; who needs the number again says again why."""

    code = "REVEAL_OVER"
    status = 409
    text = "本次查看已结束;如仍需号码,请用新的 Idempotency-Key 并说明理由"


class RevealLimit(Refusal):
    """Somebody looks at more numbers in a day than calling back takes."""

    code = "RATE_LIMIT"
    status = 429
    text = "今天已查看 {limit} 次号码,{again} 起可再查看"
