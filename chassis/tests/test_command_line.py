"""What the `fivered` command reads of its words."""

import pytest

from fivered.chassis import cli


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "status", "FIVERED_MAIL_PASSWORD", "--data", "FOLDER"),
        ("keys", "status", "--data", "FOLDER", "FIVERED_MAIL_PASSWORD"),
        ("keys", "--data", "FOLDER", "status", "FIVERED_MAIL_PASSWORD"),
    ],
)
def test_an_option_may_stand_before_a_word_that_may_be_missing(words, tmp_path):
    """argparse takes such a word for missing as soon as an option comes first."""
    read, _ = cli._parser(words)
    given = read.parse_args([str(tmp_path) if word == "FOLDER" else word for word in words])
    assert (given.action, given.key, given.data) == (
        "status", "FIVERED_MAIL_PASSWORD", str(tmp_path),
    )  # fmt: skip


def test_what_nobody_knows_is_refused_in_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["jobs", "--colour", "red", "steward"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "unrecognized arguments: --colour" in said and said.count("\n") == 1
