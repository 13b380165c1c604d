"""The first rows of a file, to see what it holds before it is imported."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow.parquet as parquet

ROWS = 50
_NO_ROWS = "This file holds no rows."


def peek(path: Path) -> pd.DataFrame:
    """The first rows with the file's own columns, as text; ValueError, as a sentence, where it cannot be read."""
    name = path.name.lower()
    if not path.stat().st_size:
        raise ValueError(_NO_ROWS)
    try:
        if name.endswith(".parquet"):
            batch = next(parquet.ParquetFile(path).iter_batches(batch_size=ROWS), None)
            table = batch.to_pandas() if batch is not None else pd.DataFrame()
        elif name.endswith((".jsonl", ".ndjson", ".json")):
            table = pd.DataFrame(_records(path))
        else:
            table = pd.read_csv(path, nrows=ROWS, dtype=str, keep_default_na=False)
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = "This file cannot be read as what its name says. CSV, gzipped CSV, Parquet and JSON lines can be imported."
        raise ValueError(msg) from error
    if table.empty:
        raise ValueError(_NO_ROWS)
    return table.astype(str)


def _records(path: Path) -> list[dict[str, object]]:
    with path.open(encoding="utf-8") as lines:
        if lines.read(1) == "[":
            lines.seek(0)
            return json.load(lines)[:ROWS]
        lines.seek(0)
        return [json.loads(line) for line in islice((line for line in lines if line.strip()), ROWS)]
