"""What credit tells leaves for the phone of whoever speaks for a subject now."""

from fivered.services.credit.actions import telling
from fivered.services.credit.tests import stage


def test_what_is_told_of_a_subject_leaves_for_who_speaks_for_it_now(bench):
    for person in ("per_a", "per_b"):
        stage.register(bench, person, household="hh_1")
    stage.register(bench, "per_c", household="hh_1", adult=False)
    with bench.transaction() as tx:
        telling.tell(tx, "SUBJECT_REOPENED", subject_id="HH:hh_1", subject="HH:hh_1",
                     day="2025-03-03", reason="王家补交了材料")  # fmt: skip
        telling.tell(tx, "HOLDER_NAMED", person_id="per_b", subject="PTN:ptn_1")
    bench.fire(bench.now)
    said = [m for e in bench.published("messages_told.v1") for m in e["data"]["messages"]]
    told = {one["kind"]: one for one in said}
    assert told["SUBJECT_REOPENED"]["to"] == ["per_a", "per_b"]
    assert told["SUBJECT_REOPENED"]["text_zh"] == (
        "您的户自 2025-03-03 起重新启用。理由:…。详情见站内消息"
    )
    assert (told["HOLDER_NAMED"]["to"], told["HOLDER_NAMED"]["group"]) == (["per_b"], "POINTS")
    assert "王家" not in str(bench.published())
