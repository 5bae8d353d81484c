"""Which data about people forum keeps, table by table (`chassis/personal.py`)."""

from fivered.chassis.personal import OFFICE_STAYS, ROWS, WORK, Held, Use, of_things

REGISTER = Use(
    purpose="谁住在何处,决定谁参加 / who lives where, and so takes part",
    basis=("13(1)(3)",),
    kept="长期,仅编号 / for good, as ids",
    readers="无 / nobody",
)
TOPIC = Use(
    purpose="议题与意见 / topics, and what people say to them",
    basis=("13(1)(1)", "13(1)(3)"),
    kept="议事记录长期保存,不署名 / minutes are kept for good, without names",
    readers="公众(议题正文) / the public (the topic itself)",
    consent="`topics`、`cosigners`、`objections`:提交本身即是;"
    "代办人见 `topics.entered_by`"
    " / no record of its own: that it was filed; who entered it for somebody is in the row",
)
VOTE = Use(
    purpose="谁参加了表决;所投何票不与人相连 / who voted; not how",
    basis=("13(1)(1)", "13(1)(3)"),
    kept="议事记录长期保存 / minutes are kept for good",
    readers="本人、主持人 / the person, the host",
    consent="`roll`:无单独记录,参加表决即是 / no record of its own: that the person voted",
)
DRAW = Use(
    purpose="自愿参加抽选 / being drawn, of one's own will",
    basis=("13(1)(1)",),
    kept="撤回或申请删除前 / until withdrawn or erased",
    readers="社区工作人员 / officials of the community",
    consent="`opt_ins`:何时、由谁登记、回执、撤回 / when, entered by whom, receipt, withdrawal",
)
MESSAGE = Use(
    purpose="告知本人 / what the person was told",
    basis=("13(1)(3)",),
    kept="三年,可提前申请删除 / three years, or until erased",
    readers="本人 / the person",
)
OFFICE = Use(
    purpose="干部、代表、包联 / officials, deputies, liaison",
    basis=("13(1)(3)", "34"),
    kept="长期,仅编号 / for good, as ids",
    readers="公众(编号不公开) / the public, without the id",
)
_MINUTES = "议事记录以编号保留 / minutes stay, with the id"

DATA_MAP = (
    Held(
        "residents", REGISTER, whose="person_id", given_up="merged_into",
        general="grid household_id", things="ended merged_into sequences",
        erased="household_id", stays="编号与社区 / the id and its community",
    ),
    Held("opt_ins", DRAW, whose="person_id", general="receipt", others="entered_by withdrawn_by",
         erased=ROWS),
    Held(
        "topics", TOPIC, whose="proposer", general="title description new_facts appeal_reasons",
        others="entered_by hidden_reason note",
        things="topic_id number proposer_kind way category level scope source_request resubmits"
        " state session_id opinion_id merged_into request_id request_number reason appeal result",
        stays="议题已公开讨论,以编号保留 / a topic was discussed in public; it stays, with the id",
    ),
    Held("cosigners", TOPIC, whose="person_id", things="topic_id", stays=_MINUTES),
    Held(
        "objections", TOPIC, whose="person_id", general="text", others="reasons",
        things="objection_id topic_id opinion_id outcome state", erased="text", stays=_MINUTES,
    ),
    Held("objection_decisions", WORK, others="person_id", things="opinion_id side outcome reasons"),
    Held(
        "supervisions", TOPIC, whose="person_id", general="finding media",
        things="record_id task_id topic_id kind", erased="media", stays=_MINUTES,
    ),
    Held("supervisors", TOPIC, whose="person_id", things="task_id", stays=_MINUTES),
    Held("polls", VOTE, whose="person_id", things="topic_id", stays=_MINUTES),
    Held("roll", VOTE, whose="person_id", things="session_id topic_id", stays=_MINUTES),
    Held(
        "sealed_votes", VOTE, whose="person_id", hidden="sealed", things="session_id topic_id",
        stays="表决结束时销毁 / it goes when the vote closes",
    ),
    Held("votes", VOTE, whose="person_id", general="choice", things="session_id topic_id",
         stays="表决结束时销毁 / it goes when the vote closes"),
    Held(
        "invitations", VOTE, whose="person_id", general="home", others="delegate",
        things="invitation_id session_id capacity via tier source answer", stays=_MINUTES,
    ),
    Held("messages", MESSAGE,
         fades=ROWS, over="created_at", months=36,
         whose="person_id", others="detail",
         things="message_id code topic_id ref", erased=ROWS),
    Held("officials", OFFICE, whose="person_id", general="post", things="official_id tier state",
         stays=OFFICE_STAYS),
    Held("deputies", OFFICE, whose="person_id", things="deputy_id kind level state",
         stays=OFFICE_STAYS),
    Held("liaisons", OFFICE, whose="person_id", others="reason",
         things="link_id official_id tier target_kind target state", stays=OFFICE_STAYS),
    Held("org_people", OFFICE, whose="person_id", things="org_id", stays=OFFICE_STAYS),
    Held("project_posts", OFFICE, whose="person_id", things="appointment_id project_id direction",
         stays=OFFICE_STAYS),
    Held("projects", WORK, others="manager", things="project_id company_id grids status"),
    Held("analyses", WORK, others="decided_by", things="topic_id level urgency finding"),
    Held(
        "opinions", WORK, others="drafted_by",
        things="opinion_id topic_id session_id text decision dissent planned warnings state"
        " notice_number",
    ),
    Held("owners_votes", WORK, others="recorded_by", things="topic_id counts"),
    Held(
        "tasks", WORK, others="responsible_id supervisor_accepted cadre_accepted",
        things="task_id topic_id title responsible_kind funding state evidence work_id replaces",
    ),
    Held("sessions", WORK, others="host_id", things="session_id level place state seed reason"),
    Held(
        "escalations", WORK, others="person_id official_id reporter_id barred concerned done_by",
        things="escalation_id topic_id task_id deadline tier source ref objection_id number state"
        " outcome done",
    ),
    Held("history", WORK, others="actor detail", things="kind ref topic_id action state role"),
    *of_things(
        areas="kind",
        ballots="ballot_id session_id topic_id choice",
        deputy_streets="deputy_id street",
        numbers="series",
        orgs="org_id kind project_id",
        requests="request_id number",
        session_topics="session_id topic_id",
        vote_keys="session_id topic_id half",
    ),
)  # fmt: skip
