"""The broker and the databases as resources of their operators, written by deploy.generate.

RabbitMQ cluster operator: three nodes. CloudNativePG: a cluster of two per service, with its log
and its base backups in an object store, so that each is restored to a moment by itself.
"""

from __future__ import annotations

from typing import Any

from deploy import roles
from deploy.local import next as newer
from deploy.manifests import HEAD, NAMESPACE, kustomization, text_of
from fivered.chassis.installed import service_names

# A namespace of their own: that of the units lets nobody in but to the gateway.
DATA = f"{NAMESPACE}-data"
BROKER, STORE = "rabbitmq", "backups"
_PARTS = {"app.kubernetes.io/part-of": "fivered-data"}
Manifest = dict[str, Any]


def database_of(service: str) -> str:
    """Return the name of a service's database cluster; its address is that with "-rw"."""
    return f"{service}-db"


def files(conf: str) -> dict[str, str]:
    """Return the manifests by file name.

    Args:
        conf: `rabbitmq/rabbitmq.conf`.
    """
    databases = [one for name in service_names() for one in _database(name)]
    whole: dict[str, list[Manifest]] = {
        "rabbitmq.yaml": [_namespace(), _broker(conf)],
        "postgresql.yaml": [_store(), *databases],
        "podmonitors.yaml": [
            _monitor("rabbitmq", {"app.kubernetes.io/name": BROKER}, "prometheus"),
            _monitor("postgresql", {"cnpg.io/podRole": "instance"}, "metrics"),
        ],
    }
    whole["kustomization.yaml"] = [kustomization(DATA, sorted(whole))]
    return {name: HEAD + text_of(manifests) for name, manifests in whole.items()}


def _head(kind: str, api: str, name: str) -> Manifest:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "labels": _PARTS}}


def _namespace() -> Manifest:
    return _head("Namespace", "v1", DATA)


def _broker(conf: str) -> Manifest:
    """Return three nodes, each on a machine of its own; queues of events are quorum queues."""
    own = "load_definitions", "default_vhost", "loopback_users"
    lines = [line for line in conf.splitlines() if line and not line.startswith(("#", *own))]
    lines = [
        "load_definitions = /fivered/definitions.json",
        "default_queue_type = quorum",
        "cluster_partition_handling = pause_minority",
        # A machine that vanishes is given up after 6 to 10 s, not after a minute.
        "net_ticktime = 8",
        *lines,
    ]
    nobody_beside = {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": BROKER}},
            }
        ]
    }
    # Users with their passwords: deploy.fill_in writes them.
    mounted = {"name": "definitions", "mountPath": "/fivered", "readOnly": True}
    kept = {"name": "definitions", "secret": {"secretName": "fivered-definitions"}}
    pod = {"containers": [{"name": "rabbitmq", "volumeMounts": [mounted]}], "volumes": [kept]}
    return _head("RabbitmqCluster", "rabbitmq.com/v1beta1", BROKER) | {
        "spec": {
            "replicas": 3,
            "image": f"rabbitmq:{newer.RABBITMQ}-management",
            "persistence": {"storage": "20Gi"},
            "resources": {
                "requests": {"cpu": "500m", "memory": "2Gi"},
                "limits": {"memory": "2Gi"},
            },
            "affinity": {"podAntiAffinity": nobody_beside},
            "rabbitmq": {"additionalConfig": "\n".join(lines) + "\n"},
            "override": {"statefulSet": {"spec": {"template": {"spec": pod}}}},
        }
    }


def _store() -> Manifest:
    """Return where the databases' logs and base backups go: what an installation changes."""
    key = {
        member: {"name": "fivered-backups", "key": name}
        for member, name in (
            ("accessKeyId", "ACCESS_KEY_ID"),
            ("secretAccessKey", "ACCESS_SECRET_KEY"),
        )
    }
    return _head("ObjectStore", "barmancloud.cnpg.io/v1", STORE) | {
        "spec": {
            "retentionPolicy": "30d",
            "configuration": {
                "destinationPath": "s3://fivered-backups/",
                "endpointURL": "https://s3.example.org",
                "s3Credentials": key,
                "wal": {"compression": "gzip"},
                "data": {"compression": "gzip"},
            },
        }
    }


def _database(service: str) -> list[Manifest]:
    name = database_of(service)
    plugin = "barman-cloud.cloudnative-pg.io"
    cluster = _head("Cluster", "postgresql.cnpg.io/v1", name) | {
        "spec": {
            "instances": 2,
            "imageName": f"ghcr.io/cloudnative-pg/postgresql:{newer.POSTGRESQL}",
            "bootstrap": {
                "initdb": {
                    "database": f"fivered_{service}",
                    "owner": roles.owner_of(service),
                    "encoding": "UTF8",
                    "secret": {"name": f"{name}-owner"},
                }
            },
            "managed": {
                "roles": [
                    {
                        "name": service,
                        "ensure": "present",
                        "login": True,
                        "connectionLimit": 80,
                        "passwordSecret": {"name": name},
                    }
                ]
            },
            "storage": {"size": "20Gi"},
            "walStorage": {"size": "5Gi"},
            "postgresql": {"parameters": {"max_connections": "200", "shared_buffers": "512MB"}},
            "resources": {
                "requests": {"cpu": "500m", "memory": "2Gi"},
                "limits": {"memory": "2Gi"},
            },
            "plugins": [
                {
                    "name": plugin,
                    "isWALArchiver": True,
                    "parameters": {"barmanObjectName": STORE},
                }
            ],
        }
    }
    nightly = _head("ScheduledBackup", "postgresql.cnpg.io/v1", name) | {
        "spec": {
            # Seconds come first.
            "schedule": "0 30 2 * * *",
            "backupOwnerReference": "self",
            "cluster": {"name": name},
            "method": "plugin",
            "pluginConfiguration": {"name": plugin},
        }
    }
    return [cluster, nightly]


def _monitor(name: str, labels: dict[str, str], port: str) -> Manifest:
    return _head("PodMonitor", "monitoring.coreos.com/v1", name) | {
        "spec": {
            "selector": {"matchLabels": labels},
            "podMetricsEndpoints": [{"port": port, "interval": "15s"}],
        }
    }
