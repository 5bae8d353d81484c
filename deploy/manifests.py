"""The Kubernetes manifests of an installation, written by `python -m deploy.generate`.

Per service: a migration job, `serve` and `work` with a disruption budget each. Nothing waits for
anything in an init container: a process that finds its database not migrated, or the broker
without its queues, says so on /ready and goes on looking.
"""

from __future__ import annotations

import hashlib
from typing import Any

import yaml  # type: ignore[import-untyped]

from deploy import roles
from fivered.chassis import __version__
from fivered.chassis.installed import service_names
from fivered.chassis.topology import Installation

NAMESPACE = "fivered"
USER = 10001
HEALTH_PORT, HTTP_PORT = 8081, 8000
REGISTRY = "registry.example.org/fivered"
# The chassis drains for 25 seconds at most, and the gateway first waits until it gets no calls.
GRACE_S = 35
# Who may read the metrics: namespaces with this label.
SCRAPES = {"fivered/scrapes": "true"}
_SCRAPED = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": str(HEALTH_PORT),
    "prometheus.io/path": "/metrics",
}
_BLOBS = "/var/lib/fivered/blobs"
_BACKUPS = "/backups"
_SECRETS = "/run/secrets/fivered"
HEAD = "# Generated: python -m deploy.generate. What one installation changes: an overlay.\n"

Manifest = dict[str, Any]


def files(installation: Installation) -> dict[str, str]:
    """Return the manifests of an installation by file name."""
    whole: dict[str, list[Manifest]] = {
        "settings.yaml": _settings(installation.to_json()),
        "topology.yaml": [_topology()],
        "gateway.yaml": _gateway(),
        "network.yaml": _network(),
    }
    for name in service_names():
        whole[f"{name}.yaml"] = _service(name, installation.seen_by(name))
    whole["kustomization.yaml"] = [
        kustomization(NAMESPACE, sorted(whole), images=_images([*service_names(), "gateway"]))
    ]
    return {name: HEAD + text_of(manifests) for name, manifests in whole.items()}


def text_of(manifests: list[Manifest]) -> str:
    """Return manifests as one file."""
    return "---\n".join(
        yaml.safe_dump(one, sort_keys=False, allow_unicode=True, width=100) for one in manifests
    )


def _head(kind: str, api: str, name: str, unit: str) -> Manifest:
    labels = {"app.kubernetes.io/part-of": "fivered", "app.kubernetes.io/name": unit}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "labels": labels}}


def kustomization(namespace: str, resources: list[str], **more: object) -> Manifest:
    """Return what lists the files of a folder, for one namespace."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": namespace,
        "resources": resources,
        **more,
    }


def _images(units: list[str], tag: str = __version__) -> list[Manifest]:
    return [
        {"name": f"fivered/{unit}", "newName": f"{REGISTRY}/{unit}", "newTag": tag}
        for unit in units
    ]


def image_variable(unit: str) -> str:
    """Return the variable of compose.yaml that names a unit's image, where it is set."""
    return f"FIVERED_IMAGE_{unit.upper()}"


def image_of_compose(unit: str) -> str:
    """Return a unit's image as compose.yaml names it: of this release, unless a variable is set."""
    return f"${{{image_variable(unit)}:-fivered/{unit}:{__version__}}}"


def _settings(installation: str) -> list[Manifest]:
    """Return what everybody reads: the installation, shared settings, the place of files."""
    shared = _head("ConfigMap", "v1", "settings", "settings") | {
        "data": {
            "FIVERED_INSTALLATION": "/etc/fivered/installation.json",
            "FIVERED_BLOBS": _BLOBS,
            "FIVERED_SETTINGS": _SECRETS,
            # Probes come from the node; the network policy lets nobody else in.
            "FIVERED_HEALTH_HOST": "0.0.0.0",  # nosec B104  # in a pod
            "FIVERED_HEALTH_PORT": str(HEALTH_PORT),
            "FIVERED_GATEWAY_HOST": "0.0.0.0",  # nosec B104  # in a pod
            "FIVERED_GATEWAY_PORT": str(HTTP_PORT),
            "FIVERED_LOG_LEVEL": "INFO",
        }
    }
    blobs = _head("PersistentVolumeClaim", "v1", "blobs", "settings") | {
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "50Gi"}},
        }
    }
    space = _head("Namespace", "v1", NAMESPACE, "settings")
    space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
    listed = _head("ConfigMap", "v1", "installation", "settings") | {
        "data": {"installation.json": installation}
    }
    return [space, listed, shared, blobs]


def _container(unit: str, command: list[str], resources: Manifest) -> Manifest:
    return {
        "name": unit,
        "image": f"fivered/{unit}",
        "args": command,
        # What the cluster decides stands above the unit's own settings, which lie in a folder: no
        # list of a process's environment shows a key.
        "envFrom": [{"configMapRef": {"name": "settings"}}],
        "resources": resources,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "installation", "mountPath": "/etc/fivered", "readOnly": True},
            {"name": "secret", "mountPath": _SECRETS, "readOnly": True},
            {"name": "blobs", "mountPath": _BLOBS},
            {"name": "tmp", "mountPath": "/tmp"},  # nosec B108  # a volume of the pod
        ],
    }


def _secret(name: str, owner: str) -> Manifest:
    """Return the volume of a unit's settings, with those of the owner in it, where there are any:
    an installation of before has none."""
    if not owner:
        return {"name": "secret", "secret": {"secretName": name, "defaultMode": 0o440}}
    both = [{"secret": {"name": name}}, {"secret": {"name": owner, "optional": True}}]
    return {"name": "secret", "projected": {"sources": both, "defaultMode": 0o440}}


def _pod(container: Manifest, secret: str, owner: str = "") -> Manifest:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "installation", "configMap": {"name": "installation"}},
            # Its group is that of the pod (fsGroup), so that the process reads it and no other.
            _secret(secret, owner),
            {"name": "blobs", "persistentVolumeClaim": {"claimName": "blobs"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
        ],
    }


def _resources(cpu: str, memory: str, limit: str) -> Manifest:
    # No limit of the processor: throttling shows as timeouts of those who wait for an answer.
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit}}


def _probes(port: int) -> Manifest:
    def asks(path: str) -> Manifest:
        return {"httpGet": {"path": path, "port": port}, "timeoutSeconds": 5}

    return {
        "startupProbe": asks("/live") | {"periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": asks("/live") | {"periodSeconds": 10, "failureThreshold": 6},
        "readinessProbe": asks("/ready") | {"periodSeconds": 5, "failureThreshold": 2},
    }


def _deployment(name: str, unit: str, pod: Manifest, notes: Manifest) -> list[Manifest]:
    """Return a deployment of two replicas, one of which always stays up."""
    own = {"app.kubernetes.io/instance": name}
    pod = pod | {
        "terminationGracePeriodSeconds": GRACE_S,
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": own},
            }
        ],
    }
    head = _head("Deployment", "apps/v1", name, unit)
    deployment = head | {
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": own},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {
                    "labels": head["metadata"]["labels"] | own,
                    "annotations": notes | _SCRAPED,
                },
                "spec": pod,
            },
        }
    }
    budget = _head("PodDisruptionBudget", "policy/v1", name, unit) | {
        "spec": {"minAvailable": 1, "selector": {"matchLabels": own}}
    }
    return [deployment, budget]


def _job(name: str, unit: str, command: list[str], secret: str, owner: str = "") -> Manifest:
    """Return a job; its name has the version, because a finished job cannot be changed."""
    container = _container(unit, command, _resources("50m", "128Mi", "512Mi"))
    pod = _pod(container, secret, owner) | {"restartPolicy": "OnFailure"}
    head = _head("Job", "batch/v1", f"{name}-{__version__.replace('.', '-')}", unit)
    return head | {
        "spec": {
            "backoffLimit": 20,
            "ttlSecondsAfterFinished": 86_400,
            "template": {"metadata": {"labels": head["metadata"]["labels"]}, "spec": pod},
        }
    }


def _service(name: str, seen: str) -> list[Manifest]:
    secret = f"fivered-{name}"
    owner = f"fivered-{roles.settings_of(name)}"
    found = [_job(f"{name}-migrate", name, ["migrate", name], secret, owner)]
    sizes = {
        "serve": _resources("200m", "192Mi", "512Mi"),
        # Drafts of a month and imports run here.
        "work": _resources("200m", "192Mi", "1Gi"),
    }
    for kind, resources in sizes.items():
        container = _container(name, [kind, name], resources)
        container |= {"ports": [{"name": "health", "containerPort": HEALTH_PORT}]}
        container |= _probes(HEALTH_PORT)
        # Who hears what is read once, at the start; another list restarts whom it concerns.
        notes = {"fivered/installation": hashlib.sha256(seen.encode()).hexdigest()[:16]}
        found += _deployment(f"{name}-{kind}", name, _pod(container, secret), notes)
    return found


def _gateway() -> list[Manifest]:
    container = _container("gateway", ["gateway"], _resources("200m", "128Mi", "512Mi"))
    container |= {
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT},
            {"name": "health", "containerPort": HEALTH_PORT},
        ]
    }
    # No service is installed in its image; each says its doors itself.
    container["env"] = [
        *container.get("env", []),
        {"name": "FIVERED_SERVICES", "value": ",".join(service_names())},
    ]
    container |= _probes(HTTP_PORT)
    # Time for the load balancer to learn that this one ends.
    container["lifecycle"] = {"preStop": {"exec": {"command": ["sleep", "5"]}}}
    door = _head("Service", "v1", "gateway", "gateway") | {
        "spec": {
            "selector": {"app.kubernetes.io/instance": "gateway"},
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        }
    }
    pod = _pod(container, "fivered-gateway")
    return [*_deployment("gateway", "gateway", pod, {}), door]


def _topology() -> Manifest:
    """Return the job that declares exchanges and queues; its user may configure."""
    job = _job("topology-apply", service_names()[0], ["topology", "apply"], "fivered-topology")
    # Any service's image does it; it belongs to none.
    own = {"app.kubernetes.io/name": "topology"}
    job["metadata"]["labels"] |= own
    job["spec"]["template"]["metadata"]["labels"] |= own
    return job


def _network() -> list[Manifest]:
    """Return who may open a connection to whom: only the gateway is reached at all, and the port
    of the metrics by who may read them."""
    every = _head("NetworkPolicy", "networking.k8s.io/v1", "nobody-calls-in", "settings") | {
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}
    }
    door = _head("NetworkPolicy", "networking.k8s.io/v1", "gateway", "gateway") | {
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/instance": "gateway"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"ports": [{"protocol": "TCP", "port": HTTP_PORT}]}],
        }
    }
    seen = _head("NetworkPolicy", "networking.k8s.io/v1", "metrics", "settings") | {
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "fivered"}},
            "policyTypes": ["Ingress"],
            "ingress": [
                {
                    "from": [{"namespaceSelector": {"matchLabels": SCRAPES}}],
                    "ports": [{"protocol": "TCP", "port": HEALTH_PORT}],
                }
            ],
        }
    }
    return [every, door, seen]


def monitoring(rules: Manifest) -> dict[str, str]:
    """Return what the Prometheus operator reads, by file name: which pods, and the alarms.

    Args:
        rules: `prometheus/alerts.yaml`.
    """
    pods = _head("PodMonitor", "monitoring.coreos.com/v1", "fivered", "settings") | {
        "spec": {
            "jobLabel": "app.kubernetes.io/part-of",
            "selector": {"matchLabels": {"app.kubernetes.io/part-of": "fivered"}},
            "podMetricsEndpoints": [{"port": "health", "path": "/metrics", "interval": "15s"}],
        }
    }
    alarms = _head("PrometheusRule", "monitoring.coreos.com/v1", "fivered", "settings")
    whole = {"podmonitor.yaml": pods, "rules.yaml": alarms | {"spec": rules}}
    whole["kustomization.yaml"] = kustomization(NAMESPACE, sorted(whole))
    return {name: HEAD + text_of([one]) for name, one in whole.items()}


def backups() -> dict[str, str]:
    """Return the backup of every service, once a night, by file name.

    Its image is that of the service with PostgreSQL's client programs in it.
    """
    kept = _head("PersistentVolumeClaim", "v1", "backups", "settings") | {
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "100Gi"}}}
    }
    names = service_names()
    made = [kept, *(_backup(name, number) for number, name in enumerate(names))]
    images = _images(names, f"{__version__}-backup")
    listed = kustomization(NAMESPACE, ["backups.yaml"], images=images)
    return {"backups.yaml": HEAD + text_of(made), "kustomization.yaml": HEAD + text_of([listed])}


def _backup(name: str, number: int) -> Manifest:
    command = ["backup", name, "--to", _BACKUPS, "--keep", "14"]
    container = _container(name, command, _resources("100m", "128Mi", "512Mi"))
    # A folder of its own: what one service's user keeps is no other's.
    place = {"name": "backups", "mountPath": _BACKUPS, "subPath": name}
    container["volumeMounts"] = [*container["volumeMounts"], place]
    pod = _pod(container, f"fivered-{name}") | {"restartPolicy": "Never"}
    volume = {"name": "backups", "persistentVolumeClaim": {"claimName": "backups"}}
    pod["volumes"] = [*pod["volumes"], volume]
    head = _head("CronJob", "batch/v1", f"{name}-backup", name)
    labels = head["metadata"]["labels"]
    return head | {
        "spec": {
            # One after the other, in the night of the district.
            "schedule": f"{10 * number % 60} {2 + number // 6} * * *",
            "timeZone": "Asia/Shanghai",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 3600,
            "failedJobsHistoryLimit": 7,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 2,
                    "activeDeadlineSeconds": 4 * 3600,
                    "template": {"metadata": {"labels": labels}, "spec": pod},
                }
            },
        }
    }
