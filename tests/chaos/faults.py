"""What befalls the scene. Each fault is over when its function returns, and tells how long ago."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.chaos.scene import Scene


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: As it is told.
        befall: Does it to a scene, with what draws its details; returns when it was over
            (monotonic).
        weight: How often it is drawn, in a long run.
        short: How often it is drawn where the run must be short.
    """

    name: str
    befall: object
    weight: int
    short: int


def _kill(scene, chance):
    name = chance.choice(list(scene.processes))
    begun = time.monotonic()
    scene.kill(name)
    return begun


def _kill_broker(scene, _chance):
    scene.on.rabbit.kill9()
    scene.on.rabbit.start()
    return time.monotonic()


def _kill_database(scene, _chance):
    scene.on.postgres.kill9()
    scene.on.postgres.start()
    return time.monotonic()


def _at(which, how):
    def befall(scene, _chance):
        getattr(getattr(scene, which), how)()
        return time.monotonic()

    return befall


def _while(which, how, *arguments):
    """A fault that lasts for a while."""

    def befall(scene, chance):
        proxy = getattr(scene, which)
        getattr(proxy, how)(*arguments)
        time.sleep(chance.uniform(0.3, 2.0))
        proxy.flow()
        return time.monotonic()

    return befall


def _alarm(begin, end):
    def befall(scene, chance):
        scene.on.rabbit.ctl(*begin)
        time.sleep(chance.uniform(0.3, 2.0))
        scene.on.rabbit.ctl(*end)
        return time.monotonic()

    return befall


def _full_disk(scene, chance):
    disk = scene.on.disk
    if disk is None:
        return _kill_database(scene, chance)
    disk.fill()
    time.sleep(chance.uniform(0.5, 2.0))
    disk.empty()
    if not scene.on.postgres.running:
        # A database that cannot write its log ends; its supervisor starts it again.
        scene.on.postgres.start()
    return time.monotonic()


def _clock(scene, chance):
    scene.set_clock(chance.choice((1, 60, 3600, 86_400)))
    return time.monotonic()


def _restored(scene, chance):
    return scene.restore(chance.uniform(0.5, 3.0))


MEMORY = (
    ("set_vm_memory_high_watermark", "0.00001"),
    ("set_vm_memory_high_watermark", "0.6"),
)
DISK = (("set_disk_free_limit", "900000000000000"), ("set_disk_free_limit", "50MB"))

FAULTS = (
    Fault("a process is killed", _kill, 20, 4),
    Fault("the broker is killed", _kill_broker, 4, 0),
    Fault("the database is killed", _kill_database, 5, 2),
    Fault("connections to the broker are cut", _at("broker", "cut"), 8, 4),
    Fault("connections to the broker are reset", _at("broker", "reset"), 8, 4),
    Fault("the broker refuses connections", _while("broker", "refuse"), 8, 3),
    Fault("the network to the broker is silent", _while("broker", "silence"), 8, 3),
    Fault("the network forgets the broker's connections", _at("broker", "forget"), 2, 0),
    Fault("connections to the database are cut", _at("database", "cut"), 8, 4),
    Fault("connections to the database are reset", _at("database", "reset"), 8, 4),
    Fault("the database refuses connections", _while("database", "refuse"), 8, 3),
    Fault("the network to the database is silent", _while("database", "silence"), 8, 3),
    Fault("the database is slow", _while("database", "delay", 0.05), 8, 3),
    Fault("the broker's memory is full", _alarm(*MEMORY), 3, 0),
    Fault("the broker's disk is full", _alarm(*DISK), 3, 0),
    Fault("the database's disk is full", _full_disk, 5, 1),
    Fault("the clock jumps", _clock, 5, 2),
)
# What befalls the five services besides.
DISTRICT = (*FAULTS, Fault("credit's database is restored", _restored, 3, 1))


def draw(chance, count, *, short=False, only="", of=FAULTS):
    """Draw faults: with few, each kind that is not too dear comes before one comes again."""
    weights = [(one.short if short else one.weight) if only in one.name else 0 for one in of]
    found = [one for one, weight in zip(of, weights, strict=True) if weight]
    chance.shuffle(found)
    found += chance.choices(of, weights, k=max(0, count - len(found)))
    return found[:count]


__all__ = ["DISTRICT", "FAULTS", "Fault", "Scene", "draw"]
