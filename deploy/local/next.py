"""`make test-next`: the tests of the servers on the parts that a deployment names.

RabbitMQ 4, PostgreSQL 17 and Python 3.13 come from Debian 13, whose files lie in a folder that is
made once. A run sees it through mounts of a namespace of its own: what the tests write is in
memory, and it goes with the run, whatever ends that. Nothing of the machine's own Debian changes.

Needs Linux, root, debootstrap and a mirror of Debian. Without one of them it says so and fails.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from testkit import servers

ROOT = Path(__file__).resolve().parents[2]
SUITE = "trixie"
# What compose.yaml and the image name: a test compares.
RABBITMQ, POSTGRESQL, PYTHON = "4.0", "17", "3.13"
_PACKAGES = (
    "rabbitmq-server", f"postgresql-{POSTGRESQL}", f"python{PYTHON}-venv", "ca-certificates",
    "fonts-wqy-zenhei", "git", "procps",
)  # fmt: skip
# What is run where nothing else is asked for: all that talks to a broker or a database, and what
# the images are made of.
CHOSEN = (
    "-m", "servers or shipped", "chassis", "clients", "gateway", "services", "tests/deploy",
    "tests/faults", "tests/journeys",
)  # fmt: skip
_ENVIRONMENT = "/opt/fivered"
_HANDED_ON = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_MIRROR = "http://deb.debian.org/debian"
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


class CannotRun(Exception):
    """These tests cannot run here; the message says why, and what would help."""


def cache() -> Path:
    """Return the folder that keeps the Debian between runs: it is made from nothing if deleted."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fivered" / SUITE


def main(chosen: Sequence[str]) -> int:
    """Make what is lacking, then run the chosen tests in it. Returns the exit code."""
    servers.tie_to_make()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    try:
        require()
        cache().mkdir(parents=True, exist_ok=True)
        with _alone(cache() / "lock"):
            code = _inside("tests", debian(cache()), *chosen)
    except CannotRun as why:
        print(f"fivered: make test-next cannot run: {why}", file=sys.stderr)
        return 1
    print(f"make test-next took {time.monotonic() - began:.0f} s")
    return code


def require() -> None:
    """Look at what a run needs of this machine.

    Raises:
        CannotRun: It is not there, and cannot be installed.
    """
    if sys.platform != "linux":
        raise CannotRun("only Linux has namespaces and chroot")
    if os.geteuid() != 0:
        raise CannotRun("only root may make mounts; try: sudo make test-next")
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if tried.returncode:
        raise CannotRun(f"this machine makes no namespace with mounts: {_last(tried)}")
    if "overlay" not in Path("/proc/filesystems").read_text("ascii"):
        subprocess.run(["modprobe", "overlay"], capture_output=True, check=False)
    if "overlay" not in Path("/proc/filesystems").read_text("ascii"):
        raise CannotRun("the kernel has no overlay file system (modprobe overlay)")
    if shutil.which("debootstrap") is None:
        apt = shutil.which("apt-get")
        if apt is None:
            raise CannotRun("debootstrap is not installed, and there is no apt-get to get it")
        done = subprocess.run(
            [apt, "install", "-y", "-qq", "--no-install-recommends", "debootstrap"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise CannotRun(f"debootstrap cannot be installed: {_last(done)}")


def debian(place: Path) -> Path:
    """Return the root folder of a Debian with the servers and this checkout's packages.

    Raises:
        CannotRun: It could not be made; nothing half-made is taken for it later.
    """
    found = place / "root"
    mark = found / "fivered-made"
    stamp = hashlib.sha256(repr((1, SUITE, _PACKAGES)).encode()).hexdigest()
    if not mark.exists() or mark.read_text("ascii") != stamp:
        partial = place / "partial"
        for folder in (found, partial):
            shutil.rmtree(folder, ignore_errors=True)
        print(f"making Debian {SUITE} in {found} (once, about 1 GB) ...", flush=True)
        made(partial, "debian", partial, mirror())
        (partial / "fivered-made").write_text(stamp, "ascii")
        partial.rename(found)
    made(found, "environment", found)
    return found


def mirror() -> str:
    """Return the mirror from which this machine takes its own Debian, else the common one."""
    for path in sorted(Path("/etc/apt").glob("sources.list*")):
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            for line in file.read_text("utf-8").splitlines():
                words = line.split()
                if len(words) > 1 and words[0] in {"URIs:", "deb"}:
                    found = next((word for word in words if "://" in word), "")
                    if found.rstrip("/").endswith("/debian"):
                        return found
    return _MIRROR


def made(folder: Path, step: str, *given: object) -> None:
    """Run a step in a namespace, its output in a log beside the folder.

    Raises:
        CannotRun: It failed; the message has its last lines.
    """
    log = folder.parent / f"{step}.log"
    with log.open("wb") as out:
        code = _inside(step, *given, out=out.fileno())
    if code:
        lines = log.read_text("utf-8", "replace").strip().splitlines()[-6:]
        raise CannotRun(f"this step failed: {step} ({log})\n" + "\n".join(lines))


def _inside(step: str, *given: object, out: int | None = None) -> int:
    """Run a step of this file where its mounts and processes are its own; returns its code."""
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "-m"]
    return servers.spawn(
        [*command, "deploy.local.next", f"--{step}", *map(str, given)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,
    ).wait()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock: two runs would change the same folder."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another make test-next runs; waiting for it ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _last(done: subprocess.CompletedProcess[str]) -> str:
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return said[-1] if said else f"exit code {done.returncode}"


# --- What follows runs in the namespace of one step ---


def _mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def _system(root: Path) -> None:
    """Give a root what programs expect of a machine."""
    for name in ("proc", "dev", "src", "tmp"):
        (root / name).mkdir(exist_ok=True)
    _mount("-t", "proc", "proc", root / "proc")
    _mount("--rbind", "/dev", root / "dev")
    for name in ("etc/resolv.conf", "etc/hosts"):
        (root / name).unlink(missing_ok=True)
        shutil.copyfile(f"/{name}", root / name)


def _over(lower: Path, place: Path, at: Path) -> None:
    """Show a folder at a place; what is written there goes elsewhere."""
    for name in ("upper", "work"):
        (place / name).mkdir(parents=True)
    at.mkdir(parents=True, exist_ok=True)
    layers = f"lowerdir={lower},upperdir={place}/upper,workdir={place}/work"
    _mount("-t", "overlay", "overlay", "-o", layers, at)


def _in_root(root: Path, *command: str, **more: str) -> int:
    """Run a command in a root, and take in what loses its parent meanwhile; returns its code."""
    kept = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
    kept |= {
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "DEBIAN_FRONTEND": "noninteractive",
    }
    child = subprocess.Popen(["chroot", str(root), *command], env=kept | more)
    while True:
        # The first process of a namespace is the parent of all who have lost theirs.
        ended, status = os.wait()
        if ended == child.pid:
            return os.waitstatus_to_exitcode(status)


def _step_debian(root: str, address: str) -> int:
    """Make a Debian with the servers in a folder."""
    at = Path(root)
    subprocess.run(
        ["debootstrap", "--variant=minbase", SUITE, str(at), address],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    # No package starts a server of its own.
    policy = at / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", "utf-8")
    policy.chmod(0o755)
    _system(at)
    install = f"apt-get install -y -qq --no-install-recommends {' '.join(_PACKAGES)}"
    code = _in_root(at, "sh", "-ec", f"apt-get update -qq; {install}; apt-get clean")
    shutil.rmtree(at / "var/lib/apt/lists", ignore_errors=True)
    return code


def _step_base(root: str, address: str, packages: str) -> int:
    """Make the Debian of an image in a folder, with python3 by the name of the official one."""
    at = Path(root)
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={packages}", SUITE, str(at), address],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    (at / "usr/local/bin/python").symlink_to(f"/usr/bin/python{PYTHON}")
    for folder in ("var/lib/apt/lists", "var/cache/apt"):
        shutil.rmtree(at / folder, ignore_errors=True)
        (at / folder).mkdir()
    given = Path(os.environ.get("PIP_CERT") or f"/{_CERTIFICATES}")
    if given.is_file():
        shutil.copyfile(given, at / _CERTIFICATES)
    return 0


def _step_environment(root: str) -> int:
    """Install this checkout and its packages; where that was done, nothing happens."""
    at = Path(root)
    work = at.parent / "run"
    work.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "tmpfs", work)
    _system(at)
    _over(ROOT, work / "src", at / "src")
    # pip comes through the same doors as on this machine.
    given = os.environ.get("PIP_CERT") or f"/{_CERTIFICATES}"
    if Path(given).is_file():
        shutil.copyfile(given, at / _CERTIFICATES)
    pip = {"PIP_CERT": f"/{_CERTIFICATES}", "PIP_ROOT_USER_ACTION": "ignore"}
    for name in ("PIP_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT"):
        if name in os.environ:
            pip[name] = os.environ[name]
    prepare = f"cd /src && exec python{PYTHON} deploy/local/prepare.py test {_ENVIRONMENT}"
    return _in_root(at, "sh", "-c", prepare, **pip)


def _step_tests(root: str, *chosen: str) -> int:
    """Run tests on a copy, in memory, of the root and of this checkout."""
    at = Path(root)
    work = at.parent / "run"
    work.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "tmpfs", work)
    top = work / "root"
    _over(at, work / "top", top)
    _system(top)
    _over(ROOT, work / "src", top / "src")
    # Ports that are taken here are taken there: both are one machine.
    ports = servers.claims()
    (top / "tmp" / ports.name).mkdir(mode=0o700)
    _mount("--bind", ports, top / "tmp" / ports.name)
    python = f"{_ENVIRONMENT}/bin/python"
    many = os.environ.get("WORKERS") or "3"
    run = 'cd /src && exec "$0" -m deploy.local.next --here "$@"'
    path = f"{_ENVIRONMENT}/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return _in_root(
        top, "sh", "-c", run, python, *chosen, WORKERS=many, PATH=path,
        PIP_CERT=f"/{_CERTIFICATES}",
    )  # fmt: skip


def _step_here(*chosen: str) -> int:
    """In the root itself: say what is tried, and run the tests."""
    from deploy.local import test  # noqa: PLC0415  needs the installed packages

    found = versions()
    print(json.dumps(found), flush=True)
    wanted = {"rabbitmq": RABBITMQ, "postgresql": POSTGRESQL, "python": PYTHON}
    wrong = [name for name, version in found.items() if not version.startswith(wanted[name])]
    if wrong:
        print(f"fivered: not what is shipped: {', '.join(wrong)}", file=sys.stderr)
        return 1
    return test.run(Path("/var/tmp/compiled"), list(chosen or CHOSEN), together=not chosen)  # nosec B108  # of a system of its own


def versions() -> dict[str, str]:
    """Return the versions of the parts that the tests of this process use."""
    home, programs = servers.rabbitmq_home(), servers.postgresql_bin()
    said = subprocess.run(
        [str(programs / "postgres"), "--version"] if programs else ["true"],
        capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    return {
        "rabbitmq": home.name.rpartition("-")[2] if home else "none",
        "postgresql": said[2] if len(said) > 2 else "none",
        "python": sys.version.split()[0],
    }


_STEPS: dict[str, Callable[..., int]] = {
    "--debian": _step_debian,
    "--base": _step_base,
    "--environment": _step_environment,
    "--tests": _step_tests,
    "--here": _step_here,
}

if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(_STEPS[words[0]](*words[1:]) if words and words[0] in _STEPS else main(words))
