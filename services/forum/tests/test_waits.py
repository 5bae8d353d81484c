"""What waits for residents, officials and whoever does the work, from topic to closing."""

from fivered.services.forum.service import Forum
from fivered.services.forum.tests.conftest import (
    ANA,
    BEN,
    CADRE,
    CAI,
    COMMUNITY,
    DEPUTY,
    MANAGER,
    NEIGHBOURS,
    SECRETARY,
    STREET,
    TEAM,
)
from fivered.services.forum.tests.test_escalations import late_request
from testkit.waits import Waits

LEADS = (SECRETARY, "R_SECRETARY", COMMUNITY)
CLERK = ("per_street", "R_STREET", STREET)
FAR = ("per_far", "R_SECRETARY", "370811015902")
ANAS = (ANA, "R_RESIDENT", COMMUNITY)
START = "2025-03-07T19:00:00+08:00"


def test_each_kind_waits_for_whom_may_act_and_is_gone_when_it_is_done(town):
    waits, bench = Waits(town.bench), town.bench

    def led(kind, of, act, to=LEADS, not_to=(ANAS, FAR)):
        return waits.until(kind, of, act, to=to, not_to=not_to)

    # A topic that is rejected, and appealed.
    refused = town.submit(BEN, title="楼道堆物")
    why = "不属于协商事项,请按物业合同办理。"
    led(
        "TOPIC_TO_SCREEN", refused,
        lambda: town.secretary() and town.on_topic("reject_topic", refused, reason="NOT_PUBLIC"),
    )  # fmt: skip
    town.resident(BEN).do("appeal_topic", {"topic_id": refused})
    led(
        "APPEAL_TO_REVIEW", refused, to=CLERK,
        act=lambda: town.street() and town.on_topic(
            "review_topic", refused, outcome="UPHELD", reasons=why
        ),
    )  # fmt: skip

    # One that goes all the way.
    topic = town.submit()
    led("TOPIC_TO_SCREEN", topic, lambda: town.adopt(topic))
    session = led("SESSION_TO_SCHEDULE", topic, lambda: town.schedule(topic, START))
    (invitation,) = waits.things("INVITATION_TO_ANSWER", *_of(ANAS))
    led(
        "INVITATION_TO_ANSWER", invitation, to=ANAS, not_to=[LEADS],
        act=lambda: town.resident().do(
            "answer_invitation", {"invitation_id": invitation, "answer": "YES"}
        ),
    )  # fmt: skip
    bench.at(START)
    present = [ANA, BEN, *NEIGHBOURS][:8]
    town.open(session, *present)
    led(
        "VOTE_TO_CAST", session, lambda: town.vote(session, topic, ANA, "FOR"), to=ANAS,
        not_to=[LEADS, (CAI, "R_RESIDENT", COMMUNITY)],
    )  # fmt: skip
    for who in present[1:]:
        town.vote(session, topic, who, "FOR")
    town.secretary()
    town.on_session("close_vote", session, topic_id=topic)
    assert waits.of(*ANAS[:1], ANAS[1:]).get("VOTE_TO_CAST") is None
    led("OPINION_TO_DRAFT", topic, lambda: town.opinion(topic), to=(CADRE, "R_CADRE", COMMUNITY))
    led(
        "OPINION_TO_PUBLICISE", topic,
        lambda: town.secretary() and town.on_topic("publicise_opinion", topic),
    )  # fmt: skip
    bench.fire("2025-03-13T00:00:00")
    works = [
        town.task(),
        town.task(title="张贴告示", responsible_kind="COMMUNITY", responsible_id=COMMUNITY),
    ]
    answer = led(
        "TASKS_TO_ASSIGN", topic,
        lambda: town.secretary() and town.on_topic("assign_tasks", topic, tasks=works),
    )  # fmt: skip
    painted, posted = (task["id"] for task in answer["tasks"])
    manager = (MANAGER, "R_PM", COMMUNITY)
    led(
        "TASK_TO_START", painted, to=manager, not_to=[(BEN, "R_PM", COMMUNITY)],
        act=lambda: bench.as_("R_PM", person=MANAGER, scope=COMMUNITY)
        and town.on_task("start_task", painted),
    )  # fmt: skip
    town.cadre()
    town.on_task("start_task", posted)
    cadre = (CADRE, "R_CADRE", COMMUNITY)
    led(
        "TASK_TO_DELIVER", posted, to=cadre, not_to=[manager, ANAS],
        act=lambda: town.cadre() and town.on_task("deliver_task", posted, evidence=["sha256:aa"]),
    )  # fmt: skip
    town.delivered(painted)
    watcher = (BEN, "R_RESIDENT", COMMUNITY)
    led(
        "TASK_TO_JUDGE", posted, to=watcher, not_to=[ANAS, (DEPUTY, "R_DEPUTY", STREET)],
        act=lambda: town.resident(BEN) and town.on_task("rework_task", posted, reason="告示不全,请补充张贴"),
    )  # fmt: skip
    led(
        "TASK_TO_REWORK", posted, to=cadre, not_to=[manager],
        act=lambda: town.cadre() and town.on_task("deliver_task", posted, evidence=["sha256:bb"]),
    )  # fmt: skip
    led(
        "TASK_TO_ACCEPT", painted, to=cadre, not_to=[watcher],
        act=lambda: town.cadre() and town.on_task("accept_task", painted, finding="合格"),
    )  # fmt: skip
    town.cadre("per_cadre_2")
    town.on_task("accept_task", posted, finding="合格")
    for task in (painted, posted):
        town.resident(BEN)
        town.on_task("accept_task", task, finding="合格")
    led("TOPIC_TO_CLOSE", topic, lambda: town.secretary() and town.on_topic("close_topic", topic))

    # What others have missed comes before the street's team.
    late_request(town, 2)
    (missed,) = bench.rows("SELECT escalation_id FROM escalations WHERE ref = 'req_1'")
    which = {"escalation_id": missed["escalation_id"]}
    team = (TEAM, "R_STREET_LEAD", STREET)
    done = which | {"outcome": "URGED", "done": "已约谈网格,今日上门"}
    for kind, step, body, number in (
        ("ESCALATION_TO_ACKNOWLEDGE", "acknowledge_escalation", which, 1),
        ("ESCALATION_TO_DECIDE", "decide_escalation", done, 2),
    ):
        led(
            kind, missed["escalation_id"], to=team, not_to=[("per_other", *team[1:]), cadre],
            act=lambda step=step, body=body, number=number: bench.as_(
                team[1], person=TEAM, scope=STREET
            ).do(step, body, version=number),
        )  # fmt: skip
    assert {row.kind for row in Forum.waits} == waits.proved


def _of(who):
    return who[0], who[1:]
