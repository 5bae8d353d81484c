"""Which data about people credit keeps, table by table (`chassis/personal.py`).

Of a person there are ids, codes, figures and what the person wrote; no name and no number.
"""

from fivered.chassis.personal import OFFICE_STAYS, ROWS, WORK, Held, Use, of_things

# A person's own account, and that of each post as a steward.
_PERSON = "subject_id=RES:{} subject_id=STW:{}>stewards"
# Which version of the notice, by which way, when and by whom; the texts themselves.
_CONSENTS = (
    "`consents`、`consent_spans`、`consent_acts`;告知书全文 `consent_notices`"
    " / these three; the texts of the notice in the last"
)
_CLERKS = "本人、经办人、审计员 / the person, who handles it, the auditor"
REGISTER = Use(
    purpose="谁住在何处,决定由谁服务 / who is registered where",
    basis=("13(1)(3)",),
    kept="长期,仅编号 / for good, as ids",
    readers="无 / nobody",
)
CONSENT = Use(
    purpose="信用参与授权 / consent to scoring, points and public lists",
    basis=("13(1)(1)",),
    kept="长期:证明当时有授权 / for good: it proves what was agreed when",
    readers=_CLERKS,
    consent=_CONSENTS,
)
CREDIT = Use(
    purpose="信用分与积分 / score and points",
    basis=("13(1)(1)",),
    kept="长期,仅编号;账目不可更改 / for good, as ids: the ledger never changes",
    readers="本人;经本人同意公示等级 / the person; the grade in public lists, with consent",
    consent=_CONSENTS,
)
BASE = Use(
    purpose="计分依据 / what a score is computed from",
    basis=("13(1)(1)", "13(1)(3)"),
    kept="最后一次计分失效后,按设置的月数 / some months after the last award of it has expired",
    readers="审计员 / the auditor",
    ends="sweep",
    consent=_CONSENTS,
)
OBJECTION = Use(
    purpose="异议、申诉、修复 / objections, appeals, repair",
    basis=("13(1)(1)", "13(1)(3)"),
    kept="结果长期;文字三年,可提前申请删除 / for good; the words for three years, or until erased",
    readers=_CLERKS,
    consent="`objections`、`repairs`、`nominee_objections`、`rule_comments`:本人提交的记录本身"
    " / the row itself that the person filed",
)
MESSAGE = Use(
    purpose="告知本人 / what the person was told",
    basis=("13(1)(3)",),
    kept="三年,可提前申请删除 / three years, or until erased",
    readers="本人 / the person",
)
_LEDGER = (
    "账目与已公布月份不可更改,只余编号 / ledger and published months never change; an id is left"
)
_PROOF = "证明当时有授权 / proves what was agreed when"
_DECIDED = "处理结果属已公布月份 / what was decided is part of published months"

DATA_MAP = (
    Held(
        "people", REGISTER, whose="person_id", general="grid area household_id",
        things="state sequences", erased="grid household_id", stays=_LEDGER,
    ),
    Held("merged_people", REGISTER, whose="person_id", given_up="into_id", general="into_id",
         stays=_LEDGER),
    Held("homes", REGISTER, whose="person_id", general="grid household_id", erased=ROWS),
    Held("subjects", CREDIT, whose=_PERSON, others="holder", things="kind ref state",
         stays=_LEDGER),
    Held("states", CREDIT, whose=_PERSON, things="state", stays=_LEDGER),
    Held("places", CREDIT, whose=_PERSON, stays=_LEDGER),
    Held(
        "consents", CONSENT, whose="person_id", others="granted_by proposed_by",
        things="consent_id subject_id state notice_version purposes channel evidence_ref",
        erased="evidence_ref", stays=_PROOF,
    ),
    Held(
        "consent_proposals", CONSENT, whose="person_id", general="household_id",
        others="proposed_by decided_by",
        things="proposal_id subject_id notice_version purposes channel evidence_ref state",
        erased="evidence_ref household_id", stays=_PROOF,
    ),
    Held("consent_spans", CONSENT, whose=_PERSON, others="ended_by", things="purpose",
         stays=_PROOF),
    Held("consent_acts", CONSENT, whose="person_id", others="acted_by proposed_by",
         things="consent_id act notice_version purposes channel evidence_ref",
         erased="evidence_ref", stays=_PROOF),
    Held("consent_notices", WORK, others="proposed_by decided_by",
         things="consent_notice_id notice_version texts state reason"),
    Held(
        "awards", CREDIT, whose=_PERSON,
        others="actor_id proposed_by decided_by approved_by reason proposal evidence inputs",
        things="kind rule_set rule_code source fact deed level period to_period points_period"
        " cap_window decides state cause cause_ref objection_no document_no waits_for",
        stays=_LEDGER,
    ),
    Held("hours", BASE, whose=_PERSON, others="confirmed_by",
         things="rule_code record_id source period", stays=_LEDGER),
    Held("facts", BASE, others="subject data", things="period source fact"),
    Held("measures", BASE, whose=_PERSON, others="data",
         things="period source fact rows gates_failed", stays=_LEDGER),
    Held(
        "entries", CREDIT, whose=_PERSON,
        things="settlement_id period kind raw_grade grade gates_failed state", hidden="hash",
        stays=_LEDGER,
    ),
    Held("pendings", CREDIT, whose=_PERSON, things="period", stays=_LEDGER),
    Held("wallets", CREDIT, whose=_PERSON, stays=_LEDGER),
    Held("lots", CREDIT, whose=_PERSON, things="period", stays=_LEDGER),
    Held("holds", CREDIT, whose=_PERSON, things="hold_id partner_id state reason split",
         stays=_LEDGER),
    Held("debts", CREDIT, whose=_PERSON, things="period", stays=_LEDGER),
    Held("postings", CREDIT, whose=_PERSON, things="kind ref period", stays=_LEDGER),
    Held("lines", CREDIT, whose="owner=RES:{} owner=STW:{}>stewards", things="side", stays=_LEDGER),
    Held("certificates", CREDIT, whose=_PERSON,
         things="code number commendation_id state", stays=_LEDGER),
    Held(
        "nominees", CREDIT, whose=_PERSON, general="reason grounds",
        others="nominated_by revoked_by review revoked_because",
        things="commendation_id state certificate", erased="reason", stays=_LEDGER,
    ),
    Held(
        "nominee_objections", OBJECTION,
        fades="text", over="decided_at", months=36,
        whose="person_id", general="text",
        others="subject_id decided_by reasons", things="objection_id commendation_id state",
        erased="text", stays=_DECIDED,
    ),
    Held(
        "objections", OBJECTION,
        fades="text grounds evidence review_grounds", over="decided_at", months=36,
        whose="person_id", general="text grounds evidence review_grounds",
        others="filed_by decided_by reviewed_by",
        things="objection_id number kind target target_id subject_id settlement_id period state"
        " extension_reasons decided_role outcome reasons review_outcome review_reasons receipt_no",
        erased="text grounds evidence review_grounds receipt_no", stays=_DECIDED,
    ),
    Held(
        "repairs", OBJECTION,
        fades="text", over="decided_at", months=36,
        whose="person_id", general="text evidence",
        others="accepted_by checked_by decided_by",
        things="repair_id number subject_id severity state finding reasons from_period",
        erased="text", stays=_DECIDED,
    ),
    Held("rule_comments", OBJECTION,
         fades="text", over="filed_at", months=36,
         whose="person_id", general="text",
         things="comment_id rule_set_id rule_code", erased="text",
         stays="征求意见的条数 / how many comments there were"),
    Held("messages", MESSAGE,
         fades=ROWS, over="created_at", months=36,
         whose="person_id", others="detail",
         things="message_id subject_id code ref", erased=ROWS),
    Held("posts", WORK, whose="person_id", things="subject_id post_ref",
         stays=OFFICE_STAYS),
    Held("stewards", WORK, whose="person_id", things="steward_id type duty",
         stays=OFFICE_STAYS),
    Held("budget_grants", WORK, others="proposed_by decided_by",
         things="grant_id basis state reason"),
    Held(
        "commendations", WORK,
        others="opened_by reviewed_by approved_by cancelled_by",
        things="commendation_id number title form level kind criteria from_period to_period"
        " approval_doc_no state notice_id cancelled_because",
    ),
    Held("exports", WORK, others="requested_by",
         things="export_id kind format params state name sha256"),
    Held("month_logs", BASE, others="body", things="settlement_id"),
    Held(
        "notices", WORK, others="body withdrawn_by corrected_by",
        things="notice_id number kind period settlement_id corrects digest state commendation_id"
        " withdrawn_because",
    ),
    Held(
        "rule_sets", WORK, others="author publisher approved_by retired_by authors",
        things="rule_set_id code version state legal_review body digest title based_on notice_id"
        " retired_because topic_id resolution_no",
    ),
    Held(
        "settlements", WORK, others="reviewed_by confirmed_by checked to_check",
        things="settlement_id period state missing digest rule_set notice_id",
    ),
    Held(
        "vetoes", WORK, others="imposed_by confirmed_by lifted_by",
        things="subject_id rule_code from_period to_period state document_no hearing_ref reasons",
    ),
    Held("what_if_parts", BASE, others="subject_id body", things="job_id side rule_code deed"),
    Held("what_if_subjects", BASE, others="subject_id",
         things="job_id kind grade_before grade_after"),
    *of_things(
        areas="name kind",
        compounds="project_id",
        markers="source period",
        months="period draft_job",
        projects="project_id company_id status",
        system_accounts="account kind",
        what_if_sums="job_id what kind name",
    ),
)  # fmt: skip
