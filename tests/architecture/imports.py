"""import-linter over the units that are in this checkout: python -m tests.architecture.imports.

The contracts are generated, so that a new service is held to them from its first file and a
deleted one needs no change here.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "service", "doors", "actions | views", "replies", "storage", "rules", "events",
    "errors | fields | settings | messages",
)  # fmt: skip
# What a service may hold beside its rooms.
BESIDE = ("migrations", "tests")
BROKER = ("nameko", "kombu", "eventlet", "amqp", "pika")
# The chassis's modules, from what is started down to what knows nothing. Those of one line do not
# know each other. An import for the type checker alone counts: it hides a circle as well.
CHASSIS = (
    "cli",
    "commands | restore | top | up | verifying",
    "backup | embedded | event_log | repartition | serve | work",
    "asyncapi | consumers | doctor | gauges | health | kept_keys | keys | looking | process | reconcile | relay | rpc | subscriber | webhook_sender",
    "publisher",
    "broker | broker_users | runtime",
    "contracts | drafting | folder | topology",
    "releases",
    "fact_schemas | file_imports | installed | projections | sealing | table",
    "files",
    "kept",
    "bus",
    "going_out",
    "deadlines | importers | jobs | own_data | telling | waiting | webhooks",
    "audit_log | denials | person_keys",
    "audit_seals | history | idempotency | inbox | leases | migrate | records | timers | years",
    "transaction",
    "outbox",
    "columns | cursors | digests | known_years | many_rows | partitioning | rows_by_hand | sorting",
    "reading",
    "dumps | owners",
    "append_only | outgoing",
    "i18n",
    "actors | audit | blobs | calendar | checks | envelope | fields | free_text | here | identities | logs | mailer | personal | sender | wechat | setting_files | shapes | sheets | spreadsheets",
    "messages | promises | schemas | storage | webhook_wire | workbooks",
    "file_table | told_tables | vault",
    "api | buildings | cards | cells | column_types | database_errors | few | forms | marks | tells",
    "decimals | driver | facts | pace | reconnect | refusal | replies | requests | settings | sqlite_writers | supervised | telemetry | text",
    "json_values | metrics | roles | tls | typed",
)
# The chassis modules that are pure, and may therefore be read by rules, events and errors.
PURE = (
    "fivered.chassis.refusal",
    "fivered.chassis.buildings",
    "fivered.chassis.calendar",
    "fivered.chassis.text",
    "fivered.chassis.facts",
    "fivered.chassis.fields",
    "fivered.chassis.outgoing",
    "fivered.chassis.requests",
    "fivered.chassis.forms",
    "fivered.chassis.decimals",
    "fivered.chassis.roles",
    "fivered.chassis.tells",
    "fivered.chassis.typed",
)


def service_packages() -> list[str]:
    """Return the services of this checkout as import names."""
    found = (ROOT / "services").glob("*/service.py")
    return sorted(f"fivered.services.{path.parent.name}" for path in found)


def path_of(module: str) -> Path:
    """Return where a module or a package of ours stands in this checkout; without its ending."""
    return ROOT / module.removeprefix("fivered.").replace(".", "/")


def configuration() -> str:
    """Return the import-linter configuration for this checkout."""
    services = service_packages()
    roots = ["fivered.chassis"]
    if (ROOT / "gateway" / "app.py").exists():
        roots.append("fivered.gateway")
    roots += [
        f"fivered.clients.{name}" for name in ("demo", "load") if (ROOT / "clients" / name).exists()
    ]
    roots += services
    alone = [root for root in roots if root != "fivered.chassis"]
    shipped = [module for root in roots for module in _modules_of(root)]
    roots.append("testkit")
    pure_rooms = [
        f"{s}.{room}"
        for s in services
        for room in ("rules", "events", "errors", "fields", "messages")
    ]
    impure = [
        f"fivered.chassis.{path.stem}"
        for path in sorted((ROOT / "chassis").glob("*.py"))
        if path.stem != "__init__" and f"fivered.chassis.{path.stem}" not in PURE
    ]
    parts = [
        "[importlinter]",
        _many("root_packages", roots),
        "include_external_packages = True",
        "exclude_type_checking_imports = True",
        _contract("No unit imports another one's code", "independence", modules=alone),
        _contract(
            "The chassis imports no unit",
            "forbidden",
            source_modules=["fivered.chassis"],
            forbidden_modules=alone,
        ),
        _contract(
            "Nothing that is shipped imports the test kit",
            "forbidden",
            source_modules=shipped,
            forbidden_modules=["testkit", "pytest"],
        ),
    ]
    if services:
        parts += [
            _contract(
                "Inside each service imports go downstairs only, and there are no other rooms",
                "layers",
                containers=services,
                layers=[_optional(layer) for layer in ROOMS],
                exhaustive="True",
                exhaustive_ignores=[*BESIDE],
            ),
            _contract(
                "Rules, events and errors touch nothing outside",
                "forbidden",
                source_modules=_existing(pure_rooms),
                forbidden_modules=[
                    *impure, "sqlalchemy", *BROKER, "socket", "logging", "random", "threading",
                    "subprocess", "httpx", "requests",
                ],
                # A lock, so that two threads may begin to read a type.
                ignore_imports=["fivered.chassis.typed -> threading"],
            ),
            _contract(
                "Only the chassis touches the broker's libraries",
                "forbidden",
                source_modules=alone,
                forbidden_modules=list(BROKER),
                allow_indirect_imports="True",
            ),
        ]  # fmt: skip
    return "\n".join(parts) + "\n"


def chassis_configuration() -> str:
    """Return the import-linter configuration of the chassis's inside."""
    parts = [
        "[importlinter]",
        _many("root_packages", ["fivered.chassis"]),
        _contract(
            "Inside the chassis imports go downstairs only, those for the type checker too",
            "layers",
            containers=["fivered.chassis"],
            layers=list(CHASSIS),
            exhaustive="True",
            exhaustive_ignores=[*BESIDE],
        ),
    ]
    return "\n".join(parts) + "\n"


def _modules_of(unit: str) -> list[str]:
    """Return what a unit's wheel holds: the modules and folders beside its tests."""
    folder = path_of(unit)
    files = {path.stem for path in folder.glob("*.py")}
    folders = {path.parent.name for path in folder.glob("*/__init__.py")}
    return sorted(f"{unit}.{name}" for name in (files | folders) - {"__init__", "tests"})


def _existing(modules: list[str]) -> list[str]:
    return [
        name
        for name in modules
        if path_of(name).is_dir() or path_of(name).with_suffix(".py").exists()
    ]


def _optional(layer: str) -> str:
    return " | ".join(f"({room})" for room in layer.split(" | "))


def _many(name: str, values: list[str]) -> str:
    return f"{name} =\n" + "\n".join(f"    {value}" for value in values)


def _contract(title: str, kind: str, **options: list[str] | str) -> str:
    lines = ["", f"[importlinter:contract:{title.replace(' ', '-').lower()}]", f"name = {title}"]
    lines.append(f"type = {kind}")
    for name, value in options.items():
        lines.append(_many(name, value) if isinstance(value, list) else f"{name} = {value}")
    return "\n".join(lines)


def run() -> int:
    """Lint the imports of this checkout. Returns the exit code."""
    from importlinter.cli import lint_imports

    sys.path.insert(0, str(ROOT))
    failed = 0
    # Without its cache, which still lists modules that were renamed.
    for text in (configuration(), chassis_configuration()):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "importlinter.ini"
            path.write_text(text, "utf-8")
            failed |= int(lint_imports(config_filename=str(path), no_cache=True))
    return failed


if __name__ == "__main__":
    sys.exit(run())
