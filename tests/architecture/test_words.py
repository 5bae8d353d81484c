"""No sentence for people holds a word of the wire: states, roles, kinds and reasons have names.

The wire words stay in the members for programs (`code`, `params`, `state`). Where somebody has to
send one, the sentence has it beside its name: 缺货(OUT_OF_STOCK).
"""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import polib
import pytest

from fivered.chassis import shapes
from fivered.chassis.i18n import english, named, problem_of, told, vocabulary
from fivered.chassis.refusal import Choices, NotFound, Refusal, RoleDenied, StateConflict
from fivered.services.credit.views import messages
from fivered.services.forum import messages as forum_messages
from fivered.services.partner import messages as partner_messages
from fivered.services.property import rules as property_rules
from tests.architecture.imports import path_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PACKAGES = ("fivered.chassis", "fivered.gateway", *(f"fivered.services.{name}" for name in (
    "credit", "forum", "identity", "partner", "property", "steward")))  # fmt: skip
WIRE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Names that people know: formats, formulas of the trade, grades, severities, headers.
KNOWN = {
    "A", "AA", "AAA", "ASCII", "ATOM", "B", "C", "CSV", "D", "FIVERED_BLOBS", "GET", "GPS", "HTTP",
    "I", "ID", "ISO", "JSON", "N", "NAME", "O", "P1", "P2", "P3", "P4", "PDF", "PUT", "QR", "R",
    "REF", "S", "S1", "S2", "S3", "UTF", "UUID", "V", "XLSX", "Z", "GB18030", "DD", "MM", "YYYY",
    "X", "T09", "T",
}  # fmt: skip
# Whose words are for programs only.
KEYWORDS = {"state", "status", "outcome", "role", "roles", "substitute", "side", "needed"}


def sources():
    for top in ("services", "gateway", "chassis"):
        for path in sorted((ROOT / top).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.parts):
                yield ast.parse(path.read_text())


def wire_words():
    """Yield the words that a body, a reply or a refusal of ours can hold."""
    for tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal":
                within = [node.slice]
            elif isinstance(node, ast.Raise) and node.exc is not None:
                within = [
                    one.value
                    for one in ast.walk(node.exc)
                    if isinstance(one, ast.keyword) and one.arg in KEYWORDS
                ]
            elif isinstance(node, ast.keyword) and node.arg in KEYWORDS:
                within = [node.value] if isinstance(node.value, ast.Constant) else []
            else:
                continue
            for part in within:
                for one in ast.walk(part):
                    value = one.value if isinstance(one, ast.Constant) else None
                    if isinstance(value, str) and WIRE.fullmatch(value):
                        yield value
    for tree in sources():
        for node in ast.walk(tree):
            value = node.value if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and re.fullmatch(r"R_[A-Z_]+", value):
                yield value


def test_every_word_of_the_wire_has_a_name_in_both_languages():
    """C8, C11: "已裁定:DISMISSED", "当前状态为 OVERDUE", "可执行的角色:R_CADRE"."""
    assert sorted(set(wire_words()) - set(vocabulary("fivered.chassis")) - KNOWN) == []
    for package in PACKAGES:
        for word, (chinese, in_english) in vocabulary(package).items():
            assert CHINESE.search(chinese), word
            assert in_english, word
            assert not CHINESE.search(in_english), word


def refusals():
    for package in PACKAGES:
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, package + "."):
            if not {"tests", "migrations", "__main__", "versions"} & set(module.name.split(".")):
                importlib.import_module(module.name)
    waiting = [Refusal]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.startswith(PACKAGES) and ".tests" not in one.__module__:
            yield one


def templates():
    """Yield (package, text) of every sentence."""
    for refusal in refusals():
        package = next(one for one in PACKAGES if refusal.__module__.startswith(one))
        for name in dir(refusal):
            if name == "text" or name.startswith("text_"):
                yield package, getattr(refusal, name)
    yield from (("fivered.services.forum", text) for text in forum_messages.MESSAGES.values())
    for texts in messages.TEXTS.values():
        yield from (("fivered.services.credit", one) for one in texts)
    yield from (("fivered.services.partner", text) for text in partner_messages.MESSAGES.values())
    yield from (("fivered.services.property", text) for text in property_rules.MESSAGES.values())
    yield from (("fivered.chassis", text) for text in shapes._FLAWS.values())


SAMPLES = [
    "R_CADRE",
    "R_CADRE, R_SECRETARY",
    "OVERDUE",
    "DISMISSED",
    "BUILDING_HEAD",
    "P2C",
    "COMMUNITY",
    Choices("OPEN", "CLOSED"),
]


def unexplained(chinese):
    """Return the words of the wire in a Chinese sentence that stand for themselves."""
    without = re.sub(r"[(][A-Z_0-9]+(;scope=[0-9]+)?[)]", "", chinese)
    without = re.sub(r"R_CADRE;scope=[0-9]+|应为 R_CADRE 或 |X-Acting-Role", "", without)
    return [word for word in WIRE.findall(without) if word not in KNOWN and len(word) > 1]


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_sentence_holds_a_word_of_the_wire_that_it_does_not_explain(sample):
    found = {}
    for package, text in templates():
        places = dict.fromkeys(re.findall(r"{(\w+)}", text), sample)
        chinese = told(package, text, places)
        in_english = told(package, text, places, "en")
        if unexplained(chinese):
            found[text] = chinese
        if CHINESE.search(in_english):
            found[text] = in_english
    assert found == {}


def test_programs_read_the_words_that_they_always_read():
    said = problem_of(StateConflict(state="OVERDUE"), "fivered.services.property")
    assert said["params"] == {"state": "OVERDUE"}
    assert said["message_zh"] == "当前状态为“已逾期”,不能执行此操作"
    assert "overdue" in said["message_en"]
    said = problem_of(
        RoleDenied(role="R_PM", roles="R_CADRE, R_STREET"), "fivered.services.property"
    )
    assert said["params"] == {"role": "R_PM", "roles": "R_CADRE, R_STREET"}
    assert said["message_zh"].startswith("角色“物业项目经理”无权")
    assert "可执行的角色:社区两委、街道经办" in said["message_zh"]


@pytest.mark.parametrize(
    ("service", "code", "said"),
    [
        ("forum", "ACCEPTED", "已验收"),
        ("credit", "ENDED", "已结束"),
        ("forum", "DELEGATE", "委派代表"),
        ("credit", "UPHELD", "支持"),
        ("credit", "NOTICE", "通报表扬"),
        ("property", "WGH", "物业管理委员会"),
        ("property", "SELF", "自行管理"),
        ("partner", "HONOUR", "继续兑付"),
        ("partner", "EXPIRING", "过期处理中"),
    ],
)
def test_a_service_calls_a_code_by_what_it_means_there(service, code, said):
    """An accepted task was told as "已受理", an objection that is upheld as "维持"."""
    assert (
        said in problem_of(StateConflict(state=code), f"fivered.services.{service}")["message_zh"]
    )


@pytest.mark.parametrize(
    "text", ["王建国", "RES:per_1", "R-RES-11", "ABCDEFG", "2025.1", "", "已办"]
)
def test_what_is_no_word_of_the_wire_stays_as_it_is(text):
    assert (named(text), named(text, "en")) == (text, text)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_kind_of_thing_has_no_capital_within_a_sentence(package):
    """Somebody read: There is no Resident per_1."""
    kinds = {name: said for name, (_, said) in vocabulary(package).items() if name.islower()}
    assert {name: said for name, said in kinds.items() if said[:1].isupper()} == {}
    refused = problem_of(NotFound(kind="resident", id="per_1"), package)
    assert refused["message_en"] == "There is no resident per_1"


def test_a_message_says_the_whole_of_what_was_written():
    reasons = "经核实,情况属实。" * 40
    text = forum_messages.MESSAGES["OBJECTION_SUSTAINED"]
    assert told("fivered.services.forum", text, {"number": "YT-1", "reasons": reasons}).endswith(
        reasons
    )
    refused = problem_of(StateConflict(state="x" * 500), "fivered.services.forum")
    assert len(refused["message_zh"]) < 300


def test_every_chinese_text_that_fills_a_place_has_its_english():
    """C5: "The offer's validity is wrong: 结束不晚于开始"."""
    missing = []
    for package in PACKAGES:
        for path in sorted(path_of(package).rglob("*.py")):
            if {"tests", "migrations"} & set(path.parts):
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                named_refusal = isinstance(node, ast.Call) and getattr(
                    node.func, "attr", getattr(node.func, "id", "")
                )
                if not named_refusal or not named_refusal[:1].isupper():
                    continue
                for keyword in node.keywords:
                    value = getattr(keyword.value, "value", None)
                    text = value if isinstance(value, str) and keyword.arg == "reason" else ""
                    if CHINESE.search(english(package, text)):
                        missing.append((path.name, text))
    assert missing == []


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("*/locale/words.po"), *ROOT.glob("services/*/locale/words.po")]),
    ids=lambda p: p.parts[-3],
)
def test_each_word_stands_once_in_a_list(path):
    """A swap that was agreed to was told as a visit: the second line of two holds."""
    said = [entry.msgid for entry in polib.pofile(str(path))]
    assert sorted({one for one in said if said.count(one) > 1}) == []
