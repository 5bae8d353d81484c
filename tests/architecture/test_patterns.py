"""No pattern takes the digits of every script."""

from tests.systems import ROOT

UNITS = ("chassis", "services", "gateway", "clients")


def test_digits_are_written_out_since_a_short_form_takes_those_of_every_script():
    r"""IN-A6: `\d` took full-width and Arabic digits, in Python's engine and in pydantic's."""
    short = "\\" + "d"
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for unit in UNITS
        for path in (ROOT / unit).rglob("*.py")
        if "tests" not in path.parts and path.name != "text.py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if short in line
    ]
    assert found == []
