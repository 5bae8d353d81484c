"""The table of metrics in the runbook, and the example of what Prometheus reads."""

from __future__ import annotations

from pathlib import Path

# What declares metrics, beside the services.
import fivered.chassis.gauges
import fivered.gateway.measures  # noqa: F401
from deploy.manifests import HEALTH_PORT
from fivered.chassis import metrics
from fivered.chassis.installed import service_class, service_names

HERE = Path(__file__).resolve().parent
RUNBOOK, EXAMPLE = HERE / "RUNBOOK.md", HERE / "prometheus" / "prometheus.yml"
_BEGIN, _END = "<!-- metrics: written by make generate -->\n", "<!-- /metrics -->\n"


def described() -> list[metrics.Described]:
    """Return every family that a process of this installation may tell, by name."""
    for name in service_names():
        service_class(name)
    return [metrics.DESCRIBED[name] for name in sorted(metrics.DESCRIBED)]


def table() -> str:
    """Return the table as Markdown."""
    lines = ["| metric | kind | labels | |", "|---|---|---|---|"]
    for one in described():
        labels = ", ".join(f"`{label}`" for label in one.labels)
        lines.append(f"| `{one.name}` | {one.kind} | {labels} | {one.text} |")
    return "\n".join(lines) + "\n"


def runbook() -> str:
    """Return the runbook with the table between its marks."""
    before, _, rest = RUNBOOK.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return before + _BEGIN + table() + _END + after


_SCRAPE = """\
# What Prometheus reads of the installation of deploy/compose.yaml, and an example for others.
# Generated: python -m deploy.generate. Started by
#   docker compose -f deploy/compose.yaml -f deploy/prometheus/compose.yaml up -d
# Each name is looked up again and again: of several replicas all are read.
global:
  scrape_interval: 15s
  evaluation_interval: 15s

rule_files: [alerts.yaml]

scrape_configs:
  - job_name: fivered
    dns_sd_configs:
      - type: A
        port: {port}
        refresh_interval: 15s
        names:
"""


def example() -> str:
    """Return the configuration of a Prometheus beside the containers of compose."""
    processes = [f"{name}-{kind}" for name in service_names() for kind in ("serve", "work")]
    lines = [f"          - {name}\n" for name in ("gateway", *processes)]
    return _SCRAPE.format(port=HEALTH_PORT) + "".join(lines)
