"""Refusals of what a desk does with a case beside its steps: notes, calls, pauses."""

from __future__ import annotations

from fivered.chassis.refusal import Guard, RoleDenied
from fivered.services.steward.errors import BadPhone


class TooManyNotes(Guard):
    text = (
        "该诉求今天的补充已达 {limit} 条,请明天再补充或电话联系承办人"
        " / {limit} additions were made to the request today; go on tomorrow, or call its handler"
    )


class NotesFull(Guard):
    text = "该诉求的备注已达 {limit} 条 / The request has {limit} notes, the most it can hold"


class RatedAlready(Guard):
    text = (
        "诉求已评价,不能再更正诉求人 / The request was rated: whose it is can no longer be changed"
    )


class BeyondReach(Guard):
    denial = True
    text = (
        "只能转到上一级辖区内的网格 {grid};更远的请由街道办理"
        " / {grid} lies beyond the area above yours; the street or the district moves it there"
    )


class NoPause(Guard):
    text = "紧急诉求不能暂停计时 / An emergency is not paused"


class PauseTooLong(Guard):
    text = "此事由一次最多暂停 {limit} 天 / For this ground a pause has {limit} days at most"


class PausesUsedUp(Guard):
    text = (
        "该诉求合计最多暂停 {limit} 天,还剩 {left} 天"
        " / The request may rest for {limit} days in all; {left} are left"
    )


class PauseStands(Guard):
    text = (
        "该诉求已暂停,或有待批的暂停申请"
        " / The request is paused already, or a pause waits to be decided"
    )


class NotPaused(Guard):
    text = "该诉求没有暂停 / The request is not paused"


class NobodyCalled(Guard):
    text = "该诉求没有记录来电号码 / No number of a caller is kept with the request"


class CallBadly(Guard):
    text = "来电须填写号码或录音编号 / Of a call say the number, or the number of its record"


class SolvedNeeded(Guard):
    text = "请填写诉求人是否认为已解决 / Say whether the reporter calls it solved"


class StillInTime(Guard):
    text = (
        "该诉求已派给他人,{until} 前可由其接单"
        " / Somebody else was given the request, and may accept it until {until}"
    )


class ReporterActs(Guard):
    text = (
        "诉求人有账号,由其本人操作;只能为无账号的诉求人代办"
        " / Who reported it has an account and acts there; staff speak only for one without"
    )


class ReceiptUnknown(Guard):
    text = (
        "凭据 {receipt} 不是本诉求的回执编号,也不是他人登记的本诉求通话录音编号"
        " / {receipt} is neither the number of this request's receipt nor that of the recording of"
        " a call about it which a colleague has noted"
    )


class NamesClosed(RoleDenied):
    code = RoleDenied.code
    text = (
        "角色“{role}”不按姓名查找诉求,请用手机号码、诉求编号或内容查找"
        " / The role {role} finds no requests by a name; search by phone, number or words"
    )


class BadCallerPhone(BadPhone):
    text = (
        "来电号码应为手机、固定电话(区号以 0 开头,可带分机)、400/800 号码或服务热线"
        " / The caller's number is no mobile, fixed line (area code first, with its extension), "
        "400/800 or service number"
    )


class ShiftOver(Guard):
    text = "班次须调整到尚未开始的时间 / A shift is moved to a time that is still ahead"


class TooFarAhead(Guard):
    text = "班次最早可提前一年排定 / A shift is planned a year ahead at most"


class SwapWithSelf(Guard):
    text = "不能与本人的岗位换班 / Nobody swaps a shift with a post of the own"


class SwapStands(Guard):
    text = (
        "该班次已有待答复的换班申请,请等对方答复或先撤回"
        " / The shift is offered to somebody who has not answered; wait, or take that back first"
    )


class PeopleLiveThere(Guard):
    text = (
        "“{place}”仍有居民登记,请先迁移或更正其住处;确需注销的,请填 insist"
        " / People are registered at {place}: move them or put their dwellings right first; to end"
        " it all the same, send insist"
    )
