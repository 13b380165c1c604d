"""Data, Import: a file from this computer, its columns matched to our fields, and what became of its rows."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from pages.parts import work
from pages.parts.desk import count, engine, primary, visitor, zone_name, zones
from pages.parts.peek import peek

TYPES = ("csv", "gz", "parquet", "jsonl", "ndjson", "json")
KINDS = {"orders": "Orders or sales", "events": "Events", "activity": "User activity", "auto": "Judge by the columns"}
FIELDS = {
    "orders": (
        "order_id",
        "user_id",
        "ts",
        "product_id",
        "quantity",
        "revenue",
        "channel",
        "region",
        "status",
        "staff_id",
        "content_id",
    ),
    "events": ("type", "user_id", "ts", "session_id", "content_id", "feature", "count", "channel", "region", "company"),
    "activity": ("user_id", "ts", "session_duration", "page_views", "active_feature", "is_active", "company", "email"),
    "auto": (),
}
ASKED = "None: every time names its own"
NOT_HERE = "not in this file"
FOLDER = "import_folder"
REASONS = 20


def draw(*, allowed: bool) -> None:
    st.caption("CSV, gzipped CSV, Parquet or JSON lines. Importing a file twice adds nothing; equal rows both count.")
    given = st.file_uploader("File", type=list(TYPES), key="import_file", disabled=not allowed, label_visibility="collapsed")
    if given is None:
        return
    path = _kept(given)
    try:
        rows = peek(path)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.dataframe(rows.head(5), hide_index=True, key="import_peek", alt=f"The first rows of {given.name}")
    kind = st.segmented_control(
        "What the rows are", list(KINDS), format_func=KINDS.__getitem__, default="orders", required=True, key="import_kind"
    )
    mapping = _mapping(kind, list(rows.columns))
    left, right = st.columns(2)
    zone = left.selectbox("Zone of times that name none", [ASKED, *zones(zone_name())], key="import_zone")
    source = right.text_input(
        "Source", value=Path(given.name).stem[:60], key="import_source", help="The records are kept under it."
    )
    shift = st.checkbox("Move all times by one amount, so that the newest is now", key="import_shift")
    busy = (now := work.current()) is not None and now.running
    ready = allowed and not busy and bool(source.strip())
    words = primary(f"Import {given.name}", "upload", enabled=ready)
    if st.button(words, type="primary", disabled=not ready, key="import_go"):
        take_in = _import(path, kind, mapping, zone, source.strip(), shift)
        work.begin("import", f"Importing {given.name}", visitor().label, take_in)
        st.rerun()
    _refused(now)


def told(result: Any) -> tuple[str, work.Mood]:
    words = f"{count(result.added)} records added, {count(result.duplicates)} were here before"
    mood: work.Mood = "well" if not result.refused else "partly" if result.added or result.duplicates else "badly"
    return f"{words}, {count(result.refused)} refused", mood


def _import(path: Path, kind: str, mapping: dict[str, str], zone: str, source: str, shift: bool) -> Any:
    at = None if zone == ASKED else ZoneInfo(zone)
    folder, who = st.session_state[FOLDER], visitor()

    def go(tell: work.Progress) -> Any:
        assert folder.path.exists()  # held until the import is done, even if its visitor leaves
        return engine().import_file(
            path, kind=kind, mapping=mapping, zone=at, source=source, shift_to_now=shift, progress=tell, who=who
        )

    return go


def _mapping(kind: str, columns: list[str]) -> dict[str, str]:
    """Which column is which field, where the visitor says so; a column that has a field's own name needs no word."""
    fields = FIELDS[kind]
    if not fields:
        return {}
    mapping: dict[str, str] = {}
    with (
        st.expander("Match columns to fields", icon=":material/swap_horiz:", expanded=True),
        st.grid(4, min_column_width=170),
    ):
        for field in fields:
            guess = _guess(field, columns)
            column = st.selectbox(
                field,
                ["", *columns],
                index=0 if guess is None else guess + 1,
                key=f"import_map_{kind}_{field}",
                format_func=lambda name: name or NOT_HERE,
            )
            if column:
                mapping[field] = column
            elif _named(columns).get(field.replace("_", "")) is not None:
                mapping[field] = ""  # a column of this name is there and is to be left out
    return mapping


MEANT = {
    "order_id": ("basket_id", "order", "transaction_id", "invoice"),
    "user_id": ("household_id", "customer_id", "user", "customer", "buyer"),
    "ts": ("timestamp", "date", "transaction_timestamp", "time", "created_at", "datetime", "week"),
    "product_id": ("product", "sku", "item_id", "stock_code"),
    "quantity": ("qty", "units"),
    "revenue": ("sales_value", "amount", "total", "price"),
    "region": ("store_id", "country"),
    "type": ("event", "event_type", "name"),
}


def _guess(field: str, columns: list[str]) -> int | None:
    plain = _named(columns)
    for name in (field, *MEANT.get(field, ())):
        if (found := plain.get(name.replace("_", ""))) is not None:
            return found
    return None


def _named(columns: list[str]) -> dict[str, int]:
    """The place of each column by its name in plain letters; of two alike, the first."""
    return {column.replace("_", "").replace(" ", "").lower(): place for place, column in reversed(list(enumerate(columns)))}


def _kept(given: Any) -> Path:
    """The upload as a file of its own name; written once, and gone with the visit."""
    if FOLDER not in st.session_state:
        st.session_state[FOLDER] = _Folder()
    path = st.session_state[FOLDER].path / f"{given.file_id}-{Path(given.name).name}"
    if not path.exists():
        path.write_bytes(given.getbuffer())
    return path


class _Folder:
    """A place for the uploads of one visit, removed with the last one who needs it."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="pulseboard-import-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def _refused(now: work.Work | None) -> None:
    if now is None or now.running or now.kind != "import" or now.error is not None or not now.result.refused:
        return
    reasons = now.result.reasons
    with st.container(border=True, gap="xxsmall"):
        kept = " :small[:gray[the others are kept]]" if now.result.added else ""
        st.markdown(f"**{count(now.result.refused)} rows were refused**{kept}")
        for why in reasons[:REASONS]:
            rows = f"Row {why.rows[0]}" if why.count == 1 else f"{count(why.count)} rows, from {_listed(why.rows)}"
            st.caption(f"{rows} · `{why.field}`" if why.field else rows)
            st.text(why.reason)  # it quotes the file: text, never markup
        if len(reasons) > REASONS:
            st.caption(f"And {count(len(reasons) - REASONS)} more reasons.")


def _listed(rows: Sequence[int]) -> str:
    return ", ".join(map(str, rows))
