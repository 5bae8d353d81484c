"""Which data about people steward keeps, table by table (`chassis/personal.py`)."""

from fivered.chassis.personal import OFFICE_STAYS, ROWS, WORK, Held, Use, of_things

_STAFF = "本社区工作人员;他人只见遮蔽后的 / officials of the community; others read it masked"
REGISTER = Use(
    purpose="登记辖区人员,联系与核对身份 / the register of people: reaching and knowing them",
    basis=("13(1)(3)", "34"),
    kept="登记期间;按申请删除 / while registered; erased when asked for",
    readers=_STAFF,
)
CHANGES = Use(
    purpose="登记更正可追溯 / what was put right in the register, and why",
    basis=("13(1)(3)",),
    kept="登记期间;按申请删除旧值 / while registered; former values are erased when asked for",
    readers=_STAFF,
)
REQUEST = Use(
    purpose="受理、办理、回访诉求 / taking, handling and answering a request",
    basis=("13(1)(3)", "34"),
    kept="办结后三年 / three years after its last step",
    readers="经办人、本社区工作人员 / who handles it, officials of the community",
    ends="sweep",
)
READS = Use(
    purpose="查阅个人信息留痕 / who read whose data",
    basis=("13(1)(3)",),
    kept="三年 / three years",
    readers="本人、审计员 / the person, the auditor",
    ends="sweep",
)
COUNTS = Use(
    purpose="限制每日查看号码、申请验证码的次数 / how many numbers somebody is shown on a day, "
    "and how many codes are asked for",
    basis=("13(1)(3)",),
    kept="31 天 / 31 days",
    readers="无 / nobody",
    ends="sweep",
)
CODES = Use(
    purpose="短信验证码登录 / codes to sign in, sent to a phone",
    basis=("13(1)(3)",),
    kept="号码与验证码交付后即清空,记录一个月 / number and code until they are handed over; that "
    "there was one, a month",
    readers="无 / nobody",
)
TOLD_BY = Use(
    purpose="按本人选择的渠道告知 / telling people by the channels that they choose",
    basis=("13(1)(3)",),
    kept="偏好与邮箱至本人更改;推送记录三个月,不含正文与号码 / choice and address until the person"
    " changes them; the log three months, without text and address",
    readers="无 / nobody",
)
POST = Use(
    purpose="管家岗位与公示 / posts of stewards and the contact board",
    basis=("13(1)(3)", "13(1)(1)"),
    kept="在岗期间;离岗后留编号 / while in post; the id stays afterwards",
    readers="社区;经本人同意公示 / the community; the public, where the steward agrees",
    consent="公示的同意及凭据:`stewards.board_consent`、"
    "`stewards.consent_ref`、`stewards.consent_by`"
    " / to be on the board, by which paper, and who noted it: the columns of a post",
)
HOURS = Use(
    purpose="志愿服务时长 / hours of volunteers",
    basis=("13(1)(1)",),
    kept="长期,仅编号与时长 / for good, as ids and hours",
    readers="组织者、本社区工作人员 / organisers, officials of the community",
    consent="`volunteer_hours`:无单独记录,登记人和确认人在该行"
    " / no record of its own: who entered and who confirmed it stands in the row",
)
_FIGURES = (
    "编号、类别、时间保留,已公布的数字可核对"
    " / ids, codes and times stay: published figures can be checked"
)

DATA_MAP = (
    Held(
        "persons", REGISTER, whose="person_id", given_up="merged_into",
        general="name phone birth_year is_adult household_id dwelling grid area",
        sensitive="id_no_mask birthday",
        hidden="phone_hmac id_no_hmac digest", things="merged_into status",
        erased="name phone phone_hmac id_no_mask id_no_hmac birth_year birthday grid household_id"
        " dwelling digest",
        stays="编号保留,账目与统计以它相连 / the id stays: accounts and figures refer to it",
    ),
    # By which names and dwellings a person is found.
    Held("person_digests", REGISTER, whose="person_id", hidden="digest", erased=ROWS),
    Held(
        "register_changes", CHANGES, whose="ref", general="before reason",
        others="actor_id", things="kind actor_role action fields", erased="reason before",
        stays="何时由谁更正 / that something was put right, and by whom",
    ),
    Held(
        "person_merges", CHANGES, whose="person_id", general="reason into",
        others="proposed_by decided_by", things="merge_id state", erased="reason", stays=_FIGURES,
    ),
    Held(
        "person_deaths", CHANGES, whose="person_id", others="proposed_by decided_by",
        things="death_id state", stays=_FIGURES,
    ),
    Held(
        "corrections", CHANGES, whose="person_id", general="wanted reason",
        others="decided_by", things="correction_id state", erased="wanted reason",
        stays="何时由谁更正 / that something was put right, and by whom",
    ),
    Held(
        "erasures", CHANGES, whose="person_id", general="reason receipt",
        others="asked_by decided_by", things="erasure_id state", erased="reason receipt",
        stays="何时由谁删除 / that it was erased, and by whom",
    ),
    Held(
        "person_reads", READS, whose="person_id", general="reason",
        others="actor_id", things="actor_role door why field request_id",
        stays="三年内可查谁看过 / for three years it can be asked who has looked",
    ),
    Held("reveal_counts", COUNTS, others="actor_id"),
    Held(
        "phone_codes", CODES, whose="person_id", hidden="phone digits",
        things="code_id state error", erased=ROWS, fades=ROWS, over="until", months=1,
    ),
    Held("code_limits", COUNTS, hidden="subject"),
    Held(
        "message_choices", TOLD_BY, whose="person_id", general="email email_new",
        hidden="email_digits wechat", things="channels", erased=ROWS,
    ),
    Held(
        "deliveries", TOLD_BY, whose="person_id", general="said", others="retried_by",
        things="delivery_id message_id channel state error source kind settled",
        erased=ROWS, fades=ROWS, over="created_at", months=3,
    ),
    Held(
        "stewards", POST, whose="person_id", general="employer work_phone photo",
        others="consent_by",
        things="steward_id type duty status consent_ref backup buildings service_hours",
        erased="work_phone consent_ref employer photo", stays=OFFICE_STAYS,
    ),
    Held(
        "shifts", POST, whose="steward_id>stewards", others="planned_by attended_by",
        things="shift_id local_day place state", stays=OFFICE_STAYS,
    ),
    Held(
        "shift_swaps", POST, whose="from_steward>stewards", others="to_steward",
        things="swap_id shift_id for_shift state", stays=OFFICE_STAYS,
    ),
    Held("contact_boards", POST, others="entries published_by", things="reasons"),
    Held(
        "requests", REQUEST, whose="reporter_id",
        general="text media building rating_text external_ref reference",
        others="found_by handler handler_person first_handler tried reviewed_by recorded_by"
        " against checked_by note evidence",
        things="request_id number channel kind category priority clock project_id state outcome"
        " review merged_into topic_id standard_id subcategory",
        erased="text note rating_text media evidence external_ref reference building",
        stays=_FIGURES,
    ),
    Held(
        "request_references", REQUEST, whose="source request_id>requests", hidden="digest",
        things="channel reference", erased=ROWS,
    ),
    Held(
        "request_details", REQUEST, whose="request_id>requests", others="contact_id",
        things="place problem room_id", erased=ROWS,
    ),
    Held(
        "intake_items", REQUEST, whose="reporter_id",
        general="text phone sender building reference client_key",
        others="decided_by", hidden="digest",
        things="item_id source channel kind category state request_id reason note",
        erased="text phone sender building reference client_key",
        fades="text phone sender building reference client_key", over="received_at", months=36,
        stays=_FIGURES,
    ),
    Held(
        "request_timeline", REQUEST, whose="request_id>requests", others="actor_id detail",
        things="action actor_role state", erased="detail", stays=_FIGURES,
    ),
    Held(
        "request_notes", REQUEST, whose="request_id>requests", general="text receipt",
        others="internal author_id", things="note_id kind author_role",
        erased="text internal receipt", stays=_FIGURES,
    ),
    Held(
        "request_calls", REQUEST, whose="request_id>requests", general="phone record_ref",
        others="note by_id", hidden="phone_hmac", things="call_id direction by_role",
        erased="phone phone_hmac note record_ref", stays=_FIGURES,
    ),
    Held(
        "request_pauses", REQUEST, others="asked_by decided_by reason",
        things="pause_id request_id ground state",
    ),
    Held(
        "request_escalations", REQUEST, others="person_id official_id",
        things="escalation_id request_id",
    ),
    Held(
        "return_visits", REQUEST, whose="request_id>requests", general="note record_ref",
        others="called_by", things="return_visit_id reason state outcome", erased="note record_ref",
        fades="note record_ref", over="called_at", months=36, stays=_FIGURES,
    ),
    Held("reply_templates", WORK, others="changed_by", things="template_id category title state"
         " text_zh text_en"),
    Held("reply_template_versions", WORK, others="changed_by",
         things="template_id category title state text_zh text_en"),
    Held(
        "co_handlings", REQUEST, others="steward_id person_id asked_by reason answer",
        things="co_handling_id request_id duty state",
    ),
    Held("request_clocks", REQUEST, others="handler", things="request_id which project_id"),
    Held(
        "volunteer_hours", HOURS, whose="person_id", general="activity",
        others="recorded_by confirmed_by", hidden="digest", things="record_id source state",
        stays=_FIGURES,
    ),
    Held(
        "hazards", REQUEST,
        fades="media", over="created_at", months=36,
        whose="reporter_id", general="place media",
        others="reported_by verified_by mended_by", things="hazard_id category state request_id",
        erased="media", stays=_FIGURES,
    ),
    Held(
        "visits", WORK, whose="person_id",
        general="household_id building findings client_id client_key",
        others="steward_id", things="visit_id purpose period request_id",
        erased="household_id findings building", stays=_FIGURES,
    ),
    Held(
        "visit_plans", WORK, whose="person_id", general="household_id reason",
        others="steward_id planned_by", things="plan_id period care state",
        erased="household_id reason", stays=_FIGURES,
    ),
    Held(
        "volunteer_activities", WORK, others="organiser",
        things="activity_id title place text state reason",
    ),
    Held(
        "activity_signups", HOURS, whose="person_id", others="signed_by",
        things="signup_id activity_id state record_id", stays=_FIGURES,
    ),
    Held("liaisons", WORK, others="person_id official_id", things="link_id target_kind target"),
    Held("parties", WORK, others="person_id", things="ref post"),
    Held(
        "calendar_proposals", WORK, others="proposed_by decided_by",
        things="proposal_id off make_up source state reason",
    ),
    Held(
        "grid_changes", WORK, others="proposed_by decided_by",
        things="change_id kind community grids into rest state reason note",
    ),
    Held(
        "service_standards", WORK, others="proposed_by decided_by",
        things="standard_id state based_on source content reason",
    ),
    *of_things(
        areas="name kind successors",
        shapes="shape_code kind geometry",
        places="place_code kind parent name mode project_id area_m2 occupancy",
        known_incidents="incident_id grid number kind nature title buildings",
        project_grids="project_id",
        projects="project_id status company_id buildings",
        intake_results="source item_id step request_id detail",
        request_numbers="day",
        score_months="period steward_id duty type employer score own_mean prior",
        steward_grades="steward_id period settlement_id grade",
        steward_grids="steward_id",
    ),
)  # fmt: skip
