"""Which data about people property keeps, table by table (`chassis/personal.py`)."""

from fivered.chassis.personal import OFFICE_STAYS, ROWS, WORK, Held, Use, of_things

REGISTER = Use(
    purpose="谁住在何处,决定由谁服务 / who is registered where",
    basis=("13(1)(3)",),
    kept="长期,仅编号 / for good, as ids",
    readers="无 / nobody",
)
COMPLAINT = Use(
    purpose="投诉的受理与认定 / complaints and whether they hold",
    basis=("13(1)(3)", "34"),
    kept="长期,仅编号与结论 / for good, as ids and findings",
    readers="本人、认定人员 / the person, who decides",
)
MESSAGE = Use(
    purpose="告知投诉人 / what a complainant was told",
    basis=("13(1)(3)",),
    kept="三年,可提前申请删除 / three years, or until erased",
    readers="本人 / the person",
)
OWNERSHIP = Use(
    purpose="业主名册,业主共同决定据此计票 / who owns which room; the owners' votes count by it",
    basis=("13(1)(3)",),
    kept="长期,姓名不在此,仅编号 / for good, as ids; names are not kept here",
    readers="本人、社区与街道 / the owners themselves, community and street",
)
BALLOT = Use(
    purpose="业主共同决定的表决与计票 / the owners' votes and their count",
    basis=("13(1)(3)",),
    kept="长期,结果可复核 / for good, so that a result can be looked into",
    readers="本人、计票人员;公众只见合计 / the owners themselves, who counts; the public: totals",
)
OFFICE = Use(
    purpose="岗位与交叉任职 / posts, and who holds them",
    basis=("13(1)(3)", "34"),
    kept="长期,仅编号 / for good, as ids",
    readers="公众(编号不公开) / the public, without the id",
)
_COUNTED = "表决结果据此可复核 / by these the result of a vote can be looked into"
_FIGURES = "投诉率已公布,编号与结论保留 / complaint rates are published: id and finding stay"

DATA_MAP = (
    Held(
        "people", REGISTER, whose="person_id", given_up="merged_into", general="grid household_id",
        things="merged_into sequences", erased="grid household_id", stays="编号 / the id",
    ),
    Held(
        "complaints", COMPLAINT, whose="complainant_id", general="grid",
        others="decided_by contact_id",
        things="complaint_id request_id number project_id category period valid reason"
        " reason_code state outcome confirmed place problem room_id",
        stays=_FIGURES,
    ),
    Held(
        "undecided_complaints", COMPLAINT,
        fades="building", over="decided_at", months=36,
        whose="complainant_id", general="building",
        others="decided_by contact_id", things="undecided_id request_id number category"
        " claimed_project_id state reason complaint_id place problem room_id",
        erased="building", stays=_FIGURES,
    ),
    Held(
        "messages", MESSAGE,
        fades=ROWS, over="created_at", months=36,
        whose="person_id", general="said",
        things="message_id code complaint_id number said_code", erased=ROWS,
    ),
    Held(
        "appointments", OFFICE, whose="person_id",
        others="proposed_by secretary_by company_by filed_by",
        things="appointment_id project_id direction target_post committee_basis conflict_topics"
        " state minutes_ref letter_ref end_reason", stays=OFFICE_STAYS,
    ),
    Held("project_managers", OFFICE, whose="person_id", things="project_id", stays=OFFICE_STAYS),
    Held("cadres", OFFICE, whose="person_id", things="steward_id", stays=OFFICE_STAYS),
    Held("property_staff", OFFICE, whose="person_id", things="steward_id grids",
         stays=OFFICE_STAYS),
    Held("liaisons", OFFICE, whose="person_id",
         things="link_id tier target_kind target official_id", stays=OFFICE_STAYS),
    Held(
        "companies", WORK, others="representatives representatives_proposed"
        " representatives_proposed_by uscc_override_by",
        things="company_id name uscc uscc_override_reason representatives_document",
    ),
    Held(
        "projects", WORK, others="manager_person_id reopening_proposed_by",
        things="project_id company_id name grids operation_mode status predecessor_id buildings",
    ),
    Held("owners_committees", OFFICE, others="members chair",
         things="committee_id project_id kind state replaces end_reason"),
    Held("meeting_invitations", OFFICE, whose="person_id", general="note",
         things="invitation_id call_id side answer", erased="note", stays=OFFICE_STAYS),
    Held("minutes_present", OFFICE, whose="person_id", things="present_id meeting_id side",
         stays=OFFICE_STAYS),
    Held("meeting_calls", WORK, others="called_by",
         things="call_id project_id place agenda state meeting_id end_reason"),
    Held("meeting_minutes", WORK, others="drafted_by committee_by owners_by property_by",
         things="meeting_id project_id text text_sha256 files state"),
    Held("vote_voters", BALLOT, whose="person_id", things="voter_id vote_id room_id",
         stays=_COUNTED),
    Held("vote_lines", BALLOT, others="choice cast_by",
         things="vote_id rooms organisations line_sha256 via"),
    Held("vote_papers", BALLOT, others="choice entered_by decided_by",
         things="paper_id vote_id room_id paper_ref evidence state reason"),
    Held("vote_objections", BALLOT, whose="person_id", general="text", others="decided_by",
         things="objection_id vote_id project_id state reasons", erased="text", stays=_COUNTED),
    Held("owners_votes", WORK, others="called_by",
         things="vote_id number project_id title matter proposal topic_id repeats state abstentions"
         " unreturned roll_sha256 left_out counts document document_sha256 end_reason"),
    Held("room_owners", OWNERSHIP, whose="person_id",
         things="owning_id room_id organisation uscc document_ref",
         stays="产权登记与表决依据 / the register of ownership, by which votes were counted"),
    Held("seats", OFFICE, whose="person_id", things="seat_id body_id post reason",
         stays=OFFICE_STAYS),
    Held(
        "agreements", WORK, others="signed_by_project signed_by_community",
        things="agreement_id project_id type text_sha256 supersedes state end_reason",
    ),
    Held(
        "commitments", WORK, others="submitted_by accepted_by waived_by_project"
        " waived_by_community waived_by_street",
        things="commitment_id agreement_id project_id title responsible evidence_kinds state"
        " evidence waive_reason",
    ),
    Held(
        "tripartite_meetings", WORK, others="chair attendees observers",
        things="meeting_id project_id period minutes_sha256 decisions annul_reason",
    ),
    Held(
        "rectifications", WORK, others="issued_by submitted_by checked_by withdraw_proposed_by"
        " extended_by",
        things="rectification_id number project_id company_id severity facts basis media source"
        " complaint_id task_id meeting_id issued_role state evidence check_note level1_official"
        " level2_official withdraw_reason work_id extension_reason again_of",
    ),
    Held(
        "works", WORK, others="delivered_by",
        things="work_id project_id source task_id topic_id meeting_id title state evidence"
        " end_reason responsible",
    ),
    Held(
        "incidents", WORK, others="announced_by",
        things="incident_id number kind nature project_id grids buildings title text state updates"
        " announced_role",
    ),
    Held(
        "incident_followers", MESSAGE, fades=ROWS, over="since", months=36,
        whose="person_id", things="incident_id", erased=ROWS,
    ),
    Held(
        "disclosures", WORK, others="published_by",
        things="disclosure_id project_id kind title state doc_sha256 cancel_reason former",
    ),
    Held(
        "handover_items", WORK, others="handed_by received_by settled_by",
        things="item_id handover_id project_id new_project_id kind title concerns state remark"
        " files reason",
    ),
    Held(
        "quality_checks", WORK, others="found_good_by looked_by",
        things="check_id kind ref project_id state finding opened media",
    ),
    Held(
        "disclosure_versions", WORK, others="published_by",
        things="disclosure_id doc_sha256 text figures files note",
    ),
    Held(
        "restatements", WORK, others="restated_by",
        things="restatement_id project_id period kind reason complaint_id role",
    ),
    Held("history", WORK, others="actor detail", things="kind ref project_id what state role"),
    *of_things(
        agreement_items="agreement_id title responsible recurrence evidence_kinds",
        agreement_texts="agreement_id text",
        areas="kind",
        community_bodies="body_id kind name uscc project_id state document_ref replaces end_reason",
        cross_gaps="project_id direction",
        incident_grids="grid incident_id",
        handovers="handover_id project_id new_project_id state",
        grades="ref kind period grade gates_failed settlement_id",
        months="period",
        numbers="prefix",
        known_places="place_code kind name",
        project_households="project_id",
        rooms="room_id project_id building unit number place_key use holding document_ref"
        " place_code"
        " removed_reason",
        project_months="project_id period source origin measured sha256",
        steward_months="period projects",
        forum_topics="topic_id state sequences",
    ),
)  # fmt: skip
