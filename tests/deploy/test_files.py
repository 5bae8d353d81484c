"""The files of a deployment say what the code says, and real validators take them."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import httpx
import kubernetes_validate
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy import fill_in, generate, manifests, scaling
from deploy.local import next as newer
from deploy.local import pins
from deploy.local.prepare import units
from fivered.chassis import broker, cli, setting_files, topology
from fivered.chassis.actors import PAIRS, public_of
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.settings import BusSettings, ProcessSettings, describe, read_all
from fivered.gateway.settings import GatewaySettings, SigningSettings
from testkit.bench import private_rabbit

__all__ = ["private_rabbit"]

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = [*service_names(), "gateway"]
CLUSTER = "1.32"


def test_generated_files_are_what_the_code_says():
    stale = [
        str(path.relative_to(ROOT))
        for path, text in generate.files().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    assert not stale, "python -m deploy.generate"
    found = set((DEPLOY / "kubernetes").glob("*.yaml"))
    assert found <= set(generate.files()), "a manifest that nothing writes"


@pytest.mark.parametrize("unit", UNITS)
def test_a_filled_in_environment_is_all_that_a_unit_needs(unit, tmp_path):
    fill_in.fill_in(tmp_path, "broker.example:5672", "database.example:5432")
    lines = (tmp_path / f"{unit}.env").read_text().splitlines()
    environment = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    own = GatewaySettings if unit == "gateway" else service_class(unit).settings_type
    kind = BusSettings if unit == "gateway" else ProcessSettings
    process, settings = read_all([kind, own], environment)
    assert process.broker_url.startswith(f"amqp://{unit}:")
    if unit == "gateway":
        read_all([SigningSettings], environment)[0].signer()
    else:
        assert not process.demo_clock
    for name, default, _help in describe(own):
        # What is written as a default is read back as that default.
        field = next(f for f in own.__dataclass_fields__.values() if f.metadata.get("env") == name)
        if default and name in environment and name not in generate._EXAMPLE:
            assert getattr(settings, field.name) == field.default
    assert "PASSWORD" not in (tmp_path / f"{unit}.env").read_text()
    assert (tmp_path / f"{unit}.env").stat().st_mode & 0o077 == 0


def test_filling_in_again_changes_no_key_and_no_password(tmp_path):
    fill_in.fill_in(tmp_path, "b:1", "p:1")
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    (tmp_path / "credit.env").unlink()
    fill_in.fill_in(tmp_path, "b:1", "p:1")
    after = {path.name: path.read_text() for path in tmp_path.iterdir()}
    # Hashes are salted; everything else is as it was.
    del before["definitions.json"], after["definitions.json"]
    assert before == after


def test_filling_in_again_leaves_who_may_read_as_the_operator_has_set_it(tmp_path):
    """As docs/bare-metal.md, 3, sets it: the broker reads its definitions as a user of its own."""

    def kept():
        found = {path.name: path.stat() for path in [folder, *folder.iterdir()]}
        return {name: (one.st_uid, one.st_mode & 0o777) for name, one in found.items()}

    folder = tmp_path / "fivered"
    fill_in.fill_in(folder, "b:1", "p:1")
    assert kept()["fivered"][1] == 0o700
    folder.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o600)
    if os.geteuid() == 0:
        for path in folder.glob("*.env"):
            os.chown(path, 0, 0)
        os.chown(folder / "definitions.json", 65534, -1)
    before = kept()
    (folder / "identity.env").unlink()
    fill_in.fill_in(folder, "b:1", "p:1")
    assert kept() == before


def test_an_installation_of_before_gets_no_second_owner(tmp_path):
    fill_in.fill_in(tmp_path, "b:1", "p:1")
    url = (tmp_path / "credit-owner.env").read_text().partition("_OWNER_URL=")[2].strip()
    password = json.loads((tmp_path / "passwords.json").read_text())["database credit_owner"]
    assert url == f"postgresql://credit_owner:{password}@p:1/fivered_credit"
    made = (tmp_path / "init.sql").read_text()
    assert "CREATE DATABASE fivered_credit OWNER credit_owner " in made
    assert f"ALTER ROLE credit_owner PASSWORD '{password}';" in made
    for unit in service_names():
        assert "_owner" not in (tmp_path / f"{unit}.env").read_text()
        if unit != "identity":
            (tmp_path / f"{unit}-owner.env").unlink()
    # As 0.2 left it, without identity.
    for name in ("identity.env", "identity-owner.env", "passwords.json"):
        (tmp_path / name).unlink()
    fill_in.fill_in(tmp_path, "b:1", "p:1")
    assert setting_files.found({"FIVERED_SETTINGS": str(tmp_path / "credit-owner.env")}) == {}
    assert "FIVERED_IDENTITY_OWNER_URL=" in (tmp_path / "identity-owner.env").read_text()
    made = (tmp_path / "init.sql").read_text()
    assert "CREATE DATABASE fivered_credit OWNER credit " in made and "credit_owner" not in made
    assert "CREATE DATABASE fivered_identity OWNER identity_owner " in made


def test_keys_that_must_agree_do_and_the_others_do_not(tmp_path):
    fill_in.fill_in(tmp_path, "b:1", "p:1")
    texts = {unit: (tmp_path / f"{unit}.env").read_text() for unit in UNITS}
    for private, public in PAIRS.items():
        (signs,) = re.findall(rf"^{private}=(.*)$", texts["gateway"], re.MULTILINE)
        assert not any(signs in text for unit, text in texts.items() if unit != "gateway")
        for unit in set(UNITS) - {"gateway"}:
            assert f"\n{public}={public_of(signs)}\n" in texts[unit]
    assert all("\nFIVERED_ACTOR_KEY=\n" in text for text in texts.values())
    brokers = {
        re.search(r"^FIVERED_BROKER_URL=(.*)$", text, re.MULTILINE)[1] for text in texts.values()
    }
    assert len(brokers) == len(UNITS)
    assert [unit for unit in UNITS if "FIVERED_TOKEN_KEY" in texts[unit]] == ["gateway"]
    assert [unit for unit in UNITS if "FIVERED_STEWARD_PII_KEY" in texts[unit]] == ["steward"]


def test_a_new_service_of_an_old_installation_believes_its_old_gateway(tmp_path):
    """0.2 signs by one key that is in each file; who fills in a sixth service finds no pair there."""
    (tmp_path / "passwords.json").write_text(json.dumps({"FIVERED_ACTOR_KEY": "o" * 64}))
    fill_in.fill_in(tmp_path, "b:1", "p:1")
    assert "\nFIVERED_ACTOR_KEY=" + "o" * 64 in (tmp_path / "identity.env").read_text()


def test_nobody_without_a_password_gets_into_the_broker():
    definitions = json.loads((DEPLOY / "rabbitmq/definitions.json").read_text())
    assert {user["password_hash"] for user in definitions["users"]} == {""}
    ours = [user for user in definitions["users"] if user["name"] != scaling.MONITOR]
    assert all(user["tags"] == [] for user in ours)
    assert {user["name"] for user in ours} == set(UNITS)
    # Who sees how many events wait opens no connection, and touches nothing.
    (monitor,) = (user for user in definitions["users"] if user not in ours)
    assert (monitor["tags"], monitor["limits"]) == (["management"], {"max-connections": 0})
    (rights,) = (one for one in definitions["permissions"] if one["user"] == scaling.MONITOR)
    assert [rights[kind] for kind in ("configure", "write", "read")] == ["^$"] * 3


def test_no_user_reads_writes_or_makes_what_is_anothers():
    installation = topology.installation_of([service_class(name) for name in service_names()])
    rights = {permission.user: permission for permission in topology.permissions(installation)}
    queues = {queue.name: queue.subscriber for queue in installation.queues()}
    queues |= {topology.call_queue(name): name for name in service_names()}
    exchanges = {topology.event_exchange(name): name for name in service_names()}
    for user, permission in rights.items():
        may = {
            kind: re.compile(getattr(permission, kind)) for kind in ("configure", "write", "read")
        }
        for name, owner in queues.items():
            assert bool(may["read"].search(name)) == (owner == user), (user, name)
            assert bool(may["write"].search(name)) == (name == f"rpc.{user}")
            assert bool(may["configure"].search(name)) == (name == f"rpc.{user}")
        for name, owner in exchanges.items():
            assert bool(may["write"].search(name)) == (owner == user)
            assert not may["read"].search(name)
            assert not may["configure"].search(name)
        for pattern in may.values():
            assert not pattern.search("amq.default")
            assert not pattern.search("ext.board.steward")


def test_the_compose_file_is_one_and_starts_every_process():
    subprocess.run(
        [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema",
         "vendor.compose-spec", str(DEPLOY / "compose.yaml")],
        check=True, capture_output=True,
    )  # fmt: skip
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    # None fills the disk with its log, or takes the memory of the others.
    for name, one in services.items():
        assert one["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert one["mem_limit"] in {"1g", "2g", "4g"}, name
    wanted = {f"{name}-{kind}" for name in service_names() for kind in ("migrate", "serve", "work")}
    assert set(services) == wanted | {"rabbitmq", "postgres", "topology", "consumer", "gateway"}
    for name, service in services.items():
        # A variable is shown by `docker inspect`; a secret is a file that one container sees.
        assert "env_file" not in service
        shown = " ".join(f"{key}={value}" for key, value in service.get("environment", {}).items())
        assert "PASSWORD=" not in shown and "_KEY=" not in shown, name
        if name not in {"rabbitmq", "postgres"}:
            unit = name.rsplit("-", 1)[0] if name in wanted else name
            unit = {"consumer": "consumers"}.get(unit, unit)
            # Who owns the tables, nobody but `migrate` is told.
            owner = {f"{unit}-owner": "owner"} if name.endswith("-migrate") else {}
            given = {one["source"]: one["target"] for one in service["secrets"]}
            assert given == {unit: "settings"} | owner
            places = ":".join(f"/run/secrets/{target}" for target in given.values())
            assert service["environment"]["FIVERED_SETTINGS"] == places
            for source in given:
                assert compose["secrets"][source] == {"file": f"./env/{source}.env"}
        if name in wanted:
            unit, kind = name.rsplit("-", 1)
            assert service["command"] == [kind, unit]
            assert service["build"]["args"] == {"UNIT": f"services/{unit}"}
            assert service["read_only"] and service["cap_drop"] == ["ALL"]
    # Nothing but the gateway is reached from outside, and that from this host only.
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert ports == {"gateway": ["127.0.0.1:8000:8000"]}


def manifests_of(folder=DEPLOY / "kubernetes"):
    for path in sorted(folder.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            for manifest in yaml.safe_load_all(path.read_text("utf-8")):
                yield path.name, manifest


def test_a_new_fact_changes_the_manifests_of_its_hearers_only():
    known = topology.installation_of([service_class(name) for name in service_names()])
    forum, credit = known.members["forum"], known.members["credit"]
    consumes = {**credit.consumes, "forum": (*credit.consumes["forum"], "hall_opened.v1")}
    grown = {
        "forum": replace(forum, publishes={**forum.publishes, "hall_opened.v1": "internal"}),
        "credit": replace(credit, consumes=consumes),
    }
    before, after = (
        manifests.files(one) for one in (known, topology.Installation({**known.members, **grown}))
    )
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"credit.yaml", "settings.yaml"}


def test_kubernetes_takes_every_manifest():
    kinds = []
    for name, manifest in manifests_of():
        kubernetes_validate.validate(manifest, CLUSTER, strict=True)
        kinds.append((manifest["kind"], manifest["metadata"]["name"], name))
    deployments = {name for kind, name, _ in kinds if kind == "Deployment"}
    assert deployments == {f"{n}-{k}" for n in service_names() for k in ("serve", "work")} | {
        "gateway"
    }
    assert {name for kind, name, _ in kinds if kind == "PodDisruptionBudget"} == deployments
    jobs = {name.rsplit("-", 3)[0] for kind, name, _ in kinds if kind == "Job"}
    assert jobs == {f"{name}-migrate" for name in service_names()} | {"topology-apply"}
    with pytest.raises(kubernetes_validate.ValidationError):
        # The validator knows what it says: a misspelt field does not pass.
        wrong = next(one for _, one in manifests_of() if one["kind"] == "Deployment")
        wrong["spec"]["replica"] = 2
        kubernetes_validate.validate(wrong, CLUSTER, strict=True)


def test_every_pod_runs_as_nobody_and_says_how_it_is():
    settings = next(
        one["data"] for _, one in manifests_of() if one["metadata"]["name"] == "settings"
    )
    for _, manifest in manifests_of():
        if manifest["kind"] not in {"Deployment", "Job"}:
            continue
        pod = manifest["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        # Keys lie in a folder that the pod's group alone reads; no list of variables shows them.
        assert container["envFrom"] == [{"configMapRef": {"name": "settings"}}]
        (secret,) = (volume for volume in pod["volumes"] if volume["name"] == "secret")
        [(kind, held)] = ((kind, held) for kind, held in secret.items() if kind != "name")
        assert held["defaultMode"] == 0o440
        # Who owns the tables, the job of `migrate` alone is told; an installation may have none.
        name = manifest["metadata"]["name"]
        assert (kind == "projected") == ("-migrate-" in name)
        assert ("-owner" in json.dumps(pod)) == (kind == "projected")
        if kind == "projected":
            own, owner = (source["secret"] for source in held["sources"])
            assert owner == {"name": f"{own['name']}-owner", "optional": True}
        (mount,) = (one for one in container["volumeMounts"] if one["name"] == secret["name"])
        assert mount == {
            "name": "secret",
            "mountPath": settings["FIVERED_SETTINGS"],
            "readOnly": True,
        }
        assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsUser"]
        if manifest["kind"] == "Deployment":
            assert container["livenessProbe"]["httpGet"]["path"] == "/live"
            assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
            assert pod["terminationGracePeriodSeconds"] > 25
            selector = manifest["spec"]["selector"]["matchLabels"]
            labels = manifest["spec"]["template"]["metadata"]["labels"]
            assert selector.items() <= labels.items()


def test_every_service_is_backed_up_each_night():
    folder = DEPLOY / "kubernetes/backups"
    jobs = []
    for _, manifest in manifests_of(folder):
        kubernetes_validate.validate(manifest, CLUSTER, strict=True)
        if manifest["kind"] == "CronJob":
            pod = manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            _backup, name, *_ = container["args"]
            parser, _handlers = cli._parser(["backup"])
            given = parser.parse_args(container["args"])
            places = {one["mountPath"]: one for one in container["volumeMounts"]}
            assert places[given.to]["subPath"] == name
            assert pod["securityContext"]["runAsNonRoot"] is True
            jobs.append((name, manifest["spec"]["schedule"]))
    assert [name for name, _ in jobs] == service_names()
    assert len({schedule for _, schedule in jobs}) == len(jobs)
    whole = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    assert whole["resources"] == [path.name for path in folder.glob("b*.yaml")]
    unit = (DEPLOY / "systemd/fivered-backup@.service").read_text("utf-8")
    (command,) = re.findall(r"^ExecStart=\S+/fivered (.*)$", unit, re.MULTILINE)
    assert parser.parse_args(command.replace("%i", "credit").split()).keep == given.keep


def test_each_deployment_is_scaled_by_one_and_workers_never_beyond_their_partitions():
    installation = topology.installation_of([service_class(name) for name in service_names()])
    folder = DEPLOY / "kubernetes/scaling"
    deployments = {
        one["metadata"]["name"] for _, one in manifests_of() if one["kind"] == "Deployment"
    }
    scaled = []
    for _, manifest in manifests_of(folder):
        spec = manifest["spec"]
        if manifest["kind"] == "TriggerAuthentication":
            (login,) = spec["secretTargetRef"]
            assert (login["name"], login["key"]) == (scaling.SECRET, scaling.ADDRESS)
            continue
        scaled.append(spec["scaleTargetRef"]["name"])
        if manifest["kind"] == "HorizontalPodAutoscaler":
            kubernetes_validate.validate(manifest, CLUSTER, strict=True)
            continue
        name = scaled[-1].removesuffix("-work")
        (trigger,) = spec["triggers"]
        pattern = re.compile(trigger["metadata"]["queueName"])
        mine = {queue.name for queue in installation.queues() if queue.subscriber == name}
        seen = {queue.name for queue in installation.all_queues() if pattern.search(queue.name)}
        assert seen == mine
        assert spec["minReplicaCount"] <= spec["maxReplicaCount"] == topology.PARTITIONS
    assert sorted(scaled) == sorted(deployments)
    whole = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    assert set(whole["resources"]) == {name for name, _ in manifests_of(folder)}


@pytest.mark.servers
def test_the_scalers_user_sees_how_many_events_wait_and_can_do_no_more(private_rabbit, tmp_path):
    fill_in.fill_in(tmp_path, f"127.0.0.1:{private_rabbit.port}", "p:1")
    address = (tmp_path / f"{scaling.MONITOR}.env").read_text().strip().partition("=")[2]
    password = re.search(r":([0-9a-f]{64})@", address)[1]
    assert address == f"http://{scaling.MONITOR}:{password}@127.0.0.1:15672/{topology.VHOST}"
    definitions = json.loads((tmp_path / "definitions.json").read_text())
    private_rabbit.api("POST", "/definitions", definitions)
    everything = dict.fromkeys(("configure", "write", "read"), ".*")
    private_rabbit.api("PUT", f"/permissions/{topology.VHOST}/guest", everything)
    admin = private_rabbit.url(topology.VHOST)
    installation = topology.installation_of([service_class("credit")])
    try:
        broker.apply(admin, installation)
        api = f"http://127.0.0.1:{private_rabbit.management_port}/api"
        login = httpx.BasicAuth(scaling.MONITOR, password)
        # The broker hangs up behind some refusals: each question has a connection of its own.
        with httpx.Client(auth=login, headers={"Connection": "close"}) as client:
            # As KEDA asks, by a pattern.
            pattern = r"^credit\.[a-z0-9_-]+\.[0-9]+$"
            asked = {"use_regex": "true", "name": pattern, "page": 1, "page_size": 100}
            found = client.get(f"{api}/queues/{topology.VHOST}", params=asked)
            mine = {queue.name for queue in installation.queues()}
            assert {one["name"] for one in found.json()["items"]} == mine
            queue = f"{api}/queues/{topology.VHOST}/{min(mine)}"
            for method, path, body in (
                ("POST", f"{queue}/get", {"count": 1, "ackmode": "ack_requeue_true",
                                          "encoding": "auto"}),
                ("DELETE", queue, None),
                ("DELETE", f"{queue}/contents", None),
                ("PUT", f"{api}/users/other", {"password": "p", "tags": "administrator"}),
                ("GET", f"{api}/users", None),
            ):  # fmt: skip
                assert client.request(method, path, json=body).status_code in {400, 401, 403}, path
        with pytest.raises(topology.TopologyError):
            broker.apply(
                admin.replace("guest:guest", f"{scaling.MONITOR}:{password}"), installation
            )
    finally:
        for user in definitions["users"]:
            private_rabbit.api("DELETE", f"/users/{user['name']}")
        private_rabbit.delete_vhost(admin)


def test_kustomization_names_what_is_there():
    whole = yaml.safe_load((DEPLOY / "kubernetes/kustomization.yaml").read_text("utf-8"))
    assert set(whole["resources"]) == {name for name, _ in manifests_of()}
    assert {image["name"] for image in whole["images"]} == {f"fivered/{unit}" for unit in UNITS}
    secrets = {
        volume["secret"]["secretName"]
        for _, manifest in manifests_of()
        if manifest["kind"] in {"Deployment", "Job"}
        for volume in manifest["spec"]["template"]["spec"]["volumes"]
        if "secret" in volume
    }
    # `kubectl create secret generic fivered-UNIT --from-env-file=deploy/env/UNIT.env`
    assert secrets == {f"fivered-{unit}" for unit in [*UNITS, fill_in.ADMIN]}
    assert whole["namespace"] == manifests.NAMESPACE


def test_what_is_shipped_is_what_is_tested():
    """OP: the image had a Python that no test ran on. `make test-next` runs on these versions."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    assert compose["rabbitmq"]["image"] == f"rabbitmq:{newer.RABBITMQ}-management"
    assert compose["postgres"]["image"] == f"postgres:{newer.POSTGRESQL}"
    recipe = (DEPLOY / "Dockerfile").read_text("utf-8")
    (base,) = re.findall(r"^ARG BASE=(\S+)$", recipe, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", recipe, re.MULTILINE) == [
        "${BASE}",
        "dependencies",
        "${BASE}",
    ]
    assert base == f"python:{newer.PYTHON}-slim-{newer.SUITE}"
    # The least Python is that of `make test`.
    python = pins.PYTHON
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    assert tools["mypy"]["python_version"] == python
    assert tools["ruff"]["target-version"] == f"py{python.replace('.', '')}"
    for unit in units():
        project = tomllib.loads((unit / "pyproject.toml").read_text("utf-8"))["project"]
        assert project["requires-python"] == f">={python}"


def test_a_builder_is_sent_what_the_recipe_copies_and_nothing_else():
    """Whatever is not sent cannot leak: keys of deploy/env, the history, an environment."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    sent = {line[1:] for line in patterns if line.startswith("!")}
    recipe = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = set(re.findall(r"^COPY (?!--from)(\S+)", recipe, re.MULTILINE))
    assert copied == {"requirements.txt", "chassis", "${UNIT}"}
    places = {f"services/{name}" for name in service_names()} | {"gateway"}
    assert sent == {"requirements.txt", "chassis"} | {place.split("/")[0] for place in places}
    assert {"**/tests", "**/__pycache__", "**/*.egg-info"} <= set(patterns)


def test_every_pin_has_digests_and_fits_what_the_units_ask_for():
    pinned = {}
    for path in (pins.RUN, pins.TEST):
        for name, lines in pins.blocks(path.read_text("utf-8")).items():
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", lines), name
            version = lines.partition("==")[2].split()[0]
            assert canonicalize_name(name) not in pinned, f"{name} is pinned twice"
            pinned[canonicalize_name(name)] = version
    run = {canonicalize_name(name) for name in pins.blocks(pins.RUN.read_text("utf-8"))}
    for one in map(Requirement, pins.needed()):
        assert canonicalize_name(one.name) in run, "make pins"
        assert one.specifier.contains(pinned[canonicalize_name(one.name)]), f"{one}: make pins"
    for line in (ROOT / "requirements-test.in").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            asked = Requirement(line)
            held = pinned.get(canonicalize_name(asked.name))
            assert held is not None and asked.specifier.contains(held), f"{line}: make pins"


@pytest.mark.shipped
@pytest.mark.timeout(900)
def test_the_image_has_what_its_recipe_builds(tmp_path):
    """Do what the Dockerfile does, in an environment of its own, from a copy of its inputs."""
    recipe = (DEPLOY / "Dockerfile").read_text("utf-8")
    steps = re.findall(r"/opt/fivered/bin/(pip [^\n\\]*[^\n\\ ])", recipe)
    assert steps == [
        "pip install --no-cache-dir --require-hashes -r requirements.txt",
        "pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /wheels ./chassis ./unit",
        "pip install --no-cache-dir --no-deps --no-index /wheels/*.whl",
        "pip check",
    ]
    source, made = tmp_path / "src", tmp_path / "fivered"
    source.mkdir()
    shutil.copy(ROOT / "requirements.txt", source)
    left_out = shutil.ignore_patterns("tests", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "chassis", source / "chassis", ignore=left_out)
    shutil.copytree(ROOT / "services/credit", source / "unit", ignore=left_out)
    # What is run here is compiled when it is imported; all the rest would take half a minute.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_NO_COMPILE": "1"}
    for name in ("PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_CONFIG_FILE"):
        if name in os.environ:
            environment[name] = os.environ[name]
    run = {"cwd": source, "env": environment, "capture_output": True, "text": True}
    subprocess.run([sys.executable, "-m", "venv", str(made)], check=True, **run)
    for step in steps:
        command = f"{made}/bin/{step}".replace("/wheels", f"{tmp_path}/wheels")
        subprocess.run(command, shell=True, check=True, **run)
    shutil.rmtree(source)
    run["cwd"] = tmp_path
    fivered = str(made / "bin" / "fivered")
    assert "migrate" in subprocess.run([fivered, "--help"], check=True, **run).stdout
    run["env"] = environment | {
        "FIVERED_CREDIT_DATABASE_URL": f"sqlite:///{tmp_path}/credit.sqlite",
        "FIVERED_ACTOR_KEY": "k" * 32,
    }
    assert (
        "credit: migrated to"
        in subprocess.run([fivered, "migrate", "credit"], check=True, **run).stdout
    )
    assert (
        "credit: is at" in subprocess.run([fivered, "migrate", "credit"], check=True, **run).stdout
    )
    where = [
        str(made / "bin/python"),
        "-c",
        "import fivered.services.credit.service as s; print(s.__file__)",
    ]
    assert str(made) in subprocess.run(where, check=True, **run).stdout


def test_the_runbook_answers_every_alarm_and_names_what_the_code_says():
    text = (DEPLOY / "RUNBOOK.md").read_text("utf-8")
    headings = [line[3:].lower() for line in text.splitlines() if line.startswith("## ")]
    for alarm in (
        "outbox age", "parked events", "returned messages", "timers late", "broker memory alarm",
        "database full", "incomplete", "restoring a backup", "rotating keys", "adding a consumer",
        "upgrading one service",
    ):  # fmt: skip
        assert any(alarm in heading for heading in headings), alarm
    code = "".join(path.read_text("utf-8") for path in (ROOT / "chassis").glob("*.py"))
    code += (ROOT / "gateway/settings.py").read_text("utf-8")
    for name in service_names():
        own = ROOT / f"services/{name}/settings.py"
        code += own.read_text("utf-8") if own.exists() else ""
    for name in re.findall(r"`((?:event|message|topology|timer|storage|relay)_[a-z]+)`", text):
        assert f'"{name}"' in code, f"nothing logs {name}"
    for name in set(re.findall(r"FIVERED_[A-Z_]+", text)):
        assert name in code, f"nothing reads {name}"
