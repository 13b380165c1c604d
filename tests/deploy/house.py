"""The product as docs/deploy.md sets it up: replicas started as the unit says, behind an nginx of our own."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers.postgres import _end_with_us, _free_port, _unprivileged

ROOT = Path(__file__).parents[2]
NAME = "pulseboard.test"
PROXY, OUTSIDER = "127.0.0.1", "127.0.0.9"
_SECONDS = 90


def nginx() -> str | None:
    """The program, where it is on this machine."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Replica:
    """One process of the product. `pages` by the line of the unit, else the doors alone by uvicorn."""

    def __init__(self, folder: Path, name: str, *, pages: bool) -> None:
        self.port = _free_port()
        self.name = f"{PROXY}:{self.port}"
        self._log = folder / f"{name}.log"
        self._words = exec_start(self.port) if pages else [
            sys.executable, "-m", "uvicorn", "metrics_core.api.server:app", "--port", str(self.port),
        ]  # fmt: skip
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words, cwd=ROOT, env=self.environment, stdout=log, stderr=log, preexec_fn=_end_with_us
            )

    def until_it_answers(self) -> None:
        until = time.monotonic() + _SECONDS
        while True:
            assert self._process is not None
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < until, self.log()
            try:
                if self.call("GET", "/health").status == 200:
                    return
            except OSError:
                time.sleep(0.1)

    def call(self, method: str, path: str, body: Any = None, *, source: str = PROXY, **headers: str) -> Answer:
        """Past the proxy, straight to this process."""
        line = http.client.HTTPConnection(PROXY, self.port, timeout=30, source_address=(source, 0))
        return _call(line, method, path, body, headers)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As systemd does."""
        self._end(signal.SIGTERM)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def _end(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(60)


class Proxy:
    """nginx with the configuration of deploy/, as nobody in particular, in a folder of its own."""

    def __init__(self, pages: list[str], doors: list[str]) -> None:
        program = nginx()
        assert program is not None, "nginx is not here. On Debian: apt-get install nginx-light"
        self._folder = Path(tempfile.mkdtemp(prefix="pulseboard-nginx-"))
        self.port, self.plain_port = _free_port(), _free_port()
        self.authority = f"{NAME}:{self.port}"
        self.url = f"https://{self.authority}"
        self.tls = ssl.create_default_context(cadata=certificate(self._folder))
        filled = {
            "PULSEBOARD_NAME": NAME, "PULSEBOARD_CERTIFICATE": f"{self._folder}/cert.pem",
            "PULSEBOARD_KEY": f"{self._folder}/key.pem", "PULSEBOARD_HTTP": f"{PROXY}:{self.plain_port}",
            "PULSEBOARD_HTTPS": f"{PROXY}:{self.port}", "PULSEBOARD_LOG": f"{self._folder}/access.log",
            "PULSEBOARD_REPLICAS": " ".join(f"server {name};" for name in pages),
            "PULSEBOARD_DOORS": " ".join(f"server {name};" for name in doors),
        }  # fmt: skip
        (self._folder / "pulseboard.conf").write_text(fill((ROOT / "deploy/nginx.conf.template").read_text(), filled))
        (self._folder / "nginx.conf").write_text(_AROUND.format(folder=self._folder))
        words = [program, "-p", str(self._folder), "-e", f"{self._folder}/error.log", "-c", f"{self._folder}/nginx.conf"]
        run_as = {"cwd": self._folder, **_unprivileged(self._folder)}
        for file in self._folder.iterdir():
            os.chown(file, self._folder.stat().st_uid, self._folder.stat().st_gid)
        checked = subprocess.run([*words, "-t"], capture_output=True, text=True, check=False, **run_as)
        assert checked.returncode == 0, checked.stderr
        warned = [line for line in checked.stderr.splitlines() if "[warn]" in line and '"listen ... http2"' not in line]
        assert warned == []
        self._process = subprocess.Popen(words, preexec_fn=_end_with_us, stderr=subprocess.DEVNULL, **run_as)
        while True:
            assert self._process.poll() is None, (self._folder / "error.log").read_text()
            try:
                self.call("GET", "/metrics")
                return
            except OSError:
                time.sleep(0.02)

    def call(self, method: str, path: str, body: Any = None, *, source: str = PROXY, **headers: str) -> Answer:
        """A request from somewhere out there, by the public name."""
        return _call(self.line(source), method, path, body, {"Host": self.authority, **headers})

    def line(self, source: str = PROXY) -> http.client.HTTPConnection:
        line = http.client.HTTPConnection(PROXY, self.port, timeout=30)
        line.sock = self.tls.wrap_socket(self.reach(source), server_hostname=NAME)
        return line

    def reach(self, source: str = PROXY) -> socket.socket:
        return socket.create_connection((PROXY, self.port), timeout=30, source_address=(source, 0))

    def went(self, path: str) -> list[str]:
        """Which replicas answered this path, in order; where the first did not answer, the one that did."""
        found = re.findall(rf'"[A-Z]+ {re.escape(path)}" .* (\S+)$', self.log(), re.MULTILINE)
        return [str(name) for name in found]

    def log(self) -> str:
        return (self._folder / "access.log").read_text()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)


def exec_start(port: int) -> list[str]:
    """The line of the systemd unit that starts a replica, for this checkout."""
    unit = (ROOT / "deploy/pulseboard@.service").read_text()
    found = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert found is not None
    program, *words = shlex.split(found[1].replace("%i", str(port)))
    return [sys.executable, "-m", Path(program).name, *words]


def fill(template: str, values: dict[str, str]) -> str:
    """As envsubst does, with everything that is to be filled in."""
    filled = re.sub(r"\$\{([A-Z_]+)\}", lambda found: values[found[1]], template.replace("${CAPITALS}", ""))
    assert "${" not in filled
    return filled


def certificate(folder: Path) -> str:
    """Make one for NAME and this machine, as cert.pem and key.pem, that vouches for itself; what it says."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), datetime.now(UTC)
    names = [x509.DNSName(NAME), x509.IPAddress(ip_address(PROXY))]
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    written = made.public_bytes(serialization.Encoding.PEM).decode()
    (folder / "cert.pem").write_text(written)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(secret)
    (folder / "key.pem").chmod(0o600)
    return written


@contextmanager
def all_of(*replicas: Replica) -> Iterator[None]:
    """While the block lasts they run."""
    try:
        for replica in replicas:
            replica.start()
        for replica in replicas:
            replica.until_it_answers()
        yield
    finally:
        for replica in replicas:
            replica.kill()


def _call(line: http.client.HTTPConnection, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        line.request(method, path, None if body is None else json.dumps(body), sent)
        answer = line.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode())
    finally:
        line.close()


_AROUND = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log {folder}/others.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/pulseboard.conf;
}}
"""
"""What Debian's own nginx.conf does around it, with the folders of somebody who may write nowhere else."""
