"""What identity tells people: of their account, their rights, and what waits for their word."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fivered.chassis.tells import Tells

_OWNER = "账号本人 / whose account it is"
_DECIDERS = "可批准的其他人 / who else may approve it"
_PROPOSER = "提出人 / who proposed it"

TELLS: Mapping[str, Tells] = MappingProxyType({
    # ---------------------------------------------------------------- one's account
    "SIGN_IN_NEW": Tells(
        "您的账号刚在未用过的设备或网络登录;如非本人,请立即修改密码并结束该登录"
        " / Your account was just signed in to from a device or network that is new to it; if that "
        "was not you, change your password and end that session at once",
        to=_OWNER, when="在未用过的设备和网络登录时 / at a sign-in from a new device and place",
        group="ACCOUNT", urgent=True,
    ),
    "PASSWORD_CHANGED": Tells(
        "您的密码已修改;如非本人,请立即联系社区重置账号"
        " / Your password was changed; if you did not do it, have your account reset at once",
        to=_OWNER, when="修改密码时 / when it is changed", group="ACCOUNT", urgent=True,
    ),
    "FACTOR_ON": Tells(
        "您的账号已启用身份验证器 / An authenticator was turned on for your account",
        to=_OWNER, when="启用时 / when it is turned on", group="ACCOUNT", urgent=True,
    ),
    "SESSION_REUSED": Tells(
        "您的一次登录凭据被重复使用,可能被盗,该登录已结束;请重新登录并检查登录列表"
        " / A token of one of your sessions was used twice and may have been stolen; that session "
        "has ended: sign in anew and look at your sessions",
        to=_OWNER, when="已用过的令牌再次出现时 / when a used token comes again",
        group="ACCOUNT", urgent=True,
    ),
    "ACCOUNT_RESET": Tells(
        "您的账号已由工作人员重置,全部登录已结束。理由:{reason}"
        " / Your account was reset by staff and all its sessions have ended. Reason: {reason}",
        to=_OWNER, when="重置时 / when staff reset it", group="ACCOUNT", urgent=True,
    ),
    "ACCOUNT_LOCKED": Tells(
        "您的账号已锁定。理由:{reason} / Your account was locked. Reason: {reason}",
        to=_OWNER, when="锁定时 / when staff lock it", group="ACCOUNT", urgent=True,
    ),
    "ACCOUNT_UNLOCKED": Tells(
        "您的账号已解锁。理由:{reason} / Your account was unlocked. Reason: {reason}",
        to=_OWNER, when="解锁时 / when staff unlock it", group="ACCOUNT",
    ),
    "ACCOUNT_CLOSED": Tells(
        "您的账号已停用。理由:{reason} / Your account was closed. Reason: {reason}",
        to=_OWNER, when="停用时 / when staff close it", group="ACCOUNT", urgent=True,
    ),
    "PROVIDER_BOUND": Tells(
        "您的账号已绑定统一身份认证;如非您要求,请联系办理单位"
        " / Your account was bound to an identity at the provider; if you did not ask for it, call "
        "the office that did it",
        to=_OWNER, when="工作人员绑定时 / when staff bind it", group="ACCOUNT", urgent=True,
    ),
    "PROVIDER_UNBOUND": Tells(
        "您的账号已解除统一身份认证绑定"
        " / The binding of your account to an identity at the provider was taken away",
        to=_OWNER, when="工作人员解除时 / when staff take it away", group="ACCOUNT", urgent=True,
    ),
    "SIGN_IN_PHONE_ENDED": Tells(
        "您的登记手机号已更改,凭原号码的登录已结束"
        " / The phone registered for you has changed; what was signed in by the one "
        "before has ended",
        to=_OWNER, when="登记的手机号更改时 / when the registered phone changes",
        group="ACCOUNT", urgent=True,
    ),
    # ---------------------------------------------------------------- one's rights
    "RIGHT_GIVEN": Tells(
        "您获得角色:{role}(区域 {scope}) / You act as {role} in area {scope} from now on",
        to="被授权人 / who has the right", when="授权批准时 / when it is approved",
        group="ACCOUNT",
    ),
    "RIGHT_ENDED": Tells(
        "您的角色已终止:{role}(区域 {scope})。理由:{reason}"
        " / You act as {role} in area {scope} no more. Reason: {reason}",
        to="被授权人 / who had the right", when="授权被终止时 / when somebody ends it",
        group="ACCOUNT",
    ),
    "RIGHT_ENDS_SOON": Tells(
        "您的角色 {role}(区域 {scope})将于 {until} 到期"
        " / You act as {role} in area {scope} until {until}",
        to="被授权人 / who has the right", when="到期前 14 天 / 14 days before it runs out",
        group="ACCOUNT",
    ),
    "RIGHT_RAN_OUT": Tells(
        "您的角色已到期:{role}(区域 {scope}) / Your time as {role} in area {scope} is over",
        to="被授权人 / who had the right", when="到期后一日内 / within a day after it has run out",
        group="ACCOUNT",
    ),
    # ---------------------------------------------------------------- who decides, and what became
    "GRANT_ASKED": Tells(
        "有一项授权待您批准:{role}(区域 {scope})"
        " / A right waits for your approval: {role} in area {scope}",
        to=_DECIDERS, when="提出时 / when it is proposed", group="DUTIES",
    ),
    "GRANT_APPROVED": Tells(
        "您提出的授权已批准:{role}(区域 {scope})"
        " / The right that you proposed is approved: {role} in area {scope}",
        to=_PROPOSER, when="批准时 / when it is approved",
    ),
    "GRANT_REFUSED": Tells(
        "您提出的授权被驳回:{role}(区域 {scope})。理由:{reason}"
        " / The right that you proposed, {role} in area {scope}, was refused. Reason: {reason}",
        to=_PROPOSER, when="驳回时 / when another person refuses it",
    ),
    "GRANT_END_ASKED": Tells(
        "有人提出终止一项授权,须另一人同意:{role}(区域 {scope})"
        " / The end of a right is proposed and takes a second person: {role} in area {scope}",
        to="同级其他管理员、被授权人 / the other administrators there, and who has the right",
        when="提出终止时 / when it is proposed", group="DUTIES", urgent=True,
    ),
    "GRANT_END_AGREED": Tells(
        "您提出终止的授权已终止:{role}(区域 {scope})"
        " / The right whose end you proposed, {role} in area {scope}, has ended",
        to=_PROPOSER, when="另一人同意时 / when another person has agreed",
    ),
    "GRANT_END_REFUSED": Tells(
        "您提出的终止授权被驳回:{role}(区域 {scope})。理由:{reason}"
        " / The end that you proposed of {role} in area {scope} was refused. Reason: {reason}",
        to=_PROPOSER, when="驳回时 / when another person refuses it",
    ),
    "SYSTEM_ASKED": Tells(
        "有一个系统账号待您批准:{name}(区域 {scope})"
        " / A service account waits for your approval: {name} in area {scope}",
        to=_DECIDERS, when="提出时 / when it is proposed", group="DUTIES",
    ),
    "SYSTEM_APPROVED": Tells(
        "您提出的系统账号已批准:{name} / The service account that you proposed is approved: {name}",
        to=_PROPOSER, when="批准时 / when it is approved",
    ),
    "SYSTEM_REFUSED": Tells(
        "您提出的系统账号被驳回:{name}。理由:{reason}"
        " / The service account that you proposed, {name}, was refused. Reason: {reason}",
        to=_PROPOSER, when="驳回时 / when another person refuses it",
    ),
    "SYSTEM_ENDED": Tells(
        "您提出的系统账号已终止:{name}。理由:{reason}"
        " / The service account that you proposed, {name}, was ended. Reason: {reason}",
        to=_PROPOSER, when="他人终止时 / when another person ends it",
    ),
})  # fmt: skip
