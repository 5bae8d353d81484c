"""Write the files of an installation of some of the services.

    python -m deploy.partial credit [steward ...] [--folder deploy/installations/NAME]

They are an installation file, an overlay of compose.yaml and one of the manifests. The gateway is
in every installation. `deploy/installations/credit` is the example that is kept and tested.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from deploy import manifests
from fivered.chassis import topology
from fivered.chassis.installed import service_class, service_names

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE / "installations" / "credit"
# A profile that nobody asks for.
_ABSENT = "not-in-this-installation"
_HEAD = "# Generated: python -m deploy.partial {chosen}. Use: {use}\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files and say so."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("services", nargs="+", choices=service_names(), metavar="SERVICE")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args(argv)
    chosen = sorted(set(given.services))
    folder = given.folder or HERE / "installations" / "-".join(chosen)
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files(chosen, folder).items():
        path.write_text(text, "utf-8")
        print(f"wrote {path}")
    return 0


def files(chosen: Sequence[str], folder: Path) -> dict[Path, str]:
    """Return the files of an installation of these services and the gateway, by their places."""
    installation = topology.installation_of([service_class(name) for name in chosen])
    at = Path(os.path.relpath(folder, HERE))
    up = Path(os.path.relpath(HERE / "kubernetes", folder))
    use = f"docker compose -f deploy/compose.yaml -f deploy/{at}/compose.yaml up -d --build"
    compose = _HEAD.format(chosen=" ".join(chosen), use=use) + _text(_compose(chosen, at))
    use = f"kubectl apply -k deploy/{at}"
    overlay = _HEAD.format(chosen=" ".join(chosen), use=use)
    return {
        folder / "installation.json": installation.to_json(),
        folder / "compose.yaml": compose,
        folder / "kustomization.yaml": overlay + _text(_kustomization(chosen, installation, up)),
    }


def _text(whole: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=100)
    return text


def settings_of(name: str, chosen: Sequence[str]) -> dict[str, str]:
    """Return the settings of a service that list services: those that are there, or "none"."""
    found = {}
    for field in dataclasses.fields(service_class(name).settings_type):
        choices = set(field.metadata.get("choices", ()))
        if choices and choices <= set(service_names()):
            there = [one for one in sorted(choices) if one in chosen]
            found[field.metadata["env"]] = ",".join(there) or "none"
    return found


def _compose(chosen: Sequence[str], at: Path) -> dict[str, Any]:
    installation = f"./{at}/installation.json:/etc/fivered/installation.json:ro"
    services: dict[str, Any] = {}
    for name in service_names():
        for kind in ("migrate", "serve", "work"):
            if name not in chosen:
                services[f"{name}-{kind}"] = {"profiles": [_ABSENT]}
                continue
            one: dict[str, Any] = {"volumes": [installation]}
            if own := settings_of(name, chosen):
                one["environment"] = own
            services[f"{name}-{kind}"] = one
    image = manifests.image_of_compose(chosen[0])
    services["topology"] = {"image": image, "volumes": [installation]}
    services["consumer"] = {"image": image, "volumes": [installation]}
    services["gateway"] = {
        "volumes": [installation],
        "environment": {"FIVERED_SERVICES": ",".join(chosen)},
    }
    return {"services": services}


def _kustomization(
    chosen: Sequence[str], installation: topology.Installation, up: Path
) -> dict[str, Any]:
    absent = [name for name in service_names() if name not in chosen]
    labels = f"app.kubernetes.io/name in ({','.join(absent)})"
    patches = [
        {
            "target": {"labelSelector": labels},
            "patch": _text({"$patch": "delete", "kind": "Any", "metadata": {"name": "any"}}),
        },
        _changed("gateway", "gateway", {"FIVERED_SERVICES": ",".join(chosen)}),
    ]
    for name in chosen:
        seen = hashlib.sha256(installation.seen_by(name).encode()).hexdigest()[:16]
        for kind in ("serve", "work"):
            own = settings_of(name, chosen)
            patches.append(_changed(f"{name}-{kind}", name, own, {"fivered/installation": seen}))
    listed: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap"}
    listed["metadata"] = {"name": "installation"}
    listed["data"] = {"installation.json": installation.to_json()}
    patches.append({"patch": _text(listed)})
    first = service_names()[0]
    if first not in chosen:
        image = json.dumps(f"fivered/{chosen[0]}")
        path = "/spec/template/spec/containers/0/image"
        patches.append(
            {
                "target": {"kind": "Job", "labelSelector": "app.kubernetes.io/name=topology"},
                "patch": f"- {{op: replace, path: {path}, value: {image}}}\n",
            }
        )
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [str(up)],
        "patches": patches,
    }


def _changed(
    deployment: str, container: str, variables: dict[str, str], notes: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return a patch of a deployment: variables of its container, notes of its pods."""
    template: dict[str, Any] = {}
    if notes:
        template["metadata"] = {"annotations": notes}
    if variables:
        env = [{"name": name, "value": value} for name, value in variables.items()]
        template["spec"] = {"containers": [{"name": container, "env": env}]}
    whole = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": deployment},
        "spec": {"template": template},
    }
    return {"patch": _text(whole)}


if __name__ == "__main__":
    sys.exit(main())
