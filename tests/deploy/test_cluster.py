"""What a cluster is given beside the manifests of the units: a door from outside, the operators'
broker and databases."""

import json
import shutil
import subprocess
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml

from deploy import fill_in, operators
from deploy.local import next as newer
from fivered.chassis.installed import service_names
from tests.deploy.test_files import CLUSTER, DEPLOY

OPERATORS = DEPLOY / "kubernetes/operators"
# The fields of ours that the operators publish (rabbitmq.com/v1beta1, postgresql.cnpg.io/v1,
# barmancloud.cnpg.io/v1, monitoring.coreos.com/v1); None: whatever stands below.
KNOWN = {
    "RabbitmqCluster": {
        "replicas": None, "image": None, "persistence": {"storage": None}, "resources": None,
        "affinity": None, "rabbitmq": {"additionalConfig": None},
        "override": {"statefulSet": {"spec": None}},
    },
    "Cluster": {
        "instances": None, "imageName": None, "storage": {"size": None},
        "walStorage": {"size": None}, "resources": None, "postgresql": {"parameters": None},
        "plugins": [{"name": None, "isWALArchiver": None, "parameters": None}],
        "managed": {
            "roles": [{
                "name": None, "ensure": None, "login": None, "connectionLimit": None,
                "passwordSecret": {"name": None},
            }]
        },
        "bootstrap": {
            "initdb": {"database": None, "owner": None, "encoding": None, "secret": {"name": None}}
        },
    },
    "ScheduledBackup": {
        "schedule": None, "backupOwnerReference": None, "cluster": {"name": None}, "method": None,
        "pluginConfiguration": {"name": None},
    },
    "ObjectStore": {
        "retentionPolicy": None,
        "configuration": {
            "destinationPath": None, "endpointURL": None, "wal": {"compression": None},
            "data": {"compression": None},
            "s3Credentials": {
                "accessKeyId": {"name": None, "key": None},
                "secretAccessKey": {"name": None, "key": None},
            },
        },
    },
    "PodMonitor": {
        "selector": {"matchLabels": None}, "podMetricsEndpoints": [{"port": None, "interval": None}]
    },
    "HTTPRoute": {
        "hostnames": None, "parentRefs": [{"name": None, "sectionName": None}],
        "rules": [{
            "backendRefs": [{"name": None, "port": None}],
            "filters": [{"type": None, "requestRedirect": {"scheme": None, "statusCode": None}}],
        }],
    },
    "Gateway": {
        "gatewayClassName": None,
        "listeners": [{
            "name": None, "protocol": None, "port": None, "hostname": None,
            "tls": {"mode": None, "certificateRefs": [{"name": None}]},
        }],
    },
}  # fmt: skip


def unknown(given, known, at=""):
    """Return the places in which a resource has a field that its operator does not publish."""
    if known is None:
        return []
    if isinstance(known, list):
        return [fault for one in given for fault in unknown(one, known[0], at)]
    found = [f"{at}.{name}" for name in given if name not in known]
    return found + [
        fault
        for name, below in given.items()
        if name in known
        for fault in unknown(below, known[name], f"{at}.{name}")
    ]


def resources(folder):
    for path in sorted(folder.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            yield from yaml.safe_load_all(path.read_text("utf-8"))


def test_every_field_is_one_that_its_operator_publishes():
    seen = set()
    for folder in (OPERATORS, DEPLOY / "kubernetes/gateway-api"):
        for one in resources(folder):
            if one["kind"] in KNOWN:
                assert unknown(one["spec"], KNOWN[one["kind"]], one["kind"]) == []
                seen.add(one["kind"])
    assert seen == set(KNOWN)
    assert unknown({"replica": 3}, KNOWN["RabbitmqCluster"], "R") == ["R.replica"]


def test_each_service_has_a_database_of_its_own_which_its_settings_name(tmp_path):
    broker = f"{operators.BROKER}.{operators.DATA}:5672"
    fill_in.fill_in(tmp_path, broker, f"{{unit}}-db-rw.{operators.DATA}")
    found = {(one["kind"], one["metadata"]["name"]): one for one in resources(OPERATORS)}
    for name in service_names():
        lines = (tmp_path / f"{name}.env").read_text().splitlines()
        given = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
        url = urlsplit(given[f"FIVERED_{name.upper()}_DATABASE_URL"])
        cluster = found["Cluster", operators.database_of(name)]
        made = cluster["spec"]["bootstrap"]["initdb"]
        assert url.hostname == f"{cluster['metadata']['name']}-rw.{operators.DATA}"
        (role,) = cluster["spec"]["managed"]["roles"]
        assert (url.path, url.username) == (f"/{made['database']}", role["name"])
        text = (tmp_path / f"{name}-owner.env").read_text()
        owner = urlsplit(text.partition("_OWNER_URL=")[2].strip())
        assert (owner.hostname, owner.path) == (url.hostname, url.path)
        assert owner.username == made["owner"] and owner.password != url.password
        assert made["secret"] != role["passwordSecret"]
        assert urlsplit(given["FIVERED_BROKER_URL"]).netloc.endswith(f"@{broker}")
        nightly = found["ScheduledBackup", operators.database_of(name)]["spec"]
        assert nightly["cluster"]["name"] == cluster["metadata"]["name"]
        (plugin,) = cluster["spec"]["plugins"]
        assert plugin["isWALArchiver"] and nightly["pluginConfiguration"]["name"] == plugin["name"]
        assert ("ObjectStore", plugin["parameters"]["barmanObjectName"]) in found
        assert cluster["spec"]["imageName"].endswith(f":{newer.POSTGRESQL}")
    cluster = found["RabbitmqCluster", operators.BROKER]["spec"]
    assert cluster["replicas"] == 3
    assert cluster["image"] == f"rabbitmq:{newer.RABBITMQ}-management"
    assert "default_queue_type = quorum" in cluster["rabbitmq"]["additionalConfig"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl computes an overlay")
@pytest.mark.parametrize(
    ("component", "kinds"),
    [("ingress", {"Ingress"}), ("gateway-api", {"Gateway", "HTTPRoute"})],
)
def test_a_door_from_outside_stands_beside_the_manifests(component, kinds, tmp_path):
    shutil.copytree(DEPLOY / "kubernetes", tmp_path / "kubernetes")
    own = {"resources": ["kubernetes"], "components": [f"kubernetes/{component}"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(own))
    done = subprocess.run(
        ["kubectl", "kustomize", str(tmp_path)], check=True, capture_output=True, text=True
    )
    found = list(yaml.safe_load_all(done.stdout))
    assert kinds <= {one["kind"] for one in found}
    named = {(one["kind"], one["metadata"]["name"]): one for one in found}
    for one in found:
        assert one["kind"] == "Namespace" or one["metadata"]["namespace"] == "fivered"
        if not one["apiVersion"].startswith("gateway.networking.k8s.io"):
            kubernetes_validate.validate(one, CLUSTER, strict=True)
    settings = named["ConfigMap", "settings"]["data"]
    assert settings["FIVERED_PUBLIC_URL"] == "https://fivered.example.org"
    assert settings["FIVERED_TRUSTED_PROXIES"]
    assert settings["FIVERED_BLOBS"]
    # Whoever wants in comes through that door.
    (rule,) = named["NetworkPolicy", "gateway"]["spec"]["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"fivered/enters": "true"}}}]
    door = named["Service", "gateway"]["spec"]["ports"][0]
    text = json.dumps([one for one in found if one["kind"] in kinds])
    assert '"name": "http"' in text or f'"port": {door["port"]}' in text
    assert "gateway-tls" in text
