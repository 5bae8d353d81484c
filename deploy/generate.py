"""Write the deployment files that follow from the code: python -m deploy.generate [--check].

Environment examples come from the settings classes, broker users from what each service publishes
and consumes, database roles, containers and Kubernetes manifests from the list of services, the
facts on a service's card from its contracts, the runbook's table of metrics from what is declared,
the release in each unit from the chassis. A test compares them with what is in the tree.
`python -m deploy.fill_in` makes an installation's own files of them.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from deploy import (
    cards,
    changes,
    data_map,
    manifests,
    messages,
    metrics,
    operators,
    partial,
    rights,
    roles,
    scaling,
    units,
    waiting,
)
from fivered.chassis import __version__, asyncapi, contracts, topology
from fivered.chassis.actors import PAIRS
from fivered.chassis.bus import consumed_by
from fivered.chassis.installed import service_class, service_names
from fivered.chassis.settings import (
    ACTOR_KEY,
    BusSettings,
    ProcessSettings,
    database_variable,
    describe,
)
from fivered.chassis.topology import VHOST
from fivered.gateway.settings import GatewaySettings, SigningSettings

HERE = Path(__file__).resolve().parent
# Settings of a demonstration have no place in a deployment.
_DEMO = ("FIVERED_DEMO_CLOCK", "FIVERED_DEMO_START", "FIVERED_SYNTHETIC")
_EXAMPLE = {
    "FIVERED_BROKER_URL": "amqp://{unit}:BROKER_PASSWORD@rabbitmq:5672/fivered",
    "FIVERED_INSTALLATION": "/etc/fivered/installation.json",
    "FIVERED_HEALTH_PORT": str(manifests.HEALTH_PORT),
    "FIVERED_BLOBS": "/var/lib/fivered/blobs",
    "FIVERED_GATEWAY_HOST": "0.0.0.0",  # nosec B104  # in a container
    # No service is installed in the gateway's image.
    "FIVERED_SERVICES": ",".join(service_names()),
}


def environment(unit: str, kinds: list[type[Any]], database: bool) -> str:
    """Return the example of a unit's environment file."""
    lines = [f"# Environment of {unit}. Generated from its settings (python -m deploy.generate)."]
    if database:
        lines += [
            "",
            f"# The database of {unit}; its own role, its own database.",
            f"{database_variable(unit)}=postgresql://{unit}:DATABASE_PASSWORD@postgres/fivered_{unit}",
        ]
    seen: set[str] = set()
    for kind in kinds:
        for name, default, text in describe(kind):
            if name in _DEMO or name in seen:
                continue
            seen.add(name)
            value = _EXAMPLE.get(name, default).replace("{unit}", unit)
            if name in PAIRS:
                value = "A_PRIVATE_KEY"
            elif name in PAIRS.values():
                value = "ITS_PUBLIC_KEY"
            elif not value and name.endswith("_KEY") and name != ACTOR_KEY:
                value = "AT_LEAST_32_RANDOM_BYTES"
            lines += ["", f"# {text}", f"{name}={value}"]
    return "\n".join(lines) + "\n"


# What one user may hold open: `serve` has two connections, `work` one per source and two more.
_CONNECTIONS, _CHANNELS = 100, 400


def broker() -> str:
    """Return RabbitMQ's definitions: a vhost, a user per unit, and what each may touch.

    Users have no password here, and without one nobody can log in: `deploy.fill_in` sets them.
    """
    installation = topology.installation_of([service_class(name) for name in service_names()])
    permissions = topology.permissions(installation)
    monitor = scaling.monitor()
    limits = {"max-connections": _CONNECTIONS, "max-channels": _CHANNELS}
    whole = {
        "vhosts": [{"name": VHOST}],
        "users": [
            *(
                {"name": p.user, "password_hash": "", "tags": [], "limits": limits}  # nosec B105  # set by the operator
                for p in permissions
            ),
            *monitor["users"],
        ],
        "permissions": [
            *(
                {
                    "user": p.user,
                    "vhost": VHOST,
                    "configure": p.configure,
                    "write": p.write,
                    "read": p.read,
                }
                for p in permissions
            ),
            *monitor["permissions"],
        ],
        "topic_permissions": [
            {
                "user": p.user,
                "vhost": VHOST,
                "exchange": topic.exchange,
                "write": topic.write,
                "read": topic.read,
            }
            for p in permissions
            for topic in p.topics
        ],
        "parameters": [
            {
                # Whatever an outside consumer asks for, its queue cannot fill the broker.
                "vhost": VHOST,
                "component": "operator_policy",
                "name": "outside-consumers",
                "value": {
                    "pattern": r"^ext\.",
                    "apply-to": "queues",
                    "priority": 0,
                    "definition": {
                        "max-length": topology.EXT_MOST,
                        "expires": topology.EXT_KEPT_MS,
                    },
                },
            }
        ],
        "policies": [
            {"vhost": VHOST, "name": name, **policy} for name, policy in topology.policies().items()
        ],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def database() -> str:
    """Return the SQL that makes two roles and a database per service, and nothing between them."""
    return roles.script(dict.fromkeys(service_names(), True))


_BEGIN, _END = "  # services: written by make generate\n", "  # /services\n"
_SECRETS = "  # services: their settings\n"
_LABEL = "org.opencontainers.image.version"
_MIGRATED = "{condition: service_completed_successfully}"


def compose() -> str:
    """Return the compose file with the three containers of each service and its settings between
    their marks, and every image of this release."""
    made = []
    for name in service_names():
        made.append(
            _container(name, "migrate", "service", ["postgres: {condition: service_healthy}"])
        )
        made += [
            _container(
                name, kind, "process", [f"{name}-migrate: {_MIGRATED}", f"topology: {_MIGRATED}"]
            )
            for kind in ("serve", "work")
        ]
    whole = (HERE / "compose.yaml").read_text("utf-8")
    files = [unit for name in service_names() for unit in (name, roles.settings_of(name))]
    secrets = [f"  {unit}:\n    file: ./env/{unit}.env\n" for unit in files]
    for begin, text in ((_BEGIN, "\n".join(made)), (_SECRETS, "".join(secrets))):
        before, _, rest = whole.partition(begin)
        _, _, after = rest.partition(_END)
        whole = before + begin + text + _END + after
    for said in (r":-fivered/[a-z]+:", rf"{re.escape(_LABEL)}: "):
        whole = re.sub(rf"({said})[\d.]+", rf"\g<1>{__version__}", whole)
    return whole


def _container(name: str, kind: str, like: str, needs: list[str]) -> str:
    lines = [
        f"  {name}-{kind}:",
        f"    <<: *{like}",
        "    build:",
        "      context: ..",
        "      dockerfile: deploy/Dockerfile",
        f"      args: {{UNIT: services/{name}}}",
        f"      labels: {{{_LABEL}: {__version__}}}",
        f"    image: {manifests.image_of_compose(name)}",
        *_settings(name, owner=kind == "migrate"),
        f'    command: ["{kind}", "{name}"]',
        *(["    restart: on-failure"] if kind == "migrate" else []),
        "    depends_on:",
        *(f"      {one}" for one in needs),
    ]
    return "\n".join(lines) + "\n"


def _settings(name: str, *, owner: bool) -> list[str]:
    """Return where a container reads its settings; those of the owner beside them, or not."""
    own = f"{{source: {name}, target: settings}}"
    if not owner:
        return [f"    secrets: [{own}]"]
    return [
        "    secrets:",
        f"      - {own}",
        f"      - {{source: {roles.settings_of(name)}, target: owner}}",
        "    environment:",
        "      <<: *settings",
        "      FIVERED_SETTINGS: /run/secrets/settings:/run/secrets/owner",
    ]


def events() -> str:
    """Return the AsyncAPI document of all services."""
    facts = [one for name in service_names() for one in contracts.facts_of(service_class(name))]
    heard = {name: consumed_by(service_class(name)) for name in service_names()}
    whole = asyncapi.document(facts, title="五红 Five Red", version=__version__, heard=heard)
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def files() -> dict[Path, str]:
    """Return every generated file with its text."""
    installation = topology.installation_of([service_class(name) for name in service_names()])
    found: dict[Path, str] = {
        HERE / "rabbitmq" / "definitions.json": broker(),
        HERE / "postgres" / "init.sql": database(),
        HERE / "compose.yaml": compose(),
        metrics.RUNBOOK: metrics.runbook(),
        metrics.EXAMPLE: metrics.example(),
        HERE / "installation.json": installation.to_json(),
        HERE.parent / "docs" / "asyncapi.json": events(),
        HERE.parent / "docs" / "changes.md": changes.page(),
        rights.PAGE: rights.page(),
        HERE.parent / "docs" / "security" / "data-map.md": data_map.page(),
        HERE.parent / "docs" / "waiting.md": waiting.page(),
        HERE.parent / "docs" / "messages.md": messages.page(),
        HERE / "env" / "gateway.env.example": environment(
            "gateway", [GatewaySettings, SigningSettings, BusSettings], database=False
        ),
    }
    for name, text in manifests.files(installation).items():
        found[HERE / "kubernetes" / name] = text
    rules = yaml.safe_load((HERE / "prometheus" / "alerts.yaml").read_text("utf-8"))
    for name, text in manifests.backups().items():
        found[HERE / "kubernetes" / "backups" / name] = text
    for name, text in scaling.files(installation).items():
        found[HERE / "kubernetes" / "scaling" / name] = text
    for name, text in manifests.monitoring(rules).items():
        found[HERE / "kubernetes" / "monitoring" / name] = text
    conf = (HERE / "rabbitmq" / "rabbitmq.conf").read_text("utf-8")
    for name, text in operators.files(conf).items():
        found[HERE / "kubernetes" / "operators" / name] = text
    found |= partial.files(["credit"], partial.EXAMPLE)
    for name in service_names():
        kinds: list[type[Any]] = [ProcessSettings, service_class(name).settings_type]
        found[HERE / "env" / f"{name}.env.example"] = environment(name, kinds, database=True)
        path, text = cards.card(service_class(name))
        found[path] = text
    return found | units.files()


def main() -> int:
    """Write, or with --check only compare."""
    stale = 0
    for path, text in files().items():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale += 1
        if "--check" in sys.argv:
            print(f"{path.relative_to(HERE.parent)} is not what the code says", file=sys.stderr)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(HERE.parent)}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
