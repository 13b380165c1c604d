"""One machine: copies of the SQLite store while it is in use, the unit that starts a replica, and what is to be typed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests import given
from tests.deploy.house import ROOT, fill
from tests.sql.hands import engine_on
from tests.trouble.hands import ids, wrong

BACK_UP = [sys.executable, str(ROOT / "deploy/backup.py")]


def test_a_copy_made_while_records_come_in_holds_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    file, copy = tmp_path / "shop.db", tmp_path / "copy.db"
    engine = engine_on(f"sqlite:///{file}")
    acknowledged: list[str] = []
    enough, over = threading.Event(), threading.Event()

    def send() -> None:
        while not over.is_set():
            name = f"o{len(acknowledged)}"
            engine.accept(given.numbered([given.order_record(name)], prefix=name))
            acknowledged.append(f"{name}-0")
            if len(acknowledged) > 30:
                enough.set()

    sending = threading.Thread(target=send)
    sending.start()
    assert enough.wait(60)
    for _ in range(2):  # the second takes the place of the first
        before = set(acknowledged)
        subprocess.run([*BACK_UP, str(file), str(copy)], check=True, timeout=60)
    over.set()
    sending.join()
    engine.stop()
    restored = engine_on(f"sqlite:///{copy}")
    assert before <= set(ids(restored.store)) <= set(acknowledged)
    assert wrong(restored) == []
    restored.stop()
    assert sorted(found.name for found in tmp_path.glob("copy*")) == ["copy.db"]


def test_a_store_that_is_not_there_leaves_the_last_copy_as_it_is(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(b"the last one")
    done = subprocess.run([*BACK_UP, str(tmp_path / "shop.db"), str(copy)], capture_output=True, check=False, timeout=60)
    assert done.returncode != 0
    assert copy.read_bytes() == b"the last one"


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not os.environ.get("CI"), reason="systemd is not on this machine"
)
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = (ROOT / "deploy/pulseboard@.service").read_text()
    program = "/opt/pulseboard/.venv/bin/streamlit"
    assert program in unit
    here = tmp_path / "pulseboard@8501.service"
    here.write_text(unit.replace(program, sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", str(here)], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(
    None in (shutil.which("envsubst"), shutil.which("bash")) and not os.environ.get("CI"),
    reason="envsubst is not on this machine",
)
def test_what_the_page_says_to_type_fills_in_the_configuration() -> None:
    found = re.search(r"```sh\n(export PULSEBOARD_NAME.*?)nginx -t", (ROOT / "docs/deploy.md").read_text(), re.DOTALL)
    assert found is not None
    typed = found[1].replace("> /etc/nginx/conf.d/pulseboard.conf", "")
    done = subprocess.run(["bash", "-ec", typed], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60)
    named = dict(re.findall(r"(PULSEBOARD_\w+)=('[^']*'|\S+)", typed))
    values = {name: value.strip("'") for name, value in named.items()}
    assert done.stdout.replace("${CAPITALS}", "") == fill((ROOT / "deploy/nginx.conf.template").read_text(), values)
