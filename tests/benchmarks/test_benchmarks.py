"""Every benchmark of the table runs, says what it compared, and ends with its line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import sales
from benchmarks.filled import fill
from benchmarks.table import BENCHMARKS, NAMED, Benchmark
from metrics_core.clock import SetClock
from metrics_core.engine import Engine
from metrics_core.settings import Settings
from tests.servers.chdb import is_here as chdb_is_here
from tests.servers.mongo import mongod
from tests.servers.postgres import binaries
from tests.servers.redis import program as redis

ROOT = Path(__file__).parents[2]
IN_A_BROWSER = ("first_number", "dashboard_first")
ON_POSTGRESQL = ("snapshot_postgresql", "http_ingest_postgresql", "store_order", "replicas")
ON_REDIS = ("replicas",)
ON_MONGODB = ("snapshot_mongodb", "http_ingest_mongodb", "store_order")
ON_CHDB = ("snapshot_clickhouse", "http_ingest_clickhouse", "store_order")


def command(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], cwd=ROOT, env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def marked(row: Benchmark) -> object:
    marks = [pytest.mark.browser] if row.name in IN_A_BROWSER else []
    for names, program, what in (
        (ON_POSTGRESQL, binaries, "PostgreSQL"), (ON_MONGODB, mongod, "MongoDB"), (ON_REDIS, redis, "Redis"),
    ):  # fmt: skip
        if row.name in names:
            marks.append(pytest.mark.skipif(program() is None, reason=f"{what} is not on this machine"))
    if row.name in ON_CHDB:
        marks.append(pytest.mark.skipif(not chdb_is_here(), reason="chdb is not installed"))
    return pytest.param(row, id=row.name, marks=marks)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not one of pytest's, which let nobody else through: the server of PostgreSQL runs as another user."""
    with tempfile.TemporaryDirectory(prefix="pulseboard-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("row", tuple(map(marked, BENCHMARKS)))
def test_a_benchmark_runs_and_ends_with_its_line(row: Benchmark, folder: Path) -> None:
    done = command(row.name, "--size", f"{row.tiny:g}", folder=folder)
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    found = re.fullmatch(rf"{row.name} ratio=([0-9.]+) target=([0-9.]+)", lines[-1])
    assert found is not None, done.stdout + done.stderr
    assert float(found[2]) == row.target
    assert f"ratio {row.direction} {found[2]}" in lines[-2]
    assert done.returncode == (0 if "; met" in lines[-2] else 1)


def test_a_wrong_name_is_answered_with_the_list(tmp_path: Path) -> None:
    done = command("snapshoot", folder=tmp_path)
    assert done.returncode == 2
    assert "'snapshoot'" in done.stderr
    assert all(name in done.stderr for name in NAMED)


def test_a_target_is_met_at_it_and_on_its_right_side() -> None:
    assert [NAMED["snapshot"].met(ratio) for ratio in (399.9, 400, 500)] == [False, True, True]
    assert [NAMED["soak"].met(ratio) for ratio in (0.5, 1, 1.01)] == [True, True, False]


def test_a_store_filled_in_bulk_is_what_sending_would_have_made(tmp_path: Path) -> None:
    facts = sales.facts(2_000)
    fill(tmp_path / "filled.db", facts)
    engine = Engine(Settings(database_url=f"sqlite:///{tmp_path / 'filled.db'}"), clock=SetClock(sales.END))
    engine.start()
    try:
        assert [check for check in engine.verify() if not check.ok] == []
        figures = engine.snapshot().periods["all_time"].figures
        assert figures["transactions"] == 2_000
        assert figures["gross_revenue"] == facts.amount[facts.kind == sales.COMPLETED].sum()
        assert figures["refunds"] == facts.amount[facts.kind == sales.REFUNDED].sum()
    finally:
        engine.stop()
