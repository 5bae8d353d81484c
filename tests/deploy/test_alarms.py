"""Rules, runbook, dashboard and code speak of the same metrics; promtool tries every rule."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import yaml

from deploy import metrics
from fivered.chassis.health import HealthPage
from fivered.chassis.installed import service_names
from fivered.chassis.metrics import tell_build, text
from testkit import servers
from testkit.waiting import wait_until

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text("utf-8")
# What the scraper and the library add.
BESIDE = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}


def promtool(*arguments):
    program = shutil.which("promtool")
    assert program, "not installed: apt-get install -y prometheus"
    done = subprocess.run(
        [program, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules():
    groups = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def anchors():
    """Return the addresses of the runbook's headings, as they are made of their words."""
    headings = re.findall(r"^##+ (.+)$", RUNBOOK, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def names_in(expression):
    """Return the families that a query asks for."""
    known = {one.name: one for one in metrics.described()}
    found = set()
    # Neither the texts nor the labels of a query.
    bare = re.sub(r'"[^"]*"|\b(by|without|on|ignoring) ?\([^)]*\)', "", expression)
    for name in re.findall(r"\b(fivered_\w+|process_\w+|up)\b", bare):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        kind = known[base].kind if base in known else ""
        # Only a histogram has these.
        found.add(base if kind == "histogram" and base != name else name)
    return found


def known():
    return {one.name for one in metrics.described()} | BESIDE


def test_promtool_takes_the_rules_and_the_example():
    assert f"{len(rules())} rules found" in promtool("check", "rules", PROMETHEUS / "alerts.yaml")
    promtool("check", "config", PROMETHEUS / "prometheus.yml")


def test_every_rule_is_silent_on_a_sound_system_and_fires_on_a_sick_one():
    promtool("test", "rules", PROMETHEUS / "alerts_test.yaml")
    tried = yaml.safe_load((PROMETHEUS / "alerts_test.yaml").read_text("utf-8"))["tests"]
    cases = [case for test in tried for case in test["alert_rule_test"]]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert fires == silent == set(rules())


def test_a_real_prometheus_reads_the_page_and_the_rules(tmp_path):
    program = shutil.which("prometheus")
    assert program, "not installed: apt-get install -y prometheus"
    scraped, port = servers.free_port(), servers.free_port()
    page = HealthPage(scraped, {}, {})
    job = {
        "job_name": "fivered",
        "static_configs": [{"targets": [f"127.0.0.1:{scraped}"]}],
    }
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(PROMETHEUS / "alerts.yaml")],
        "scrape_configs": [job],
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    end = tell_build("gateway", "gateway")
    page.start()
    process = servers.spawn(
        [program, f"--config.file={tmp_path / 'prometheus.yml'}",
         f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def ask(path, **params):
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/{path}", params=params)
        except httpx.TransportError:
            return {}
        return answer.json().get("data", {}) if answer.status_code == 200 else {}

    def built():
        return ask("query", query='fivered_build_info{job="fivered"} * 1').get("result")

    def looked_at():
        return [
            rule
            for group in ask("rules").get("groups", ())
            for rule in group["rules"]
            if rule["health"] == "ok"
        ]

    try:
        assert wait_until(built, 30)
        assert wait_until(lambda: len(looked_at()) == len(rules()), 30)
        (target,) = ask("targets")["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
    finally:
        process.terminate()
        process.wait(20)
        page.stop()
        end()


def test_the_page_has_no_flaw_that_promtool_knows():
    metrics.described()
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_each_alarm_of_the_runbook_has_its_rule_and_each_rule_its_section():
    rows = re.findall(r"^\| \[[^\]]+\]\(#([\w-]+)\) \| `(\w+)` \|", RUNBOOK, re.MULTILINE)
    listed = {alert: f"deploy/RUNBOOK.md#{anchor}" for anchor, alert in rows}
    assert listed == {name: rule["annotations"]["runbook"] for name, rule in rules().items()}
    assert {anchor for anchor, _ in rows} <= anchors()


def test_a_rule_asks_for_what_processes_tell():
    for name, rule in rules().items():
        asked = names_in(rule["expr"])
        assert asked, name
        assert asked <= known(), name


def test_the_dashboard_asks_for_what_processes_tell():
    board = json.loads((DEPLOY / "grafana/fivered.json").read_text("utf-8"))
    targets = [target for panel in board["panels"] for target in panel.get("targets", [])]
    asked = set().union(*(names_in(target["expr"]) for target in targets))
    assert asked <= known()
    # Nothing is measured that nobody looks at.
    assert {one.name for one in metrics.described()} <= asked
    boxes = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert len(set(boxes)) == len(boxes)
    assert len({panel["id"] for panel in board["panels"]}) == len(boxes)


def test_prometheus_finds_the_port_of_every_process():
    processes = {f"{name}-{kind}" for name in service_names() for kind in ("serve", "work")}
    processes.add("gateway")
    example = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
    (job,) = example["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    assert (job["job_name"], set(found["names"])) == ("fivered", processes)
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    for name in processes:
        # Others on the file's own network reach it.
        assert compose[name]["environment"]["FIVERED_HEALTH_HOST"] == "0.0.0.0"
    deployed = {}
    for path in (DEPLOY / "kubernetes").glob("*.yaml"):
        for one in yaml.safe_load_all(path.read_text("utf-8")):
            if one["kind"] == "Deployment":
                deployed[one["metadata"]["name"]] = one["spec"]["template"]
    assert set(deployed) == processes
    (monitored,) = yaml.safe_load_all(
        (DEPLOY / "kubernetes/monitoring/podmonitor.yaml").read_text("utf-8")
    )
    selected = monitored["spec"]["selector"]["matchLabels"]
    (endpoint,) = monitored["spec"]["podMetricsEndpoints"]
    for pod in deployed.values():
        assert selected.items() <= pod["metadata"]["labels"].items()
        ports = {p["name"]: p["containerPort"] for p in pod["spec"]["containers"][0]["ports"]}
        assert ports[endpoint["port"]] == found["port"]
        assert pod["metadata"]["annotations"]["prometheus.io/port"] == str(found["port"])
    policies = yaml.safe_load_all((DEPLOY / "kubernetes/network.yaml").read_text("utf-8"))
    opened = {policy["metadata"]["name"]: policy["spec"] for policy in policies}["metrics"]
    (rule,) = opened["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": found["port"]}]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"fivered/scrapes": "true"}}}]


def test_the_operators_rules_are_the_rules():
    (manifest,) = yaml.safe_load_all(
        (DEPLOY / "kubernetes/monitoring/rules.yaml").read_text("utf-8")
    )
    assert manifest["spec"] == yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text("utf-8"))


def test_the_overlay_of_compose_is_one():
    subprocess.run(
        [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema",
         "vendor.compose-spec", str(PROMETHEUS / "compose.yaml")],
        check=True, capture_output=True,
    )  # fmt: skip
    (service,) = yaml.safe_load((PROMETHEUS / "compose.yaml").read_text("utf-8"))[
        "services"
    ].values()
    assert service["ports"] == ["127.0.0.1:9090:9090"]
    for mount in service["volumes"]:
        source = mount.partition(":")[0]
        assert not source.startswith(".") or (DEPLOY / source).is_file(), source
