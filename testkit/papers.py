"""A file that somebody has sent, for the bench of one service: as the gateway leaves it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from fivered.chassis.files import Upload, Uploads, file_id_of
from testkit.bench import Bench

PAPER = b"%PDF-1.7\n%%EOF\n"


def sent(bench: Bench, folder: Path, person: str, content: bytes = PAPER) -> str:
    """Let a person send a paper; returns its id. The bench gets a folder of files.

    Args:
        bench: The service.
        folder: Where files lie.
        person: Who sends it.
        content: What it holds.
    """
    bench.runtime.process = replace(bench.runtime.process, blobs=str(folder))
    digest = hashlib.sha256(content).hexdigest()
    file_id = file_id_of(person, digest)
    uploads = Uploads(folder, person)
    upload = Upload(file_id, "材料.pdf", len(content), datetime.now(UTC))
    upload.media_type, upload.kept, upload.sent = "application/pdf", digest, digest
    uploads.write(upload)
    (uploads.place(file_id) / "content").write_bytes(content)
    return file_id


def digest(content: bytes = PAPER) -> str:
    """Return the digest of a paper."""
    return hashlib.sha256(content).hexdigest()


__all__ = ["PAPER", "digest", "sent"]
