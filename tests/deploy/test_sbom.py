"""The bill of materials that a release has for each unit."""

import json
import zipfile
from importlib import metadata

import pytest
from packaging.utils import canonicalize_name

from deploy import sbom
from deploy.local import pins
from fivered.chassis import __version__


@pytest.fixture
def wheel(tmp_path):
    """A wheel of credit, as far as a bill looks into it."""
    path = tmp_path / f"fivered_credit-{__version__}-py3-none-any.whl"
    said = metadata.distribution("fivered-credit").read_text("METADATA")
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"fivered_credit-{__version__}.dist-info/METADATA", said)
    return path


def test_a_bill_names_all_that_runs_in_the_version_that_is_pinned(wheel):
    whole = json.loads(sbom.write(wheel, 1_764_547_200).read_text("utf-8"))
    assert (whole["bomFormat"], whole["specVersion"]) == ("CycloneDX", "1.6")
    unit = whole["metadata"]["component"]
    assert (unit["type"], unit["name"], unit["version"]) == (
        "application", "fivered-credit", __version__,
    )  # fmt: skip
    listed = {one["name"]: one for one in whole["components"]}
    assert {"fivered-chassis", "nameko", "sqlalchemy", "pika", "cryptography"} <= set(listed)
    assert not {"pytest", "mypy"} & set(listed)
    pinned = {
        canonicalize_name(name): lines.partition("==")[2].split()[0]
        for name, lines in pins.blocks(pins.RUN.read_text("utf-8")).items()
    }
    for name, one in listed.items():
        wanted = __version__ if name.startswith("fivered-") else pinned[name]
        assert one["version"] == wanted, name
        assert one["purl"] == one["bom-ref"] == f"pkg:pypi/{name}@{wanted}"
    # Each is led to from the unit, and whoever is needed is listed.
    needs = {one["ref"]: one["dependsOn"] for one in whole["dependencies"]}
    refs = {one["bom-ref"] for one in listed.values()}
    reached, waiting = set(), [unit["bom-ref"]]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += needs[ref]
    assert reached - {unit["bom-ref"]} == refs
    assert sum("licenses" in one for one in listed.values()) > 0.9 * len(listed)


def test_the_same_wheel_gives_the_same_bill(wheel):
    assert sbom.bill(wheel, 1) == sbom.bill(wheel, 1)
    assert sbom.bill(wheel, 1) != sbom.bill(wheel, 2)


def test_a_package_that_is_not_pinned_is_no_part_of_a_release(wheel, monkeypatch):
    listed = sbom._pinned()
    monkeypatch.setattr(sbom, "_pinned", lambda: {k: v for k, v in listed.items() if k != "nameko"})
    with pytest.raises(KeyError, match="nameko"):
        sbom.bill(wheel, 1)
