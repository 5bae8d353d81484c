"""Who sets the number of processes by load, written by `python -m deploy.generate`.

`serve` and the gateway by processor (HorizontalPodAutoscaler), `work` by the depth of its queues
(KEDA). The workers of a service share its queues by themselves, so that nothing but their number
has to be set.
"""

from __future__ import annotations

from typing import Any

from deploy import manifests
from fivered.chassis.installed import service_names
from fivered.chassis.topology import VHOST, Installation

# The broker's user that sees how many events wait, and may do nothing else.
MONITOR = "monitor"
SECRET = f"fivered-{MONITOR}"
ADDRESS = "BROKER_API"
LEAST, MOST = 2, 6
# One worker takes so many events of its queues into effect in less than a second.
WAITING = 500
Manifest = dict[str, Any]


def monitor() -> dict[str, list[Manifest]]:
    """Return what RabbitMQ's definitions have of that user: `management` is the tag that opens the
    management interface, and a permission that permits nothing lets it see the vhost."""
    nothing = dict.fromkeys(("configure", "write", "read"), "^$")
    return {
        "users": [
            {
                "name": MONITOR,
                "password_hash": "",  # nosec B105  # set by the operator
                "tags": ["management"],
                "limits": {"max-connections": 0},
            }
        ],
        "permissions": [{"user": MONITOR, "vhost": VHOST} | nothing],
    }


def files(installation: Installation) -> dict[str, str]:
    """Return the manifests by file name."""
    names = service_names()
    by_processor = [_by_processor(f"{name}-serve") for name in names]
    whole: dict[str, list[Manifest]] = {
        "processor.yaml": [*by_processor, _by_processor("gateway")],
        "queues.yaml": [_login(), *(_by_queues(name, installation) for name in names)],
    }
    whole["kustomization.yaml"] = [manifests.kustomization(manifests.NAMESPACE, sorted(whole))]
    return {name: manifests.HEAD + manifests.text_of(found) for name, found in whole.items()}


def _head(kind: str, api: str, name: str) -> Manifest:
    labels = {"app.kubernetes.io/part-of": "fivered"}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "labels": labels}}


def _target(name: str) -> Manifest:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}


def _by_processor(name: str) -> Manifest:
    usage = {"type": "Utilization", "averageUtilization": 250}
    return _head("HorizontalPodAutoscaler", "autoscaling/v2", name) | {
        "spec": {
            "scaleTargetRef": _target(name),
            "minReplicas": LEAST,
            "maxReplicas": MOST,
            # Of what is requested, a fifth of a core: each process uses at most one.
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": usage}}],
        }
    }


def _login() -> Manifest:
    return _head("TriggerAuthentication", "keda.sh/v1alpha1", "broker") | {
        "spec": {"secretTargetRef": [{"parameter": "host", "name": SECRET, "key": ADDRESS}]}
    }


def _by_queues(name: str, installation: Installation) -> Manifest:
    queues = [queue for queue in installation.queues() if queue.subscriber == name]
    most = max((installation.partitions_of(queue.source) for queue in queues), default=LEAST)
    trigger = {
        "type": "rabbitmq",
        "metadata": {
            "protocol": "http",
            "mode": "QueueLength",
            "value": str(WAITING),
            # Of all its queues together.
            "queueName": rf"^{name}\.[a-z0-9_-]+\.[0-9]+$",
            "useRegex": "true",
            "operation": "sum",
            "vhostName": VHOST,
        },
        "authenticationRef": {"name": "broker"},
    }
    return _head("ScaledObject", "keda.sh/v1alpha1", f"{name}-work") | {
        "spec": {
            "scaleTargetRef": _target(f"{name}-work"),
            "minReplicaCount": LEAST,
            # A partition is consumed by one: more would only stand by.
            "maxReplicaCount": most,
            "pollingInterval": 15,
            "triggers": [trigger],
        }
    }
