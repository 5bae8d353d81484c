"""What is said of a refusal in English is English: its text, and the texts within it."""

import ast
import re

import pytest

from fivered.chassis.i18n import english, named, problem_of, word
from fivered.chassis.refusal import Guard, Invalid, NotFound, Refusal, RoleDenied, Sentence, said
from fivered.gateway.doors import ROLES
from tests.architecture.imports import ROOT, path_of, service_packages

pytestmark = pytest.mark.slow

HAN = re.compile("[\u4e00-\u9fff]")
PACKAGES = ["fivered.chassis", "fivered.gateway", *service_packages()]


def _texts(node):
    """Yield the Chinese texts that an argument may be."""
    match node:
        case ast.Constant(value=str(text)) if HAN.search(text):
            yield text
        case ast.IfExp():
            yield from _texts(node.body)
            yield from _texts(node.orelse)
        case ast.BoolOp():
            for value in node.values:
                yield from _texts(value)
        case ast.JoinedStr() | ast.BinOp() if HAN.search(ast.unparse(node)):
            yield ast.unparse(node)
        case ast.Call(func=ast.Name(id="said")):
            yield from (Sentence(text) for text in _texts(node.args[0]))


def _nodes_of(package):
    """Yield (file, node) of the whole syntax of a package."""
    folder = path_of(package)
    for path in sorted(folder.rglob("*.py")):
        if not {"tests", ".venv", "migrations"} & set(path.parts):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                yield path.name, node


def _said_in(package):
    """Yield (file, line, text) of each Chinese argument of what is raised in a package."""
    for file, node in _nodes_of(package):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            for keyword in node.exc.keywords:
                for text in _texts(keyword.value):
                    yield file, node.lineno, text


@pytest.mark.parametrize("package", PACKAGES)
def test_every_chinese_text_within_a_refusal_has_its_english(package):
    without = [one for one in _said_in(package) if HAN.search(english(package, one[2]))]
    assert without == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_text_that_is_filled_where_it_is_said_has_both_languages(package):
    """It would be found out when somebody is refused, by a fault."""
    written = [
        (file, text)
        for file, node in _nodes_of(package)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"said", "Sentence"}
        for text in _texts(node.args[0])
    ]
    assert all(Sentence(text).english for _file, text in written)


@pytest.mark.parametrize(
    "text",
    [
        "网格不存在",
        "There is no grid",
        "网格不存在 / ",
        "网格 {grid} 不存在 / There is no grid {area}",
        "网格不存在 / There is no 网格",
        "网格不存在 / There is no grid / none",
    ],
)
def test_a_refusal_without_both_languages_cannot_be_written(text):
    with pytest.raises(TypeError, match=r"UnknownGrid\.text:"):
        type("UnknownGrid", (Guard,), {"text": text})
    with pytest.raises(TypeError, match=r"UnknownGrid\.text_other:"):
        type("UnknownGrid", (Guard,), {"text": "无 / none", "text_other": text})
    with pytest.raises(ValueError, match=r"中文|places"):
        said(text)


def test_a_refusal_is_known_by_the_name_of_its_class_unless_it_says_otherwise():
    text = {"text": "无 / none"}
    named = type("IdTaken", (Refusal,), text)
    assert (named.code, named.guard) == ("ID_TAKEN", None)
    guard = type("UnknownGrid", (Guard,), text)
    assert (guard.code, guard.guard) == ("GUARD_FAILED", "UNKNOWN_GRID")
    assert type("CallerGone", (guard,), text).guard == "UNKNOWN_GRID"
    other = type("OwnWork", (Guard,), {**text, "guard": "CONFLICT_OF_INTEREST"})
    assert other.guard == "CONFLICT_OF_INTEREST"


def test_no_package_has_a_catalogue_of_sentences():
    found = [path for path in ROOT.glob("**/locale/*.po") if ".venv" not in path.parts]
    assert {path.name for path in found} == {"words.po"}


def _kinds_of(package):
    """Yield (file, line, kind) of each kind of thing of which a package says that there is none."""
    for file, node in _nodes_of(package):
        match node:
            case ast.Call(func=ast.Name(id="NotFound")):
                values = [one.value for one in node.keywords if one.arg == "kind"]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="ground"), attr=attr)) if (
                attr not in {"tell", "note"}
            ):
                # Property's own way to look for a row: ground.load(tx, table, kind, key).
                values = node.args[2:3]
            case _:
                continue
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield file, node.lineno, value.value


@pytest.mark.parametrize("package", [one for one in PACKAGES if one != "fivered.gateway"])
def test_every_kind_of_thing_has_its_chinese_word(package):
    """未找到 redemption: a resident reads the word, a program reads `params.kind`."""
    without = [one for one in _kinds_of(package) if not HAN.search(word(package, one[2]))]
    assert without == []


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_role_is_said_in_words(role):
    """角色 R_CADRE 无权执行此操作: a code word, for a resident."""
    told = problem_of(RoleDenied(role=role, roles=f"{role}, R_CADRE"), "gateway")
    assert role not in told["message_zh"] + told["message_en"]
    assert HAN.search(named(role, "zh", "gateway"))
    assert not HAN.search(told["message_en"])
    assert told["params"]["role"] == role


def test_a_refusal_says_all_of_it_in_each_language():
    told = problem_of(NotFound(kind="rule_set", id="RC-1"), "fivered.services.credit")
    assert told["message_zh"] == "未找到规则集 RC-1"
    assert told["message_en"] == "There is no rule set RC-1"
    assert told["params"]["kind"] == "rule_set"
    wrong = Invalid(
        field="quota", reason=said("quota 应在 1 到 {most} 之间 / quota is 1 to {most}", most=9)
    )
    told = problem_of(wrong, "fivered.services.credit")
    assert told["message_zh"] == "请求内容有误:quota 应在 1 到 9 之间"
    assert told["message_en"] == "The request cannot be read: quota is 1 to 9"


def test_what_a_caller_wrote_is_repeated_no_further_than_it_is_known_by():
    """A path of 5,000 characters came back twice in the answer."""
    told = problem_of(NotFound(kind="rule_set", id="x" * 5000), "fivered.services.credit")
    assert len(told["message_zh"]) < 300
    assert len(told["params"]["id"]) == 201


# Chinese beside Chinese takes no blank, beside Latin letters and digits one.
BLANKS = re.compile(
    r"[\u4e00-\u9fff] [\u4e00-\u9fff]|[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]"
)


@pytest.mark.parametrize("package", PACKAGES)
def test_blanks_stand_between_chinese_and_latin_alone(package):
    written = [
        node.value.partition(" / ")[0]
        for _file, node in _nodes_of(package)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
        if " / " in node.value
    ]
    assert [text for text in written if BLANKS.search(text)] == []


def test_a_word_of_ours_fills_its_place_without_a_blank():
    """应为 不成立: the place is written for a code, and a word stands there."""
    shape = said("应为 {form} / should be {form}", form=Sentence("整数 / a whole number"))
    assert shape == "应为整数"
    shape = said("应为 {form} / should be {form}", form=Sentence("15 位数字 / 15 digits"))
    assert shape == "应为 15 位数字"
    wrong = Invalid(
        field="outcome", reason=said("outcome 应为 {known} 之一 / {known}", known="UPHELD")
    )
    assert problem_of(wrong, "fivered.chassis")["message_zh"] == "请求内容有误:outcome 应为维持之一"
    # What people wrote stays apart.
    assert said("项目 {name} 已登记 / {name} is registered", name="春晖") == "项目 春晖 已登记"
