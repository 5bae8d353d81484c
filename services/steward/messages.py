"""What steward tells people: kinds of messages, to whom and when."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fivered.chassis.tells import Tells

_REPORTER = "诉求人,以及被合并诉求的诉求人 / who reported it, and who reported what it took up"
_OWN = "诉求人 / who reported it"
_HANDLER = "承办人 / who has it in hand"
_NEAR = "受影响楼栋的居民,以及就此提交诉求的人 / who lives there, and who has reported it"
_SITS = "值班的管家 / the steward whose shift it is"
_HOLDS = "任职人 / who holds the post"
_WHO = "本人 / whom it concerns"

TELLS: Mapping[str, Tells] = MappingProxyType({
    # ---------------------------------------------------------------- who reported a request
    "REQ_RECEIVED": Tells(
        "您的诉求 {number} 已登记,预计 {due} 前办结"
        " / Your request {number} is registered and is to be resolved by {due}",
        to=_OWN, when="登记时 / when it is registered",
    ),
    "REQ_DISPATCHED": Tells(
        "您的诉求 {number} 已派给{duty}办理"
        " / Your request {number} was given to somebody of this duty: {duty}",
        to=_OWN, when="派单、改派、转办时 / when somebody is given it",
    ),
    "REQ_ACCEPTED": Tells(
        "您的诉求 {number} 已接单 / Your request {number} was accepted",
        to=_REPORTER, when="接单时 / when the handler accepts it",
    ),
    "REQ_CONTACTED": Tells(
        "您的诉求 {number} 已由承办人联系或到场;如未联系到您,请催办"
        " / The handler of your request {number} has been in touch or on site; please"
        " urge if nobody reached you",
        to=_REPORTER, when="记录联系或到场时 / when contact or arrival is noted",
    ),
    "REQ_EXTENDED": Tells(
        "您的诉求 {number} 延期至 {due}。理由:{reason}"
        " / Your request {number} has until {due} now. Reason: {reason}",
        to=_REPORTER, when="批准延期时 / when it is given more time",
    ),
    "REQ_RESOLVED": Tells(
        "您的诉求 {number} 已办结({outcome}),请评价;不满意可在 7 日内要求重办"
        " / Your request {number} is done ({outcome}); please rate it. You may have it reopened"
        " within 7 days",
        to=_REPORTER, when="办结时 / when it is resolved",
    ),
    "REQ_CLOSED": Tells(
        "您的诉求 {number} 已结案 / Your request {number} is closed",
        to=_REPORTER, when="结案时 / when it is closed",
    ),
    "REQ_REJECTED": Tells(
        "您的诉求 {number} 不予受理({ground}):{note}"
        " / Your request {number} is not handled here ({ground}): {note}",
        to=_OWN, when="不予受理时 / when it is rejected",
    ),
    "REQ_RETURNED": Tells(
        "您的诉求 {number} 被退回,正在另派。理由:{reason}"
        " / Your request {number} was given back; somebody else is looked for. Reason: {reason}",
        to=_OWN, when="承办人退回时 / when the handler gives it back",
    ),
    "REQ_MERGED": Tells(
        "您的诉求 {number} 与诉求 {into} 为同一事项,已合并办理;进展仍会告知您;"
        "办结后您的评价记在本诉求上,不计入三率"
        " / Your request {number} is the same matter as {into} and is handled with it;"
        " you will still be told how it goes on. Your rating will stand with your request and is"
        " not counted in the rates",
        to=_OWN, when="合并时 / when it is merged",
    ),
    "REQ_GOES_ON": Tells(
        "您的诉求 {number} 继续办理:原合并的诉求已撤回"
        " / Your request {number} goes on by itself: the one it was merged into was taken"
        " back",
        to=_OWN, when="被并入的诉求撤回时 / when the one that it was merged into is taken back",
    ),
    "REQ_REOPENED": Tells(
        "您的诉求 {number} 已重新办理,预计 {due} 前办结"
        " / Your request {number} is reopened and is to be resolved by {due}",
        to=_OWN, when="重办时 / when it is reopened",
    ),
    "REQ_LATE": Tells(
        "您的诉求 {number} 未按时办结,已逐级督办"
        " / Your request {number} was not resolved in time; the next level sees to it",
        to=_REPORTER, when="办结超时时 / when the time to resolve it is over",
    ),
    "REQ_ESCALATED": Tells(
        "您的诉求 {number} 已升级督办(第 {level} 级)"
        " / Your request {number} has come before a higher level ({level})",
        to=_REPORTER, when="升级至街道、区级时 / when it comes before the street or the district",
    ),
    "REQ_CORRECTED": Tells(
        "您的诉求 {number} 的登记已更正。理由:{reason}"
        " / What is registered of your request {number} was corrected. Reason: {reason}",
        to=_OWN, when="更正时 / when it is corrected",
    ),
    "REQ_REPLIED": Tells(
        "您的诉求 {number} 有新的答复,请查看"
        " / There is an answer to your request {number}; please read it",
        to=_OWN, when="承办方答复时 / when the staff of the case answer",
    ),
    "REQ_PAUSED": Tells(
        "您的诉求 {number} 暂停计时({ground}),最迟 {until} 恢复,届时办结时限为 {due}"
        " / The clock of your request {number} rests ({ground}), until {until} at the latest; it is"
        " then to be resolved by {due}",
        to=_REPORTER, when="暂停计时时 / when its clock rests",
    ),
    "REQ_RESUMED": Tells(
        "您的诉求 {number} 已恢复计时,预计 {due} 前办结"
        " / The clock of your request {number} runs on; it is to be resolved by {due}",
        to=_REPORTER, when="恢复计时时 / when its clock runs on",
    ),
    "REQ_PARTED": Tells(
        "您的诉求 {number} 与诉求 {case} 不是同一事项,已分开办理,预计 {due} 前办结"
        " / Your request {number} is another matter than {case} and goes its own way; it is to be"
        " resolved by {due}",
        to=_OWN, when="撤销合并时 / when it is parted from the one that it was merged into",
    ),
    "REQ_RATING_APART": Tells(
        "您的诉求 {number} 已与诉求 {case} 分开办理,此前的评价({stars} 星)是对诉求"
        " {case} 的;本诉求办结后请重新评价"
        " / Your request {number} is apart from {case} again: your rating ({stars} stars) was of"
        " {case}. Please rate this one when it is done",
        to=_OWN, when="撤销合并而已评价时 / when it is parted and was rated",
    ),
    "REQ_REVIEWED": Tells(
        "您对诉求 {number} 的评价已核查:{verdict}。理由:{reason}"
        " / Your rating of request {number} was looked into: {verdict}. Reason: {reason}",
        to=_OWN, when="差评核查后 / when a bad rating was reviewed",
    ),
    "REQ_SPOKEN_FOR": Tells(
        "工作人员凭 {receipt} 就诉求 {number} 代您操作;如非您本意,请联系社区"
        " / Staff acted for you on request {number} by {receipt}; please tell the community if you"
        " did not mean it",
        to=_OWN,
        when="工作人员凭回执代为操作时 / when staff speak for the reporter by a receipt",
    ),
    # ---------------------------------------------------------------- who has a request in hand
    "REQ_GIVEN": Tells(
        "诉求 {number}({category})派给您,请在 {due} 前接单"
        " / Request {number} ({category}) is yours; please accept it by {due}",
        to=_HANDLER, when="派单、改派、转办、重办时 / when it is given to the handler",
        group="DUTIES",
    ),
    "REQ_GIVEN_URGENT": Tells(
        "紧急诉求 {number}({category})派给您,请在 {due} 前接单"
        " / Urgent: request {number} ({category}) is yours; please accept it by {due}",
        to=_HANDLER, when="派单时,优先级 P1、P2 / when it is given, priorities P1 and P2",
        group="DUTIES", urgent=True,
    ),
    "REQ_TAKEN": Tells(
        "诉求 {number} 未按时接单,已改派"
        " / Request {number} was not accepted in time and was given to somebody else",
        to="原承办人 / who had it", when="接单超时改派时 / when it is taken away",
        group="DUTIES",
    ),
    "REQ_NOT_ACCEPTED": Tells(
        "诉求 {number} 已超过接单时限,请尽快接单"
        " / The time to accept request {number} is over; please accept it now",
        to=_HANDLER, when="接单超时而无人可派时 / when nobody else can take it",
        group="DUTIES",
    ),
    "REQ_CONTACT_OVERDUE": Tells(
        "诉求 {number} 已超过联系时限,请立即联系诉求人"
        " / The time to contact who reported request {number} is over; please do it now",
        to=_HANDLER, when="联系超时时 / when the time to contact is over",
        group="DUTIES",
    ),
    "REQ_OVERDUE": Tells(
        "诉求 {number} 已超过办结时限,已报上级督办"
        " / Request {number} is overdue; the next level has been told",
        to=_HANDLER, when="办结超时时 / when the time to resolve is over",
        group="DUTIES",
    ),
    "REQ_DUE_SOON": Tells(
        "诉求 {number} 的{clock}时限将到({due}),请尽快办理"
        " / Time runs out for request {number} ({clock}): {due}",
        to=_HANDLER, when="接单、联系、办结时限过半和将到时 / before a clock of it runs out, twice",
        group="DUTIES",
    ),
    "REQ_DUE_SOON_URGENT": Tells(
        "紧急诉求 {number} 的{clock}时限将到({due}),请立即办理"
        " / Urgent: time runs out for request {number} ({clock}): {due}",
        to=_HANDLER, when="同上,优先级 P1、P2 / as above, priorities P1 and P2",
        group="DUTIES", urgent=True,
    ),
    "REQ_DUE_ABOVE": Tells(
        "诉求 {number} 的{clock}时限将到({due}),请督促承办人"
        " / Time runs out for request {number} ({clock}, {due}); please see that it is done",
        to="上一级联系干部 / the official of the level above",
        when="第二次提醒时 / with the second reminder", group="DUTIES",
    ),
    "REQ_BEFORE_YOU": Tells(
        "诉求 {number}({category})超时,提请您督办(第 {level} 级)"
        " / Request {number} ({category}) is overdue and comes before you (level {level})",
        to="该级联系干部 / the official of that level", when="升级督办时 / when it is escalated",
        group="DUTIES",
    ),
    "REQ_URGED": Tells(
        "诉求 {number} 的诉求人催办 / Who reported request {number} urges",
        to=_HANDLER, when="催办时 / when it is urged",
        group="DUTIES",
    ),
    "REQ_ADDED": Tells(
        "诉求 {number} 的诉求人有补充,请查看"
        " / Who reported request {number} has added to it; please read it",
        to=_HANDLER, when="诉求人补充时 / when its reporter adds to it",
        group="DUTIES",
    ),
    "PAUSE_GRANTED": Tells(
        "诉求 {number} 的暂停申请已批准,至 {until}"
        " / The clock of request {number} may rest until {until}",
        to=_HANDLER, when="批准暂停时 / when a pause is granted",
        group="DUTIES",
    ),
    "PAUSE_REFUSED": Tells(
        "诉求 {number} 的暂停申请未获批准。理由:{reason}"
        " / The clock of request {number} may not rest. Reason: {reason}",
        to=_HANDLER, when="不予批准暂停时 / when a pause is refused",
        group="DUTIES",
    ),
    "REQ_TAKEN_BACK": Tells(
        "诉求 {number} 已由诉求人撤回,不再办理"
        " / Request {number} was taken back by who reported it",
        to=_HANDLER, when="撤回时 / when it is cancelled",
        group="DUTIES",
    ),
    "REQ_RATED": Tells(
        "诉求 {number} 收到评价:{stars} 星 / Request {number} was rated: {stars} stars",
        to=_HANDLER, when="评价时 / when it is rated",
        group="DUTIES",
    ),
    "VISITS_PLANNED": Tells(
        "您 {period} 的走访计划新增 {count} 项 / Your plan of visits of {period} has {count} more",
        to="管家 / the steward", when="他人为其制定走访计划时 / when somebody else plans them",
        group="DUTIES",
    ),
    # ---------------------------------------------------------------- shifts
    "SHIFTS_PLANNED": Tells(
        "已为您排班 {count} 个班次,首班 {start},{place}"
        " / You are to sit {count} times, first from {start} at {place}",
        to=_SITS, when="他人排班时,一次操作一条 / when somebody plans shifts: once for each call",
        group="DUTIES",
    ),
    "SHIFT_CANCELLED": Tells(
        "您 {start} 在{place}的班次已取消。理由:{reason}"
        " / Your shift of {start} at {place} was taken back. Reason: {reason}",
        to=_SITS, when="取消、撤回或改由他人值班时 / when it is taken back or given to another one",
        group="DUTIES",
    ),
    "SHIFT_GIVEN": Tells(
        "请于 {start} 在{place}值班(由他人班次调整而来)。理由:{reason}"
        " / You are to sit at {place} from {start} instead of another one. Reason: {reason}",
        to=_SITS, when="班次改由其值班时 / when another one's shift is given to the steward",
        group="DUTIES",
    ),
    "SHIFT_MOVED": Tells(
        "您 {before} 的班次调整为 {start},{place}。理由:{reason}"
        " / Your shift of {before} is now from {start} at {place}. Reason: {reason}",
        to=_SITS, when="调整班次时 / when it is moved", group="DUTIES",
    ),
    "SHIFT_MISSED": Tells(
        "您 {start} 在{place}的班次被标记为缺岗;如有误请联系社区"
        " / Your shift of {start} at {place} is marked as missed; tell the community if that is"
        " wrong",
        to=_SITS, when="标记缺岗时 / when it is marked as missed", group="DUTIES",
    ),
    "SWAP_ASKED": Tells(
        "有管家申请与您换班或请您代班:{start},{place};请答复"
        " / You are asked to swap or take a shift: {start}, {place}; please answer",
        to="被申请换班的管家 / the steward who is asked", when="申请换班时 / when it is asked for",
        group="DUTIES",
    ),
    "SWAP_ANSWERED": Tells(
        "关于 {start} 在{place}的班次的换班申请:{outcome}"
        " / The swap of the shift of {start} at {place}: {outcome}",
        to="换班的另一方 / the other one of both",
        when="答复、撤回或因班次变动终止时 / when it is answered, taken back, or over",
        group="DUTIES",
    ),
    "ACTIVITY_PLACE": Tells(
        "您已报名“{title}”({start},{place}),请按时签到"
        ' / You have a place in "{title}" ({start}, {place}); please check in there',
        to="报名人 / who signed up", when="报名成功或候补递补时 / when there is a place",
    ),
    "ACTIVITY_WAITING": Tells(
        "“{title}”({start})名额已满,您在候补"
        ' / "{title}" ({start}) is full; you are in the line',
        to="报名人 / who signed up", when="名额已满时报名 / when no place is free",
    ),
    "ACTIVITY_CHANGED": Tells(
        "您报名的“{title}”有变更:{start},{place}。原因:{reason}"
        ' / "{title}" has changed: {start}, {place}. Reason: {reason}',
        to="报名与候补的人 / who signed up", when="变更时 / when it is changed",
    ),
    "ACTIVITY_CANCELLED": Tells(
        "您报名的“{title}”({start})已取消。原因:{reason}"
        ' / "{title}" ({start}) does not take place. Reason: {reason}',
        to="报名与候补的人 / who signed up", when="取消时 / when it is cancelled",
    ),
    # ---------------------------------------------------------------- own registration and deeds
    "CORRECTION_DONE": Tells(
        "您申请的信息更正已通过,登记已更新"
        " / What you asked to be put right in your registration is done",
        to=_WHO, when="更正申请通过时 / when a correction is approved", group="ACCOUNT",
    ),
    "CORRECTION_REFUSED": Tells(
        "您申请的信息更正未通过,理由见更正申请"
        " / What you asked to be put right was refused; the reason stands with it",
        to=_WHO, when="更正申请未通过时 / when a correction is refused", group="ACCOUNT",
    ),
    "ERASURE_HELD": Tells(
        "您的删除申请已批准,待名下事项交接后执行"
        " / Your erasure is approved and takes effect once what you hold was handed over",
        to=_WHO, when="批准而有未交接事项时 / when it is approved and something is held",
        group="ACCOUNT",
    ),
    "ERASURE_REFUSED": Tells(
        "您的删除申请未获批准,理由见申请 / Your erasure was refused; the reason stands with it",
        to=_WHO, when="不予删除时 / when it is refused", group="ACCOUNT",
    ),
    "POST_STATE": Tells(
        "您的{duty}岗位现为:{state}。理由:{reason}"
        " / Your post ({duty}) is now: {state}. Reason: {reason}",
        to=_HOLDS, when="他人暂停、恢复、终止岗位时 / when somebody suspends, resumes or ends it",
        group="DUTIES",
    ),
    "POST_TERM": Tells(
        "您的{duty}岗位任期至 {day}。理由:{reason}"
        " / The term of your post ({duty}) ends on {day}. Reason: {reason}",
        to=_HOLDS, when="他人确定任期时 / when somebody says until when it is given",
        group="DUTIES",
    ),
    "POST_OFF_BOARD": Tells(
        "您的姓名和电话已从{duty}岗位的公示牌撤下;如非您本意,请联系社区"
        " / Your name and phone no longer stand on the boards for your post ({duty}); tell the"
        " community if you did not mean it",
        to=_HOLDS, when="他人撤回公示同意时 / when somebody else takes the consent back",
        group="DUTIES",
    ),
    "POST_ENDS": Tells(
        "{duty}岗位任期至 {day},请按时续聘或交接"
        " / The term of a post ({duty}) ends on {day}: renew it, or hand it over in time",
        to="任职人、社区两委 / who holds the post, and the cadres of the community",
        when="到期前 30 日、7 日 / 30 and 7 days before it ends",
    ),
    "REQ_FIRST_ENDED": Tells(
        "您首接的诉求 {number} 已终结({state})"
        " / Request {number}, which you had first, has ended ({state})",
        to="首接人,诉求已转他人时 / who had it first, where somebody else has it",
        when="结案、撤回、不予受理、并入时 / when it is closed, taken back, rejected or merged",
    ),
    "CO_ASKED": Tells(
        "请您协办诉求 {number}:{reason} / You are asked to help with request {number}: {reason}",
        to="被请求的管家 / the steward who is asked", when="请求协办时 / when help is asked for",
    ),
    "CO_ACCEPTED": Tells(
        "{duty}已同意协办诉求 {number} / A steward helps with request {number}: {duty}",
        to="请求人、承办人 / who asked, and who has it in hand",
        when="应允时 / when the steward agrees",
    ),
    "CO_DECLINED": Tells(
        "{duty}谢绝协办诉求 {number}。理由:{reason}"
        " / A steward ({duty}) does not help with request {number}. Reason: {reason}",
        to="请求人、承办人 / who asked, and who has it in hand",
        when="谢绝时 / when the steward declines",
    ),
    "CO_ENDED": Tells(
        "诉求 {number} 的协办({duty})已结束。理由:{reason}"
        " / The help with request {number} ({duty}) has ended. Reason: {reason}",
        to="协办人、承办人 / who helps, and who has it in hand",
        when="结束时 / when another one ends it",
    ),
    "CO_NOTED": Tells(
        "诉求 {number} 有同事的新备注或答复,请查看"
        " / A colleague has written to request {number}; please read it",
        to="承办人、协办人,写的人除外 / who has it in hand and who helps, but not who wrote it",
        when="承办方写备注或答复时 / when the staff of a case write a note or an answer",
    ),
    "CO_CASE_STATE": Tells(
        "您协办的诉求 {number} 现为:{state}"
        " / Request {number}, with which you help, is now: {state}",
        to="协办人 / who helps with it",
        when="办结、重办、撤回、不予受理、合并时"
        " / when it is resolved, reopened, taken back, rejected or merged",
    ),
    "STANDARD_APPROVED": Tells(
        "您起草的办理标准第 {number} 版已批准,自 {day} 起施行"
        " / Version {number} of the service standards, which you proposed, is approved and counts"
        " from {day}",
        to="起草人 / who proposed it", when="批准时 / when another person approves it",
    ),
    "STANDARD_REJECTED": Tells(
        "您起草的办理标准第 {number} 版被退回。理由:{reason}"
        " / Version {number} of the service standards, which you proposed, was turned down. Reason:"
        " {reason}",
        to="起草人 / who proposed it", when="退回时 / when another person turns it down",
    ),
    "GRID_CHANGE_APPROVED": Tells(
        "您提出的网格调整已批准:{before} 将于 {day} 调整为 {after}"
        " / The change of grids that you proposed is approved: {before} becomes {after} on {day}",
        to="提出人 / who proposed it", when="批准时 / when another person approves it",
    ),
    "GRID_CHANGE_REJECTED": Tells(
        "您提出的网格调整({before} 调整为 {after},{day} 起)被退回。理由:{reason}"
        " / The change of grids that you proposed, {before} to {after} on {day}, was turned down."
        " Reason: {reason}",
        to="提出人 / who proposed it", when="退回时 / when another person turns it down",
    ),
    "GRID_CHANGE_WITHDRAWN": Tells(
        "您提出的网格调整({before} 调整为 {after},{day} 起)已撤回。理由:{reason}"
        " / The change of grids that you proposed, {before} to {after} on {day}, was taken back."
        " Reason: {reason}",
        to="提出人 / who proposed it", when="他人撤回时 / when another person takes it back",
    ),
    "GRID_CHANGE_COMES": Tells(
        "网格 {before} 将于 {day} 零时调整为 {after};在办诉求、时限和编号不变"
        " / Grid {before} becomes {after} at 00:00 on {day}; requests keep numbers and clocks",
        to="这些网格的管家和负责人 / stewards of these grids, and who answers for them",
        when="批准时 / when it is approved",
    ),
    "GRID_CHANGE_OFF": Tells(
        "原定 {day} 的网格调整({before} 调整为 {after})已撤回。理由:{reason}"
        " / The change of grids {before} to {after} on {day} was taken back. Reason: {reason}",
        to="这些网格的管家和负责人 / stewards of these grids, and who answers for them",
        when="批准后撤回时 / when it is taken back after it was approved",
    ),
    "GRID_CHANGE_EFFECTIVE": Tells(
        "网格 {before} 已于 {day} 调整为 {after},请查看您的网格、公示牌和排班"
        " / Grid {before} has become {after} on {day}; look at your grids, boards and shifts",
        to="管家、负责人、提出人和批准人 / stewards, who answers for the grids, who decided it",
        when="生效时 / when it takes effect",
    ),
    "GRID_CHANGE_FAILED": Tells(
        "原定 {day} 的网格调整({before} 调整为 {after})未能执行:{reason}"
        " / The change of grids {before} to {after} on {day} could not be carried out: {reason}",
        to="提出人和批准人 / who proposed and who approved it",
        when="到期时条件已不具备 / when it could not be carried out on its day",
    ),
    "HOURS_CONFIRMED": Tells(
        "您 {day} 的志愿服务“{activity}”已确认 {minutes} 分钟"
        ' / Your volunteer service of {day}, "{activity}", is confirmed: {minutes} minutes',
        to="志愿者 / the volunteer", when="确认时长时 / when the hours are confirmed",
        group="POINTS",
    ),
    "HOURS_CORRECTED": Tells(
        "您 {day} 的志愿服务“{activity}”时长更正为 {minutes} 分钟。理由:{reason}"
        ' / Your volunteer service of {day}, "{activity}", was corrected to {minutes} minutes.'
        " Reason: {reason}",
        to="志愿者 / the volunteer", when="更正时长时 / when the hours are corrected",
        group="POINTS",
    ),
    "HAZARD_CONFIRMED": Tells(
        "您上报的隐患({category})已核实,正在处理"
        " / The danger that you reported ({category}) is confirmed and is seen to",
        to="上报人 / who reported it", when="核实时 / when it is verified",
    ),
    "HAZARD_REPORTED": Tells(
        "有人上报隐患({category}),请在 {due} 前核实"
        " / A danger ({category}) was reported; please look at it by {due}",
        to="网格员、社区两委管家 / grid workers and cadres who serve there",
        when="上报时 / when it is reported", group="DUTIES",
    ),
    "HAZARD_OVERDUE": Tells(
        "隐患({category})逾期未核实,已报至第 {level} 级"
        " / Nobody has looked at a reported danger ({category}) in time; level {level} is told",
        to="联络链上的负责人 / who answers for the place at that level",
        when="24 小时内无人核实,此后每 24 小时升一级 / when nobody looked within 24 hours, and"
        " again each 24 hours for the next level",
        group="DUTIES",
    ),
    "HAZARD_MENDED": Tells(
        "您上报的隐患({category})已整改并复查"
        " / The danger that you reported ({category}) was mended, and somebody saw to it",
        to="上报人 / who reported it", when="复查通过时 / when it is seen to be gone",
    ),
    "HAZARD_UNFOUNDED": Tells(
        "您上报的隐患({category})经核实不属实"
        " / The danger that you reported ({category}) was looked at and is none",
        to="上报人 / who reported it", when="核实不属实时 / when it is found to be none",
    ),
    # ---------------------------------------------------------------- what is announced nearby
    "INCIDENT_NEAR": Tells(
        "您所在楼栋或网格有通告 {number}“{title}”:{starts} 至 {ends}"
        " / An announcement for where you live, {number} “{title}”: {starts} to {ends}",
        to=_NEAR, when="发布或扩大范围时 / when it is announced, or comes to more places",
    ),
    "INCIDENT_MOVED": Tells(
        "通告 {number}“{title}”时间有变:现为 {starts} 至 {ends}"
        " / What was announced as {number} “{title}” has other times now: {starts} to {ends}",
        to="已收到该通告的居民 / who was told of it", when="起止时间变更时 / when its times change",
    ),
    "INCIDENT_OVER": Tells(
        "通告 {number}“{title}”已恢复 / What was announced as {number} “{title}” is over",
        to=_NEAR, when="恢复时 / when it is over",
    ),
    "INCIDENT_OFF": Tells(
        "通告 {number}“{title}”已取消 / What was announced as {number} “{title}” does not happen",
        to=_NEAR, when="取消时 / when it is cancelled",
    ),
})  # fmt: skip
