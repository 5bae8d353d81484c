"""A disk that becomes full: a small one of memory, which only root may mount."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from testkit import servers


class SmallDisk:
    """A folder with room for little.

    Attributes:
        folder: Where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, left: int = 0) -> None:
        """Leave room for so many bytes, or for none."""
        block = bytes(4096)
        handle = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            # Others write meanwhile: what is free is asked again and again.
            while shutil.disk_usage(self.folder).free > left:
                with suppress(OSError):
                    os.write(handle, block)
        finally:
            os.close(handle)

    def empty(self) -> None:
        """Make room again."""
        self._ballast.unlink()


@contextmanager
def small_disk(folder: Path, size: str, *, owner: int = 0) -> Iterator[SmallDisk]:
    """Mount a disk of a size ("16m") at a folder, for its owner only; the test is skipped where
    nobody may mount."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size},mode=700,uid={owner},gid={owner}"
    mounted = subprocess.run(  # noqa: S603  our own arguments
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],  # noqa: S607  as above
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no small disk may be mounted here: {mounted.stderr.strip()}")
    servers.sweep_when_ended("mount", folder)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S603, S607  as above


__all__ = ["SmallDisk", "small_disk"]
