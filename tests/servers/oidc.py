"""An OpenID provider on this machine, with the people it knows."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def provider(people: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Its URL, for as long as the block lasts; people by their subject, with what is claimed of them."""
    port = free_port()
    users = [word for sub, claims in people.items() for word in ("--user-claims", json.dumps({"sub": sub, **claims}))]
    running = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *users],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://localhost:{port}"
    try:
        until = time.monotonic() + 60
        while not _answers(f"{url}/.well-known/openid-configuration"):
            assert running.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        yield url
    finally:
        running.terminate()
        running.wait(10)


def secrets(folder: Path, provider: str, *, public: str) -> str:
    """Write what Streamlit has to know to let people of this provider in, at this address; where that is."""
    file = folder / "secrets.toml"
    file.write_text(
        f'[auth]\nredirect_uri = "{public}/oauth2callback"\ncookie_secret = "{"c" * 32}"\n'
        f'client_id = "pulseboard"\nclient_secret = "secret"\n'
        f'server_metadata_url = "{provider}/.well-known/openid-configuration"\n'
    )
    return str(file)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
