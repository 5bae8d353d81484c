"""Files in a bucket: its keys are wrong, it is missing, the store ends and comes back; files are
moved there, and backed up from there."""

import io
from dataclasses import asdict, replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from PIL import Image

from fivered.chassis import doctor, installed
from fivered.chassis.backup import Beside, make, manifest_of
from fivered.chassis.cli import main
from fivered.chassis.files import sweep_kept
from fivered.chassis.kept import kept_in
from fivered.chassis.restore import _put_blobs
from fivered.chassis.settings import CommandFailed, FileSettings, SettingsError, read
from fivered.gateway.tests.conftest import Site, problem_of
from fivered.gateway.tests.test_files import PDF, attach, kept, photo, send
from testkit.authority import Authority
from testkit.s3 import Store

pytestmark = [pytest.mark.slow, pytest.mark.servers]


@pytest.fixture
def place(tmp_path):
    return FileSettings(blobs=str(tmp_path / "blobs"))


@pytest.fixture
def given(s3_store, tmp_path, monkeypatch):
    """The variables of a new bucket, which the environment has too."""
    found = s3_store.new_bucket() | {"FIVERED_BLOBS": str(tmp_path / "blobs")}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def address(site, sent):
    return site.ask("GET", f"/v1/toy/files/{sent['id']}").json()["url"]


@pytest.fixture
def build(toy):
    """Let the toy and a gateway keep their files where variables say."""

    def built(given):
        files = read(FileSettings, given)
        runtime = toy.runtimes["toy"]
        runtime.process = replace(runtime.process, **asdict(files))
        return Site(toy).build(extra=(toy.doors,), **asdict(files))

    return built


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"FIVERED_S3_SECRET": "another"}, "SignatureDoesNotMatch"),
        ({"FIVERED_S3_KEY_ID": "nobody"}, "InvalidAccessKeyId"),
        ({"FIVERED_S3_BUCKET": "is-not-there"}, "NoSuchBucket"),
        ({"FIVERED_S3_URL": "http://127.0.0.1:9"}, "Could not connect"),
    ],
    ids=["secret", "key", "bucket", "address"],
)
def test_a_store_that_refuses_is_told_and_nothing_is_lost(build, given, monkeypatch, wrong, why):
    site = build(given | wrong)
    sent = send(site, PDF)
    assert sent.status_code == 201
    problem = problem_of(attach(site, sent.json()["id"]))
    assert (problem["status"], problem["code"]) == (503, "FILES_AWAY")
    # What was sent waits: with the right settings the same command takes it.
    right = build(given)
    assert attach(right, sent.json()["id"]).status_code == 201
    url = address(right, sent.json())
    assert right.ask("GET", url, grants=None).content == PDF
    bad = build(given | wrong).ask("GET", address(right, sent.json()), grants=None)
    # It was read a moment ago and lies in the folder still.
    assert bad.content == PDF
    for path in Path(given["FIVERED_BLOBS"]).glob(".got-*"):
        path.unlink()
    assert problem_of(build(given | wrong).ask("GET", url, grants=None))["code"] == "FILES_AWAY"
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    ((state, text),) = [(one.state, one.text) for one in doctor.findings() if one.what == "files"]
    assert state == "BAD"
    assert why in text


def test_doctor_says_that_the_bucket_keeps_files(given):
    ((state, text),) = [(one.state, one.text) for one in doctor.findings() if one.what == "files"]
    assert (state, text) == ("ok", "the bucket takes files, gives them and deletes them")


def test_half_of_the_settings_are_refused(given):
    with pytest.raises(SettingsError, match="FIVERED_S3_SECRET is not set, and FIVERED_S3_URL is"):
        read(FileSettings, given | {"FIVERED_S3_SECRET": ""})


def test_a_store_that_ends_comes_back_by_itself(build, tmp_path):
    store = Store().start()
    try:
        given = store.new_bucket() | {"FIVERED_BLOBS": str(tmp_path / "blobs")}
        site = build(given)
        first, second = send(site, PDF).json(), send(site, PDF + b"%").json()
        assert attach(site, first["id"]).status_code == 201
        url = address(site, first)
        store.kill9()
        assert problem_of(attach(site, second["id"], key="the-same"))["code"] == "FILES_AWAY"
        assert problem_of(site.ask("GET", url, grants=None))["code"] == "FILES_AWAY"
        # Sending, and whatever else needs no kept file, goes on; nothing is swept meanwhile.
        assert send(site, PDF + b"%%").status_code == 201
        assert attach(site, first["id"], counter="c2").status_code == 201
        assert sweep_kept(site.host.runtimes["toy"], older_than_s=-60) == 0
        store.start()
        bucket = kept_in(read(FileSettings, given))
        assert bucket.check() == ""
        assert site.ask("GET", url, grants=None).content == PDF
        # The same command, sent once more with its key, is carried out.
        assert attach(site, second["id"], key="the-same").status_code == 201
    finally:
        store.stop()


def test_the_store_is_believed_by_its_certificate(build, tmp_path):
    authority, other = (Authority(tmp_path / name, name) for name in ("ours", "other"))
    store = Store(tls=authority).start()
    try:
        given = store.new_bucket() | {"FIVERED_BLOBS": str(tmp_path / "blobs")}
        assert given["FIVERED_S3_URL"].startswith("https://")
        sent = send(build(given), PDF).json()
        for ca in ("", str(other.path)):
            site = build(given | {"FIVERED_S3_CA": ca})
            assert problem_of(attach(site, sent["id"]))["code"] == "FILES_AWAY"
            why = kept_in(read(FileSettings, given | {"FIVERED_S3_CA": ca})).check()
            assert "certificate verify failed" in why
        site = build(given | {"FIVERED_S3_CA": str(authority.path)})
        assert attach(site, sent["id"]).status_code == 201
        assert site.ask("GET", address(site, sent), grants=None).content == PDF
    finally:
        store.stop()


def test_what_the_store_gives_damaged_is_not_given_on(build, given, s3_store):
    site = build(given)
    sent = send(site, PDF).json()
    attach(site, sent["id"])
    client, bucket = s3_store.client(), given["FIVERED_S3_BUCKET"]
    (key,) = [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]]
    client.put_object(Bucket=bucket, Key=key, Body=b"other", Metadata={"sha256": sent["sha256"]})
    problem = problem_of(site.ask("GET", address(site, sent), grants=None))
    assert (problem["status"], problem["code"]) == (503, "KEPT_FILE_DAMAGED")
    assert list(Path(given["FIVERED_BLOBS"]).glob(".got-*")) == []
    # Put back with any client, from the blobs of a backup, it is given again.
    client.put_object(Bucket=bucket, Key=key, Body=PDF)
    assert site.ask("GET", address(site, sent), grants=None).content == PDF


def test_a_damaged_preview_is_made_anew(build, given, s3_store):
    site = build(given)
    sent = send(site, photo()).json()
    attach(site, sent["id"])
    card = site.ask("GET", f"/v1/toy/files/{sent['id']}").json()
    client, bucket = s3_store.client(), given["FIVERED_S3_BUCKET"]
    keys = [one["Key"] for one in client.list_objects_v2(Bucket=bucket)["Contents"]]
    (small,) = [key for key in keys if key.endswith(".small")]
    client.put_object(Bucket=bucket, Key=small, Body=b"other", Metadata={"sha256": "0" * 64})
    got = site.ask("GET", card["previews"]["small"], grants=None)
    assert max(Image.open(io.BytesIO(got.content)).size) == 320


def test_a_folder_is_moved_into_the_bucket_while_it_is_read(build, given, capsys):
    folder = given["FIVERED_BLOBS"]
    site = build({"FIVERED_BLOBS": folder})
    sent = send(site, PDF).json()
    attach(site, sent["id"])
    url = address(site, sent)
    site = build(given)
    assert site.ask("GET", url, grants=None).content == PDF
    ((state, text),) = [(one.state, one.text) for one in doctor.findings() if one.what == "files"]
    assert (state, text) == ("WARN", "1 files lie in the folder still: fivered files move")
    for moved in (1, 0):
        assert main(["files", "move"]) == 0
        assert capsys.readouterr().out == f"{moved} files were moved\n"
    assert list(Path(folder).glob("kept/*/*/*")) == []
    assert site.ask("GET", url, grants=None).content == PDF
    assert len(kept(read(FileSettings, given))) == 1


def test_without_a_folder_or_a_bucket_nothing_is_moved(given, monkeypatch, capsys):
    for name in ("FIVERED_S3_URL", "FIVERED_BLOBS"):
        monkeypatch.delenv(name)
        assert main(["files", "move"]) == 2
        assert f"{name} is not set" in capsys.readouterr().err


def test_a_damaged_file_is_not_moved(build, given):
    site = build({"FIVERED_BLOBS": given["FIVERED_BLOBS"]})
    attach(site, send(site, PDF).json()["id"])
    (path,) = Path(given["FIVERED_BLOBS"]).glob("kept/*/*/*")
    path.write_bytes(b"other")
    assert main(["files", "move"]) == 2
    assert path.exists()


def test_a_backup_takes_the_files_of_the_bucket_and_a_restore_brings_them_back(
    build, toy, given, tmp_path, monkeypatch
):
    point = EntryPoint("toy", "fivered.chassis.tests.toy.filing:FilingToy", installed.SERVICES)
    monkeypatch.setattr(
        installed, "points", lambda group: {"toy": point} if group == installed.SERVICES else {}
    )
    site = build(given)
    sent = send(site, PDF).json()
    attach(site, sent["id"])
    url = address(site, sent)
    made = make(
        "toy", {"toy": toy.runtimes["toy"].engine}, tmp_path / "backups",
        Beside({}, blobs=given["FIVERED_BLOBS"]),
    )  # fmt: skip
    assert len(manifest_of(made).blobs) == 1
    assert list(Path(given["FIVERED_BLOBS"]).glob(".got-*")) == []
    files = kept_in(read(FileSettings, given))
    for name in kept(read(FileSettings, given)):
        files.remove(f"toy/{name}")
    assert site.ask("GET", url, grants=None).status_code == 404
    for back in (1, 0):
        said = []
        _put_blobs(made, manifest_of(made), given["FIVERED_BLOBS"], said.append)
        assert said[0].startswith(f"{back} files are back in ")
        assert " and the bucket" in said[0]
    assert site.ask("GET", url, grants=None).content == PDF
    monkeypatch.setenv("FIVERED_S3_SECRET", "another")
    with pytest.raises(CommandFailed, match=r"0 of 1 files are back, then: .*Forbidden"):
        _put_blobs(made, manifest_of(made), given["FIVERED_BLOBS"], print)
