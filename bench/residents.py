"""The register of a district: a file of its residents imported into PostgreSQL.

The file has what a police station's list has: name, identity number, phone, household, dwelling.
It is read by the job of the worker through the importer, as one that somebody uploaded. Nothing is
left out: each person has a key of their own, each cell is sealed, each is found by name, phone,
number and dwelling afterwards, each is told to the other services by an event, and each child has
a timer for the day on which it comes of age.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from bench import frame
from bench.frame import Figure
from fivered.chassis import jobs
from fivered.chassis.blobs import Blobs
from fivered.chassis.messages import new_uuid
from fivered.services.steward.rules.identity import SYNTHETIC_DIVISION
from fivered.services.steward.service import Steward
from testkit import servers
from testkit.bench import Bench, open_bench

STREET = "370811015"
COMMUNITIES = 90
GRIDS = 20
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
# 32 each.
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文志春"
CHECKS = "10X98765432"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(n: int) -> str:
    """Return an invented identity number, its check digit right: born 1930 to 2019."""
    day = f"{1930 + n % 90}{1 + n // 90 % 12:02d}{1 + n // 1080 % 28:02d}"
    # The division says that nobody bears it.
    digits = f"{SYNTHETIC_DIVISION}{day}{n // 30_240 % 1000:03d}"
    total = sum(int(one) * weight for one, weight in zip(digits, WEIGHTS, strict=True))
    return digits + CHECKS[total % 11]


def people(count: int) -> Iterator[str]:
    """Give out the lines of the file, community by community, three to a household."""
    yield "person_id,name,phone,id_no,birth_year,grid,household_id,building,unit,room,synthetic\n"
    grids = COMMUNITIES * GRIDS
    for n in range(count):
        place = n // 3 * 3 * grids // count
        grid = f"{STREET}{901 + place // GRIDS}{1 + place % GRIDS:03d}"
        name = SURNAMES[n % 32] + GIVEN[n // 32 % 32] + GIVEN[n // 1024 % 32]
        home = n // 3
        yield (
            f"per_{new_uuid()},{name},128{n % 100_000_000:08d},{id_number(n)},,{grid},hh_{home},"
            f"{1 + home // 60 % 40}号楼,{1 + home // 12 % 5}单元,{1 + home % 12}01,true\n"
        )


def areas() -> str:
    lines = ["code,name,kind,households,persons", f"{STREET},观音阁街道,STREET,,"]
    for c in range(1, COMMUNITIES + 1):
        lines.append(f"{STREET}{900 + c},第{c}社区,COMMUNITY,,")
        lines += [f"{STREET}{900 + c}{g:03d},第{g}网格,GRID,300,900" for g in range(1, GRIDS + 1)]
    return "\n".join(lines) + "\n"


def filled(url: str, folder: Path) -> Bench:
    """Open steward with the ground of a district."""
    opened = open_bench(Steward, url, FIVERED_SYNTHETIC="1", FIVERED_BLOBS=str(folder / "blobs"))
    result = opened.load("areas", areas())
    assert not result["refused"], result["errors"][:3]
    return opened


def load(bench: Bench, count: int) -> tuple[float, float]:
    """Import the people; returns the seconds of the job and the most memory meanwhile, in MB."""
    with Blobs(bench.runtime.process.blobs).receive() as receiving:
        for line in people(count):
            receiving.write(line.encode())
        blob = receiving.keep()
    job_id = bench.do("_start_import", {"kind": "people", "sha256": blob.sha256})["id"]
    frame.forget_peak()
    begun = time.monotonic()
    while jobs.run_next(bench.runtime):
        pass
    seconds = time.monotonic() - begun
    card = bench.ask("_job", {"job_id": job_id})
    assert card["state"] == "DONE", card
    result = card["result"]
    assert result["created"] == count, {**result, "errors": result["errors"][:3]}
    return seconds, frame.peak_mb()


def run(*, quick: bool = False, count: int | None = None) -> list[Figure]:
    """Import the register."""
    many = count or (20_000 if quick else 1_200_000)
    with frame.private_postgres() as postgres, servers.temporary_folder("bench-") as folder:
        bench = filled(postgres.create_database("steward"), Path(folder))
        seconds, memory = load(bench, many)
        bench.runtime.close()
    return [
        Figure(f"{many:,} residents imported", seconds, "s"),
        Figure("rows", many / seconds, "/s", least=20_000),
        Figure("peak memory", memory, "MB", most=300),
    ]
