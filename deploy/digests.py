"""Ask a registry which images its tags mean today, and write that down by digest.

    python -m deploy.digests --registry registry.example.org/fivered [--tag 0.3.0] [UNIT ...]
    python -m deploy.digests --base python:3.13-slim-trixie

The first writes an overlay of the manifests and the variables of compose.yaml into `deploy/images`;
the second prints what `docker build` is given. It asks by the distribution API of OCI, without a
login or with that of Docker's config.json. A digest counts when the registry serves a manifest with
that SHA-256. Where an image has none, nothing is written, and a line says why.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import ipaddress
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml  # type: ignore[import-untyped]

from deploy import manifests
from fivered.chassis import __version__
from fivered.chassis.installed import service_names

HERE = Path(__file__).resolve().parent
HUB = "docker.io"
_HUB_ADDRESS, _HUB_LOGIN = "registry-1.docker.io", "https://index.docker.io/v1/"
# Lists of platforms and single images. A registry that is asked for lists alone translates an image
# into an older form, of another digest.
KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_MOST = 4 * 1024 * 1024  # bytes of a manifest; the specification asks registries for no more
_SECONDS = 10
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_IMAGE = re.compile(
    r"(?P<name>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
    r":(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127})"
)
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")


class Refused(Exception):
    """Why there is no digest of an image; one line."""


@dataclass(frozen=True)
class Image:
    """An image by its tag."""

    written: str  # without the tag, as `docker pull` takes it
    host: str
    name: str  # in its registry
    tag: str

    @property
    def api(self) -> str:
        """The address of its registry. Plain HTTP is spoken on this machine only."""
        address = _HUB_ADDRESS if self.host == HUB else self.host
        return f"{'http' if _is_here(address) else 'https'}://{address}/v2/{self.name}"


def image_of(text: str) -> Image:
    """Read the name of an image by the rules of `docker pull`.

    Raises:
        Refused: It is none, or has no tag.
    """
    first, slash, rest = text.partition("/")
    host, path = HUB, text
    if slash and (first == "localhost" or "." in first or ":" in first):
        host, path = first, rest
    found = _IMAGE.fullmatch(path)
    if found is None or not _HOST.fullmatch(host):
        raise Refused("is no image with a tag, such as registry.example.org/fivered/credit:0.3.0")
    official = host == HUB and "/" not in found["name"]
    name = f"library/{found['name']}" if official else found["name"]
    return Image(text.rpartition(":")[0], host, name, found["tag"])


def _is_here(address: str) -> bool:
    name = httpx.URL(f"//{address}").host
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


@dataclass
class Asking:
    """Asks registries for digests; a registry that is away is asked once."""

    client: httpx.Client
    _away: dict[str, str] = field(default_factory=dict)

    def digest(self, image: Image) -> str:
        """Return the digest that an image's tag means now, `sha256:...`.

        Raises:
            Refused: There is none that its manifest has.
        """
        headers = {"Accept": ", ".join(KINDS), "Accept-Encoding": "identity"}
        at = f"{image.api}/manifests/"
        answer, _ = self._send("HEAD", at + image.tag, headers)
        if answer.status_code == 401:
            headers["Authorization"] = self._authorization(answer, image)
            answer, _ = self._send("HEAD", at + image.tag, headers)
        _look(answer, "is not there")
        said = answer.headers.get("Docker-Content-Digest")
        if said is not None and not _DIGEST.fullmatch(said):
            raise Refused("its registry names a digest that is no sha256")
        # By its digest: a tag that moves between two questions is no fault.
        answer, body = self._send("GET", at + (said or image.tag), headers)
        _look(answer, f"is {said} as its registry says, but that manifest is not there")
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
        if kind not in KINDS:
            raise Refused(f"is of a kind that is not known here: {kind or 'none is said'}")
        found = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if said not in {None, found}:
            raise Refused(f"is {said} as its registry says, but its manifest has {found}")
        return found

    def _send(
        self, method: str, url: str | httpx.URL, headers: dict[str, str]
    ) -> tuple[httpx.Response, bytes]:
        host = httpx.URL(url).netloc.decode()
        if host in self._away:
            raise Refused(self._away[host])
        try:
            with self.client.stream(method, url, headers=headers) as answer:
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _MOST:
                        raise Refused(f"{host} answers with more than {_MOST} bytes")
                return answer, body
        except httpx.RequestError as error:
            self._away[host] = f"{host} is not reached: {error or type(error).__name__}"
            raise Refused(self._away[host]) from None

    def _authorization(self, answer: httpx.Response, image: Image) -> str:
        """Return what the registry wants to see: a token of whom it names, or the login."""
        login = login_of(image.host)
        basic = "Basic " + base64.b64encode(":".join(login).encode()).decode() if login else ""
        asked: dict[str, dict[str, str]] = {}
        for one in answer.headers.get_list("WWW-Authenticate"):
            scheme, _, words = one.partition(" ")
            pairs = urllib.request.parse_http_list(words)
            asked[scheme.lower()] = {
                key.strip().lower(): value.strip().strip('"')
                for key, _, value in (pair.partition("=") for pair in pairs)
            }
        if "bearer" not in asked:
            if "basic" in asked and basic:
                return basic
            raise Refused(f"{image.host} asks for a login: docker login {image.host}")
        try:
            realm = httpx.URL(asked["bearer"].get("realm", ""))
        except httpx.InvalidURL:
            realm = httpx.URL()
        plain = realm.scheme == "http" and _is_here(realm.netloc.decode())
        if not realm.host or not (realm.scheme == "https" or plain):
            raise Refused(f"{image.host} sends to {str(realm) or 'nowhere'} for a token")
        more = {"scope": f"repository:{image.name}:pull"}
        if service := asked["bearer"].get("service"):
            more["service"] = service
        given, body = self._send(
            "GET", realm.copy_merge_params(more), {"Authorization": basic} if basic else {}
        )
        _look(given, f"{realm.host} gives no token for it")
        try:
            whole = json.loads(body)
            token = whole.get("token") or whole["access_token"]
        except (ValueError, KeyError, AttributeError):
            token = None
        if not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token):
            raise Refused(f"{realm.host} answers without a token")
        return f"Bearer {token}"


def _look(answer: httpx.Response, missing: str) -> None:
    """Refuse an answer that is not 200.

    Raises:
        Refused: `missing` where it is 404.
    """
    host, status = answer.url.host, answer.status_code
    if status == 404:
        raise Refused(f"{missing} (404)")
    if status in {401, 403}:
        raise Refused(f"{host} does not let it be read ({status}): docker login, or another user")
    if status != 200:
        raise Refused(f"{host} answers {status}")


def login_of(host: str) -> tuple[str, str] | None:
    """Return user and password of a registry as `docker login` has kept them, or None.

    Raises:
        Refused: They cannot be read.
    """
    path = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    if not path.exists():
        return None
    try:
        config = json.loads(path.read_bytes())
        key = _HUB_LOGIN if host == HUB else host
        helper = config.get("credHelpers", {}).get(key) or config.get("credsStore")
        if helper:
            return _helped(str(helper), key)
        entries = config.get("auths", {})
        wanted = {_bare(key), HUB} if host == HUB else {host}
        entry: dict[str, Any] = next((entries[one] for one in entries if _bare(one) in wanted), {})
        if entry.get("identitytoken"):
            raise Refused(f"{path} has an identity token for {host}: log in with a password")
        if not entry.get("auth"):
            return None
        login = base64.b64decode(entry["auth"], validate=True).decode()
    except (OSError, ValueError, AttributeError, KeyError, TypeError, binascii.Error):
        raise Refused(f"{path} cannot be read as Docker's config.json") from None
    user, _, password = login.partition(":")
    return user, password


def _bare(key: str) -> str:
    return key.rpartition("://")[2].partition("/")[0]


def _helped(helper: str, key: str) -> tuple[str, str] | None:
    """Ask the program in which `docker login` keeps passwords."""
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(
            [program, "get"], input=key, capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        raise Refused(f"{program}, which has the login, does not run") from None
    if done.returncode:
        if "credentials not found" in done.stdout + done.stderr:
            return None
        raise Refused(f"{program} has no login for {key}")
    found = json.loads(done.stdout)
    if found["Username"] == "<token>":
        raise Refused(f"{program} has an identity token for {key}: log in with a password")
    return found["Username"], found["Secret"]


def overlay(found: dict[str, tuple[Image, str]], over: str) -> str:
    """Return a kustomization above another one, in which the units' images stand by digest.

    Args:
        found: Image and digest by unit.
        over: The folder of the other one, from where this is written.
    """
    images: list[dict[str, Any]] = []
    for unit, (image, digest) in found.items():
        # As the manifests name it, and as an overlay below may name it already.
        for name in dict.fromkeys([f"{manifests.REGISTRY}/{unit}", image.written]):
            images.append({"name": name, "newName": image.written, "digest": digest})
    whole = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [over],
        "images": images,
    }
    text: str = yaml.safe_dump(whole, sort_keys=False)
    return _head(found) + text


def variables(found: dict[str, tuple[Image, str]]) -> str:
    """Return the variables of compose.yaml that name the units' images by digest."""
    lines = [
        f"{manifests.image_variable(unit)}={image.written}@{digest}\n"
        for unit, (image, digest) in found.items()
    ]
    return _head(found) + "".join(lines)


def _head(found: dict[str, tuple[Image, str]]) -> str:
    tags = ", ".join(sorted({image.tag for image, _ in found.values()}))
    return f"# Generated: python -m deploy.digests. What these tags meant then: {tags}\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Ask and write; returns 1 where an image has no digest."""
    units = [*service_names(), "gateway"]
    parser = argparse.ArgumentParser(
        prog="python -m deploy.digests", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("units", nargs="*", metavar="UNIT", help=f"of {', '.join(units)}; or all")
    parser.add_argument(
        "--registry", metavar="REGISTRY[/PREFIX]", help="where the units' images are"
    )
    parser.add_argument("--tag", default=__version__, help="of the units' images (%(default)s)")
    parser.add_argument("--base", metavar="IMAGE:TAG", help="the base of deploy/Dockerfile")
    parser.add_argument(
        "--over", type=Path, default=HERE / "kubernetes", help="the kustomization that is changed"
    )
    parser.add_argument(
        "--folder", type=Path, default=HERE / "images", help="where it is written (%(default)s)"
    )
    given = parser.parse_args(argv)
    if not (given.registry or given.base):
        parser.error("say --registry, or --base, or both")
    if strange := [unit for unit in given.units if unit not in units]:
        parser.error(f"no unit is named {strange[0]}; there are {', '.join(units)}")
    if not (given.over / "kustomization.yaml").is_file():
        parser.error(f"--over: {given.over} has no kustomization.yaml")
    wanted: dict[str, str] = {}
    if given.registry:
        prefix = given.registry.rstrip("/")
        wanted = {unit: f"{prefix}/{unit}:{given.tag}" for unit in given.units or units}
    if given.base:
        wanted[""] = given.base
    found: dict[str, tuple[Image, str]] = {}
    bad = 0
    with httpx.Client(timeout=_SECONDS) as client:
        asking = Asking(client)
        for unit, text in wanted.items():
            try:
                image = image_of(text)
                found[unit] = image, asking.digest(image)
            except Refused as why:
                bad += 1
                print(f"{text}: {why}", file=sys.stderr)
    if bad:
        print("nothing is written", file=sys.stderr)
        return 1
    base = found.pop("", None)
    if found:
        given.folder.mkdir(parents=True, exist_ok=True)
        over = os.path.relpath(given.over.resolve(), given.folder.resolve())
        for name, written in (
            ("kustomization.yaml", overlay(found, over)),
            ("compose.env", variables(found)),
        ):
            (given.folder / name).write_text(written, "utf-8")
            print(f"wrote {given.folder / name}")
    if base is not None:
        image, digest = base
        print(f"--build-arg BASE={image.written}:{image.tag}@{digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
