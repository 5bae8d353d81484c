"""Some of the services only: credit and the gateway alone, as files and as a running system."""

import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from deploy import partial
from fivered.chassis import topology
from fivered.chassis.installed import service_names
from fivered.chassis.settings import read
from fivered.services.credit.settings import CreditSettings
from testkit.bench import environment
from tests.deploy.test_files import CLUSTER, DEPLOY
from tests.systems import Embedded

ABSENT = [name for name in service_names() if name != "credit"]


def overlay(folder):
    """Return what the overlay gives a cluster, as kubectl computes it."""
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)], check=True, capture_output=True, text=True
    )
    return list(yaml.safe_load_all(done.stdout))


def test_the_topology_of_credit_alone_has_queues_of_credit_only():
    """Another's queue would fill for ever: nobody reads it. Those of credit wait for sources that
    may come later, and stay empty."""
    installation = topology.read_installation(partial.EXAMPLE / "installation.json")
    assert list(installation.members) == ["credit"]
    assert {queue.subscriber for queue in installation.all_queues()} == {"credit"}
    assert {one.user for one in topology.permissions(installation)} == {"credit", "gateway"}


def test_the_compose_overlay_starts_credit_and_the_gateway():
    subprocess.run(
        [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema",
         "vendor.compose-spec", str(partial.EXAMPLE / "compose.yaml")],
        check=True, capture_output=True,
    )  # fmt: skip
    whole = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    changed = yaml.safe_load((partial.EXAMPLE / "compose.yaml").read_text("utf-8"))["services"]
    assert set(changed) <= set(whole)
    by_hand = {name for name in whole if whole[name].get("profiles")}
    started = {name for name in whole if not changed.get(name, {}).get("profiles")} - by_hand
    # What is run by hand is there too, in an image that is.
    image = whole["credit-serve"]["image"]
    assert {changed[name]["image"] for name in by_hand} == {image}
    assert started == {
        "rabbitmq", "postgres", "topology", "gateway",
        "credit-migrate", "credit-serve", "credit-work",
    }  # fmt: skip
    for name in started - {"rabbitmq", "postgres"}:
        (mount,) = changed[name]["volumes"]
        # As in compose.yaml, places are told from its folder; the target is the same.
        place, target = mount.split(":", 1)
        assert (DEPLOY / place).is_file()
        assert any(one.split(":", 1)[1] == target for one in whole[name]["volumes"])
        needs = whole[name].get("depends_on", {})
        assert set(needs) <= started
    assert changed["gateway"]["environment"] == {"FIVERED_SERVICES": "credit"}
    assert changed["topology"]["image"] == image
    given = environment(CreditSettings) | changed["credit-work"]["environment"]
    assert read(CreditSettings, given).required_sources == ()


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl computes an overlay")
def test_the_overlay_gives_a_cluster_credit_and_the_gateway():
    found = overlay(partial.EXAMPLE)
    for one in found:
        kubernetes_validate.validate(one, CLUSTER, strict=True)
    deployments = {one["metadata"]["name"]: one for one in found if one["kind"] == "Deployment"}
    assert set(deployments) == {"credit-serve", "credit-work", "gateway"}
    jobs = {one["metadata"]["name"].rsplit("-", 3)[0] for one in found if one["kind"] == "Job"}
    assert jobs == {"credit-migrate", "topology-apply"}
    text = yaml.safe_dump([one for one in found if one["kind"] != "ConfigMap"])
    assert not [name for name in ABSENT if name in text]
    variables = {
        name: {one["name"]: one.get("value") for one in container.get("env", [])}
        for name, one in deployments.items()
        for container in one["spec"]["template"]["spec"]["containers"]
    }
    assert variables["gateway"]["FIVERED_SERVICES"] == "credit"
    assert variables["credit-work"]["FIVERED_CREDIT_REQUIRED_SOURCES"] == "none"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl computes an overlay")
def test_any_choice_of_services_has_an_overlay(tmp_path):
    folder = DEPLOY / "installations" / tmp_path.name
    folder.mkdir()
    try:
        assert partial.main(["steward", "forum", "--folder", str(folder)]) == 0
        found = overlay(folder)
        images = {
            container["image"].rpartition("/")[2].partition(":")[0]
            for one in found
            if one["kind"] in {"Deployment", "Job"}
            for container in one["spec"]["template"]["spec"]["containers"]
        }
        assert images == {"steward", "forum", "gateway"}
    finally:
        shutil.rmtree(folder)


def test_credit_and_the_gateway_run_alone(tmp_path):
    system = Embedded(tmp_path)
    running = system.start(FIVERED_SERVICES="credit", FIVERED_CREDIT_REQUIRED_SOURCES="none")
    try:
        with urllib.request.urlopen(f"{running.address}/") as answer:
            start = answer.read().decode()
        assert "/docs#credit" in start
        assert not [name for name in ABSENT if name in start]
        with urllib.request.urlopen(f"{running.address}/v1/credit/rule-sets") as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{running.address}/v1/steward/areas")
        assert refused.value.code == 404
        assert "CAPABILITY_MISSING" in refused.value.read().decode()
        refused.value.close()
        assert not [name for name in ABSENT if (tmp_path / "data" / f"{name}.sqlite").exists()]
    finally:
        assert system.stop() == 0


def test_a_service_that_is_not_installed_is_named(tmp_path):
    with pytest.raises(RuntimeError, match="FIVERED_SERVICES: not installed here: ghost"):
        Embedded(tmp_path).start(FIVERED_SERVICES="credit,ghost")
