"""Which data about people identity keeps, table by table (`chassis/personal.py`)."""

from fivered.chassis.personal import ROWS, Held, Use, of_things

ACCOUNT = Use(
    purpose="登录 / signing in",
    basis=("13(1)(1)", "13(1)(3)"),
    kept="账号存续期间;注销或申请删除后清空 / while there is an account",
    readers="账号管理员 / who administers accounts of the area",
    consent="`accounts`:无单独记录,账号本身即是 / no record of its own: the account itself",
)
SESSION = Use(
    purpose="登录会话与设备 / sessions and devices",
    basis=("13(1)(1)", "13(1)(3)"),
    kept="结束后 30 天 / 30 days after the end",
    readers="本人 / the person",
    ends="sweep",
    consent="`sessions`:无单独记录,本人登录即是 / no record of its own: that the person signed in",
)
CODE = Use(
    purpose="首次登录的一次性代码 / codes on paper for the first sign-in",
    basis=("13(1)(3)",),
    kept="到期后一个月 / a month after they end",
    readers="发放人员 / who hands them out",
)
PHONE_CODE = Use(
    purpose="短信验证码登录 / codes sent to a phone to sign in with",
    basis=("13(1)(3)",),
    kept="到期后一个月,不含号码 / a month after they end; no phone",
    readers="无 / nobody",
)
RIGHT = Use(
    purpose="谁有何权限、为何 / who may do what, and why",
    basis=("13(1)(3)", "34"),
    kept="长期,仅编号 / for good, as ids",
    readers="账号管理员、审计员 / administrators of accounts, the auditor",
)
_STAYS = "公务权限属公务记录 / rights of office are records of office"

DATA_MAP = (
    Held(
        "people", RIGHT, whose="person_id", given_up="merged_into", general="grid",
        things="state merged_into sequences", erased="grid",
        stays="编号与状态 / the id and its state",
    ),
    Held(
        "accounts", ACCOUNT, whose="person_id", general="login provider_subject",
        hidden="password factor", others="created_by",
        things="account_id kind state provider_issuer factor_by_phone",
        erased="login password factor provider_subject", stays="编号 / the id",
    ),
    Held(
        "recovery_codes", ACCOUNT, whose="account_id>accounts", hidden="digest salt", erased=ROWS,
    ),
    Held("places", SESSION, whose="account_id>accounts", hidden="digest", erased=ROWS),
    Held(
        "tries", SESSION, hidden="subject", stays="30 天后删除 / gone after 30 days",
    ),
    Held(
        "sessions", SESSION, whose="person_id", general="device",
        things="session_id account_id ended_why", erased="device",
        stays="30 天后删除 / gone after 30 days",
    ),
    Held(
        "refresh_tokens", SESSION, whose="session_id>sessions", hidden="digest parent", erased=ROWS,
    ),
    Held("ties", RIGHT, others="people", things="source ref roles sequences"),
    Held(
        "grants", RIGHT, whose="person_id", general="role",
        others="reason proposed_by decided_by end_proposed_by end_reason",
        things="grant_id source ref state", stays=_STAYS,
    ),
    Held("endings", SESSION, others="ref", things="kind"),
    Held(
        "enrolments", CODE,
        fades=ROWS, over="until", months=1,
        whose="person_id", hidden="digest hashed", others="made_by",
        things="enrolment_id", erased=ROWS,
    ),
    Held(
        "phone_codes", PHONE_CODE,
        fades=ROWS, over="until", months=1,
        whose="person_id", hidden="digest", things="code_id session_id", erased=ROWS,
    ),
    Held("history", RIGHT, others="subject actor note", things="kind step state role"),
    Held(
        "service_accounts", RIGHT, others="proposed_by decided_by reason",
        things="service_account_id name scopes state",
    ),
    Held("service_secrets", RIGHT, hidden="digest", others="made_by", things="service_account_id"),
    Held(
        "operator_tokens", RIGHT, others="person_id grants made_by ended_by", things="token_id",
    ),
    *of_things(areas="code", signing_keys="key_id secret public", flows="digest"),
)  # fmt: skip
