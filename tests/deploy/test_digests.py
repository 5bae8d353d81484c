"""Images by digest: what a registry serves is what an installation starts, or nothing is written.

The registry is Debian's where it is installed, with tokens as Docker Hub gives them. What a sound
registry never does (a digest that is another's, a manifest that is gone), one of the test's does.
"""

import base64
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from deploy import digests, partial
from fivered.chassis import __version__
from fivered.chassis.installed import service_names
from testkit import servers
from testkit.waiting import wait_until

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = [*service_names(), "gateway"]
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
INDEX, OCI = (
    f"application/vnd.oci.image.{kind}.v1+json" for kind in ("index", "manifest")
)  # fmt: skip


def digest_of(body):
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture(autouse=True)
def logged_out(monkeypatch, tmp_path):
    """Nobody's own login and proxy."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


def log_in(tmp_path, host, user="puller", password="p:w"):
    (tmp_path / "docker").mkdir(exist_ok=True)
    auths = {f"https://{host}/v2/": {"auth": basic(user, password).partition(" ")[2]}}
    (tmp_path / "docker/config.json").write_text(json.dumps({"auths": auths}))


@pytest.fixture
def serve():
    """Start a server on loopback by what it answers a GET: status, headers, body."""
    running = []

    def start(answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                status, headers, body = answer(self)
                self.send_response(status)
                for key, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET  # noqa: N815  the library's name

            def log_message(self, *words):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        running.append(server)
        return f"127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


class Tokens:
    """Gives the tokens that the registry believes, to who logs in."""

    def __init__(self, folder):
        self.key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tokens")])
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self.bundle = folder / "tokens.pem"
        self.bundle.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        self.chain = [base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()]
        self.asked = []

    def token(self, name, *actions):
        now = int(dt.datetime.now(dt.UTC).timestamp())
        access = [{"type": "repository", "name": name, "actions": actions}]
        said = {"iss": "fivered", "sub": "puller", "aud": "registry", "nbf": now - 60,
                "iat": now, "exp": now + 60, "jti": "1", "access": access}  # fmt: skip
        return jwt.encode(said, self.key, "ES256", headers={"x5c": self.chain})

    def answer(self, request):
        asked = parse_qs(urlsplit(request.path).query)
        self.asked.append(asked)
        if request.headers["Authorization"] != basic("puller", "p:w"):
            return 401, {}, b""
        kind, name, actions = asked["scope"][0].split(":")
        assert (kind, actions, asked["service"]) == ("repository", "pull", ["registry"])
        return 200, {}, json.dumps({"token": self.token(name, actions)}).encode()


class Registry:
    """Debian's registry, and what is pushed into it."""

    def __init__(self, folder, serve):
        self.tokens = Tokens(folder)
        self.address = f"127.0.0.1:{servers.free_port()}"
        realm = f"http://{serve(self.tokens.answer)}/token"
        config = folder / "registry.yaml"
        told = {"realm": realm, "service": "registry", "issuer": "fivered",
                "rootcertbundle": str(self.tokens.bundle)}  # fmt: skip
        config.write_text(
            yaml.safe_dump(
                {
                    "version": "0.1",
                    "storage": {"inmemory": {}},
                    "http": {"addr": self.address},
                    "auth": {"token": told},
                }
            )
        )
        self.log = folder / "registry.log"
        with self.log.open("wb") as log:
            self.process = servers.spawn(
                ["docker-registry", "serve", str(config)], stdout=log, stderr=log
            )
        self.client = httpx.Client(base_url=f"http://{self.address}/v2/")
        assert wait_until(self._answers, 20), self.log.read_text()

    def _answers(self):
        try:
            return self.client.get("").status_code == 401
        except httpx.TransportError:
            return False

    def put(self, name, tag, kind, text):
        """Push a manifest; returns its digest."""
        body = json.dumps(text).encode()
        headers = self._may(name) | {"Content-Type": kind}
        answer = self.client.put(f"{name}/manifests/{tag}", headers=headers, content=body)
        assert answer.status_code == 201, answer.text
        return digest_of(body)

    def image(self, name, tag, kind=DOCKER, said="1"):
        """Push an image without layers; returns digest and size of its manifest."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "author": said}).encode()
        place = self.client.post(f"{name}/blobs/uploads/", headers=self._may(name))
        place = httpx.URL(place.headers["Location"]).copy_merge_params(
            {"digest": digest_of(config)}
        )
        answer = self.client.put(place, headers=self._may(name), content=config)
        assert answer.status_code == 201, answer.text
        of = kind.replace("manifest.v2", "container.image.v1").replace("distribution.", "")
        of = of.replace("image.manifest", "image.config")
        part = {"mediaType": of, "size": len(config), "digest": digest_of(config)}
        text = {"schemaVersion": 2, "mediaType": kind, "config": part, "layers": []}
        return self.put(name, tag, kind, text), len(json.dumps(text))

    def _may(self, name):
        return {"Authorization": f"Bearer {self.tokens.token(name, 'pull', 'push')}"}

    def stop(self):
        self.client.close()
        self.process.kill()
        self.process.wait()


def images_of(folder):
    """Return the images that a cluster is given, by kubectl."""
    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)], check=True, capture_output=True, text=True
    )
    return {
        container["image"]
        for one in yaml.safe_load_all(done.stdout)
        if one["kind"] in {"Deployment", "Job"}
        for container in one["spec"]["template"]["spec"]["containers"]
    }


def images_of_compose(path, given):
    """Return the images of a compose file where these variables are set."""
    services = yaml.safe_load(path.read_text("utf-8"))["services"]
    found = [one["image"] for one in services.values() if "image" in one]
    return {
        re.sub(r"\$\{(\w+):-([^}]+)\}", lambda hit: given.get(hit[1], hit[2]), image)
        for image in found
    }


@pytest.mark.skipif(
    shutil.which("docker-registry") is None, reason="apt-get install docker-registry"
)
def test_an_installation_starts_what_the_registry_had_for_the_tags(serve, tmp_path, capsys):
    registry = Registry(tmp_path, serve)
    try:
        prefix = f"{registry.address}/wuhong/stable"
        asked = ["--registry", prefix, "--tag", "0.3.0", "--folder", str(tmp_path / "images")]
        had = {
            unit: registry.image(f"wuhong/stable/{unit}", "0.3.0", DOCKER if n % 2 else OCI)[0]
            for n, unit in enumerate(UNITS)
        }
        part, size = registry.image("mirror/python", "amd64", OCI)
        listed = {"mediaType": OCI, "digest": part, "size": size,
                  "platform": {"architecture": "amd64", "os": "linux"}}  # fmt: skip
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]}
        index = registry.put("mirror/python", "3.13", INDEX, index)

        # Without its login, and with another's password.
        for password in (None, "wrong"):
            if password:
                log_in(tmp_path, registry.address, password=password)
            assert digests.main(asked) == 1
            lines = capsys.readouterr().err.splitlines()
            assert len(lines) == len(UNITS) + 1
            assert all("gives no token" in line or "(401)" in line for line in lines[:-1])
            assert not (tmp_path / "images").exists()

        log_in(tmp_path, registry.address)
        base = f"{registry.address}/mirror/python:3.13"
        assert digests.main([*asked, "--base", base]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == f"--build-arg BASE={base}@{index}"
        named = {f"{prefix}/{unit}@{digest}" for unit, digest in had.items()}
        env = (tmp_path / "images/compose.env").read_text()
        given = dict(line.split("=", 1) for line in env.splitlines() if line[0] != "#")
        others = {"rabbitmq:4.0-management", "postgres:17"}
        assert images_of_compose(DEPLOY / "compose.yaml", given) == named | others
        unset = {f"fivered/{unit}:{__version__}" for unit in UNITS}
        assert images_of_compose(DEPLOY / "compose.yaml", {}) == unset | others
        assert images_of_compose(partial.EXAMPLE / "compose.yaml", given) <= named
        if shutil.which("kubectl"):
            assert images_of(tmp_path / "images") == named
            # Some services only; a registry of its own was named there before.
            own = {"resources": [os.path.relpath(partial.EXAMPLE, tmp_path / "own")], "images": [
                {"name": f"registry.example.org/fivered/{unit}", "newName": f"{prefix}/{unit}"}
                for unit in UNITS]}  # fmt: skip
            (tmp_path / "own").mkdir()
            (tmp_path / "own/kustomization.yaml").write_text(yaml.safe_dump(own))
            few = ["credit", "gateway", "--over", str(tmp_path / "own")]
            assert digests.main([*asked, *few]) == 0
            wanted = {f"{prefix}/{unit}@{had[unit]}" for unit in ("credit", "gateway")}
            assert images_of(tmp_path / "images") == wanted

        # The tag moves: what was written stays; a tag that is nowhere changes nothing.
        before = (tmp_path / "images/compose.env").read_text()
        moved, _ = registry.image("wuhong/stable/credit", "0.3.0", DOCKER, "2")
        assert digests.main([*asked, "--tag", "0.4.0"]) == 1
        assert f"{prefix}/credit:0.4.0: is not there (404)\n" in capsys.readouterr().err
        assert (tmp_path / "images/compose.env").read_text() == before
        assert digests.main([*asked, "credit"]) == 0
        after = (tmp_path / "images/compose.env").read_text()
        assert moved != had["credit"] and after.endswith(f"credit@{moved}\n")
    finally:
        registry.stop()


def test_a_registry_that_is_not_believed_or_away_leaves_no_file(serve, tmp_path, capsys):
    body = json.dumps({"schemaVersion": 2, "mediaType": DOCKER}).encode()
    other = digest_of(b"other")
    sound = 200, {"Content-Type": DOCKER, "Docker-Content-Digest": digest_of(body)}, body
    # What Docker translates an image into that somebody asks for without knowing its kind.
    old = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    login = 401, {"WWW-Authenticate": 'Basic realm="r"'}, b""
    answers = {
        "credit": (200, {**sound[1], "Docker-Content-Digest": other}, body),
        "forum": (404, {}, b""),
        "partner": login,
        "property": (200, {**sound[1], "Content-Type": old}, body),
        "steward": (
            401,
            {"WWW-Authenticate": 'Bearer realm="http://192.0.2.1/token",service="s"'},
            b"",
        ),
        "gateway": (503, {}, b""),
        "silent": (200, {"Content-Type": DOCKER}, body),  # it need not say the digest
        "large": (200, sound[1], b" " * 5_000_000),
    }
    shown = {}

    def answer(request):
        _, version, name, place, reference = request.path.split("/")
        assert (version, place) == ("v2", "manifests")
        shown[name] = request.headers["Authorization"]
        if name == "identity":  # says a digest that it does not have
            return answers["credit" if reference == "1" else "forum"]
        if name == "by-login":
            return sound if shown[name] == basic("puller", "p:w") else login
        return answers[name]

    address = serve(answer)
    folder = tmp_path / "images"
    asked = ["--tag", "1", "--folder", str(folder)]
    assert digests.main(["--registry", address, *asked]) == 1
    said = dict(
        line.removeprefix(f"{address}/").split(":1: ", 1)
        for line in capsys.readouterr().err.splitlines()[:-1]
    )
    assert said == {
        "credit": f"is {other} as its registry says, but its manifest has {digest_of(body)}",
        "forum": "is not there (404)",
        "identity": f"is {other} as its registry says, but that manifest is not there (404)",
        "partner": f"{address} asks for a login: docker login {address}",
        "property": "is of a kind that is not known here: "
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "steward": f"{address} sends to http://192.0.2.1/token for a token",
        "gateway": "127.0.0.1 answers 503",
    }
    # A login goes to the registry that asks for one, and to no other.
    log_in(tmp_path, "127.0.0.1:1")
    assert digests.main(["--base", f"{address}/by-login:1"]) == 1
    assert shown["by-login"] is None
    log_in(tmp_path, address)
    capsys.readouterr()
    assert digests.main(["--base", f"{address}/large:1"]) == 1
    assert "answers with more than 4194304 bytes" in capsys.readouterr().err
    for name in ("by-login", "silent"):
        assert digests.main(["--base", f"{address}/{name}:1"]) == 0
        assert capsys.readouterr().out.endswith(f"/{name}:1@{digest_of(body)}\n")
    assert shown["silent"] is None
    # Away: each image has its line.
    away = f"127.0.0.1:{servers.free_port()}"
    assert digests.main(["--registry", away, *asked]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [f"{away} is not reached: " in line for line in lines] == [*[True] * 7, False]
    assert not folder.exists()
    # A helper that keeps the logins, and one that is not installed.
    helper = tmp_path / "docker-credential-kept"
    kept = json.dumps({"Username": "puller", "Secret": "p:w"})
    asks = f'read -r key\ntest "$1 $key" = "get {address}" || exit 1\n'
    helper.write_text(f"#!/bin/sh\n{asks}echo '{kept}'\n")
    helper.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        for name, code in (("kept", 0), ("gone", 1)):
            (tmp_path / "docker/config.json").write_text(json.dumps({"credsStore": name}))
            assert digests.main(["--base", f"{address}/by-login:1"]) == code
    assert "docker-credential-gone, which has the login, does not run" in capsys.readouterr().err


def test_names_are_read_as_docker_reads_them():
    hub = digests.image_of("python:3.13-slim-trixie")
    assert hub.api == "https://registry-1.docker.io/v2/library/python"
    assert digests.image_of("district/credit:1").api.endswith(".docker.io/v2/district/credit")
    own = digests.image_of("harbor.example:8443/a/credit:1")
    assert own.api == "https://harbor.example:8443/v2/a/credit"
    for wrong in ("python", "https://harbor.example/credit:1", "harbor.example/credit", "a b:1",
                  "harbor.example/../v1:1", "python:3@sha256:" + "0" * 64):  # fmt: skip
        with pytest.raises(digests.Refused):
            digests.image_of(wrong)
