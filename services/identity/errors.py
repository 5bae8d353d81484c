"""Why the identity service says no, in both languages."""

from fivered.chassis.refusal import CALLER_DECEASED, CALLER_MERGED, Guard, Refusal


class SignInFailed(Refusal):
    """Whether the name, the password or the code was wrong is not told."""

    status = 401
    of_caller = True
    text = "账号、密码或验证码不正确 / The account, the password or the code is wrong"


class CodeRequired(Refusal):
    status = 401
    of_caller = True
    everyday = True
    text = "请输入身份验证器上的 6 位验证码 / Enter the 6-digit code of the authenticator"


class PhoneCodeFailed(Refusal):
    """Whether the phone is registered, and whether the code is on its way, is not told."""

    status = 401
    of_caller = True
    text = (
        "验证码不正确、尚未生效或已失效;请核对,或稍后重新申请"
        " / The code is wrong, not valid yet, or not valid any more: look again, or ask for another"
    )


class FactorFirst(Refusal):
    status = 403
    of_caller = True
    text = (
        "工作人员须先用密码登录并启用身份验证器,才能用短信验证码登录;没有密码的,请管理员为您新建或重置账号"
        " / Staff sign in by password and turn an authenticator on before they sign in by phone; "
        "who has no password asks an administrator to make the account, or to reset it"
    )


class PasswordMustChange(Refusal):
    status = 403
    of_caller = True
    text = (
        "一次性密码只能用于设置新密码:请同时提交 new_password"
        " / A one-time password only sets a new one: send new_password with it"
    )


class TooManyTries(Refusal):
    status = 429
    of_caller = True
    text = "尝试次数过多,请 {seconds} 秒后再试 / Too many tries; try again in {seconds} s"


class SessionEnded(Refusal):
    status = 401
    of_caller = True
    text = "登录已结束,请重新登录 / The session has ended; sign in again"


class InvalidClient(Refusal):
    """Whether the account, its secret or its state was wrong is not told."""

    status = 401
    of_caller = True
    text = "系统账号或密钥不正确 / The service account or its secret is wrong"


class InvalidScope(Refusal):
    status = 400
    of_caller = True
    text = "范围不在此系统账号之内:{scope} / This service account has no such scope: {scope}"


class UnsupportedGrantType(Refusal):
    status = 400
    of_caller = True
    text = "只支持 client_credentials / Only client_credentials is supported"


class ProviderMissing(Refusal):
    status = 404
    text = "本系统未接入统一身份认证 / This installation has no provider of sign-in"


class ProviderUnavailable(Refusal):
    """It is away, too slow, or says what nobody can read."""

    status = 503
    of_caller = True
    text = (
        "统一身份认证暂时不可用,请稍后再试,或用密码登录"
        " / The provider of sign-in is not available; try again later, or sign in by password"
    )


class ProviderRefused(Refusal):
    """What came back from the provider does not fit what was begun; the log says why."""

    status = 401
    of_caller = True
    text = (
        "统一身份认证登录未完成,请重新开始"
        " / The sign-in at the provider was not completed; begin again"
    )


class ProviderUnbound(Refusal):
    """Nobody is known by a name or an address of mail: an administrator binds the account."""

    status = 403
    of_caller = True
    text = "此身份尚未绑定账号,请联系管理员 / No account is bound to it; ask an administrator"


class ProviderBound(Refusal):
    status = 409
    text = "此身份已绑定另一账号 / Another account is bound to this identity"


class AccountClosed(Guard):
    text = "账号已停用 / The account is closed"


class AccountExists(Refusal):
    status = 409
    text = "登录名已被使用:{login} / The login name is taken: {login}"


class LoginTaken(Refusal):
    """Told to who has shown the code on paper of the account that is named."""

    status = 409
    text = (
        "登录名 {login} 已被他人使用;您的账号登录名是 {own},请用它或另选一个"
        " / The login name {login} is somebody else's; that of your account is {own}: send it, or "
        "choose another one"
    )


class PersonHasAccount(Refusal):
    status = 409
    text = (
        "此人已有账号 {account_id}(登录名 {login});忘记密码的,请重置该账号"
        " / The person has the account {account_id} (login {login}) already: reset that one where "
        "its password is lost"
    )


class PersonHasAccountElsewhere(Refusal):
    """Whose account it is, and where, is not told to who does not administer it."""

    status = 409
    text = (
        "此人已有账号,不在您的管理区域内;请由上级管理员新建或重置"
        " / The person has an account that is administered beyond your area; an administrator "
        "above makes or resets it"
    )


class PasswordWeak(Guard):
    text = "密码不符合要求:{reason} / The password will not do: {reason}"


class PasswordWrong(Guard):
    denial = True
    text = "当前密码不正确 / The present password is wrong"


class FactorPresent(Refusal):
    status = 409
    text = (
        "已启用身份验证器;更换前请先由管理员重置"
        " / There is an authenticator already; an administrator resets it first"
    )


class FactorNotBegun(Guard):
    text = "请先申请身份验证器密钥 / Ask for an authenticator's secret first"


class CodeWrong(Guard):
    denial = True
    text = "验证码不正确或已用过 / The code is wrong, or was used already"


class UnknownPerson(Guard):
    text = (
        "人员 {person_id} 未登记或已不在册;刚登记的,请稍后再试"
        " / {person_id} is not registered any more, or not yet; if the registration is new, try "
        "again in a moment"
    )


class ScopeForRole(Guard):
    text = "{role}的区域代码应为 {digits} 位 / The area code of {role} has {digits} digits"
    names = ("role",)


class UnknownArea(Guard):
    text = (
        "区域 {area} 未登记;刚登记的,请稍后再试"
        " / There is no area {area}; if it was entered just now, try again in a moment"
    )


class RolesExclude(Guard):
    """Who audits reads what administrators do: nobody is both, nor proposed for both."""

    text = (
        "此人已是{held}({scope})或已被提名,不能再任{role}:审计员监督管理员,不得由同一人担任;"
        "请先终止前者或驳回其提名"
        " / The person is {held} in {scope}, or proposed for it, and cannot be {role} too: an "
        "auditor watches over administrators, so nobody is both; end or refuse the former first"
    )
    names = ("role", "held")


class OwnGrant(Guard):
    denial = True
    text = "不能为自己提出或批准授权 / Nobody proposes or approves a right of their own"


class SecondPerson(Guard):
    denial = True
    text = "授权须由另一人批准 / Another person approves what one has proposed"


class GrantExists(Refusal):
    status = 409
    text = "此授权已存在:{id} / There is this right already: {id}"


class GrantOfFact(Guard):
    text = (
        "此授权来自登记事实({source}),随事实终止,不能在此终止"
        " / This right follows from what is registered ({source}) and ends with it, not here"
    )


class EnrolmentUnusable(Guard):
    denial = True
    text = "激活码不正确、已用过或已过期 / The code is wrong, was used, or is too old"


class NotYours(Guard):
    denial = True
    text = "不能为本人办理 / Not for oneself"


class CallerMerged(Refusal):
    status = 403
    of_caller = True
    text = CALLER_MERGED


class CallerDeceased(Refusal):
    status = 403
    of_caller = True
    text = CALLER_DECEASED


class DistrictBegun(Refusal):
    status = 409
    text = (
        "本系统已有 {count} 名区级管理员,不能再从命令行添加"
        " / This installation has {count} administrators of the district already; none is added "
        "from the command line"
    )


class StaffAccount(Guard):
    denial = True
    text = (
        "此人使用工作人员账号,请由管理员重置"
        " / The person has an account of staff; an administrator resets it"
    )


class AccountAbove(Guard):
    denial = True
    text = (
        "此人在 {scope} 有授权,超出您的管理区域,请由上级管理员办理"
        " / The person has a right in {scope}, beyond your area; an administrator above does this"
    )


class OwnAccount(Guard):
    denial = True
    text = (
        "不能管理自己的账号,请由上级管理员办理"
        " / Nobody administers the own account; an administrator above does this"
    )


class OnceUsed(Refusal):
    status = 409
    text = (
        "这是重复的请求,其一次性密码已被使用;如需重置请发起新的请求"
        " / The request is a repeated one, and its password was used; a reset is a new request"
    )
