"""Table: figures by up to three dimensions or by time, sorted and cut, with a change column, bars and a row of totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import model_validator

from metrics_core.errors import BadRequestError
from metrics_core.model.measure import REGISTRY
from metrics_core.model.query import Result, Value
from metrics_core.rollup.derive import change
from metrics_core.widgets import rules, words
from metrics_core.widgets.buckets import Bucket, buckets, grain_of
from metrics_core.widgets.drawing import Column, Picks, Table, Total
from metrics_core.widgets.frame import Frame
from metrics_core.widgets.groups import MOST
from metrics_core.widgets.kind import Questions, WidgetKind
from metrics_core.widgets.numbers import Numbers, compared, share
from metrics_core.widgets.options import Dimensions, MeasureName, Measures, known, option
from metrics_core.widgets.spec import Spec

_START = "start"


class TableSpec(Spec):
    """The options of a table."""

    measures: Measures = option("Measures", "A column each.", "measures", "data", min_length=1, max_length=12)
    by: Dimensions = option(
        "Rows by", "A row for each value, or combination of values.", "dimensions", "data", (), max_length=3)
    grain: Literal["off", "auto", "minute", "hour", "day", "week", "month"] = option(
        "Rows by time", "A row for each bucket of time, instead of or beside the dimensions.", "choice", "time", "off")
    sort: str | None = option(
        "Sort by", "A column; a minus in front puts the greatest first. Left empty: time, then the first measure.", "sort",
        "look", None)  # fmt: skip
    limit: int = option("Rows", "How many rows are shown.", "number", "look", 10, ge=1, le=1_000)
    totals: bool = option(
        "Totals", "A last row for everything, also for what is not shown; never a sum of rows.", "switch", "look", True)
    change: Literal["off", "difference", "percent"] = option(
        "Change", "How the first measure changed in each row.", "choice", "time", "off")
    share: bool = option("Share", "The first measure as a share of everything.", "switch", "look", False)
    bars: MeasureName | None = option("Bars", "A bar behind the figures of one measure.", "column", "look", None)

    @model_validator(mode="after")
    def _makes_sense(self) -> TableSpec:
        if not self.by and self.grain == "off":
            msg = 'A table needs rows: choose dimensions, as in {"by": ["channel"]}, or a grain.'
            raise BadRequestError(msg)
        rules.check_question(self.measures, by=self.by, grain=self.grain != "off", where=self.where)
        columns = (*self.by, *self.measures, *((_START,) if self.grain != "off" else ()))
        if self.sort is not None:
            known("column of this table", self.sort.removeprefix("-"), columns)
        if self.bars is not None:
            known("measure of this table", self.bars, self.measures)
        if self.change != "off" and self.grain != "off":
            msg = "Rows of time have nothing to be compared with one by one. Leave `change` off, or `grain`."
            raise BadRequestError(msg)
        if self.share:
            for name in self.by:
                rules.check_stacked(self.measures[:1], name)
        return self


def questions(spec: TableSpec, frame: Frame) -> Questions:
    cut = _grain(spec, frame)
    usual = _START if cut is not None else f"-{spec.measures[0]}"
    return {
        "rows": spec.asked(frame, spec.measures, by=spec.by, grain=cut, order_by=spec.sort or usual, limit=MOST + 1,
                           compare=spec.change != "off"),
        "total": spec.asked(frame, spec.measures, compare=spec.change != "off"),
    }  # fmt: skip


def draw(answers: Mapping[str, Result], spec: TableSpec, frame: Frame) -> Table:
    answer, numbers, cut = answers["rows"], spec.numbers(frame), _grain(spec, frame)
    when = words.period(spec.time(frame), frame)
    by = [rules.label(name).lower() for name in spec.by] + ([cut] if cut is not None else [])
    title = f"{REGISTRY[spec.measures[0]].label} by {words.listed(by)}"
    subtitle = spec.note or when
    columns = _columns(spec, cut, changes=answer.compared is not None)
    rows = answer.rows[: spec.limit]
    if not rows or (cut is None and all(value is None for row in answer.rows for value in row[: len(spec.by)])):
        empty = words.nothing_by(spec.by[0], when) if spec.by else words.nothing_yet()
        return Table(title=title, subtitle=subtitle, alt=f"{title}. {empty.what}.", empty=empty, columns=columns)
    cuts = _cuts(answer, cut, frame)
    whole = answers["total"].rows[0]
    before = {} if answer.compared is None else {row[: len(spec.by)]: row for row in answer.compared.rows}
    filled = [_row(row, before.get(row[: len(spec.by)]), whole, spec, numbers, cuts, changes=answer.compared is not None)
              for row in rows]  # fmt: skip
    of = f"{len(answer.rows):,}" if len(answer.rows) <= MOST else f"more than {MOST:,}"
    place = None if spec.bars is None else [column.name for column in columns].index(spec.bars)
    lead = len(spec.by) + (cut is not None)
    return Table(
        title=title, subtitle=subtitle, columns=columns, rows=tuple(row for row, _ in filled),
        texts=tuple(texts for _, texts in filled), foot=f"{len(rows):,} of {of}", bars=spec.bars,
        most=None if place is None else _most([row[place] for row, _ in filled]),
        total=_total(answers["total"], spec, numbers, lead, changes=answer.compared is not None) if spec.totals else None,
        picks=Picks(dimension=spec.by[0], column=spec.by[0]) if spec.by else None,
        alt=words.list_alt(f"{title}, {subtitle}", [(" ".join(texts[:lead]), texts[lead]) for _, texts in filled],
                           len(answer.rows)),
    )  # fmt: skip


def _grain(spec: TableSpec, frame: Frame) -> str | None:
    return None if spec.grain == "off" else grain_of(spec.grain, frame.window(spec.time(frame)), coarse=True)


def _columns(spec: TableSpec, cut: str | None, *, changes: bool) -> tuple[Column, ...]:
    found = [Column(name=_START, label=words.capital(cut), align="left", unit="time")] if cut is not None else []
    found += [Column(name=name, label=rules.label(name), align="left") for name in spec.by]
    for place, name in enumerate(spec.measures):
        row = REGISTRY[name]
        good = {"up": "up", "down": "down"}.get(row.good or "")
        found.append(Column(name=name, label=row.label, align="right", unit=row.unit.value))
        if place == 0 and changes:
            found.append(Column.model_validate({"name": f"{name}:change", "label": "Change", "align": "right",
                                                "unit": "change", "good": good}))  # fmt: skip
        if place == 0 and spec.share:
            found.append(Column(name=f"{name}:share", label="Share", align="right", unit="share"))
    return tuple(found)


def _row(row: Sequence[Value], before: Sequence[Value] | None, whole: Sequence[Value], spec: TableSpec, numbers: Numbers,
         cuts: Mapping[Value, Bucket], *, changes: bool) -> tuple[tuple[Value, ...], tuple[str, ...]]:  # fmt: skip
    """The raw values of a row, and their texts."""
    raw: list[Value] = []
    texts: list[str] = []
    lead = len(row) - len(spec.measures)
    if cuts:
        bucket = cuts[row[0]]
        raw.append(bucket.x)
        texts.append(bucket.label + bucket.note)
    for name, value in zip(spec.by, row[lead - len(spec.by): lead], strict=True):
        raw.append(words.pick(name, value))
        texts.append(words.name(name, value))
    for place, (name, value) in enumerate(zip(spec.measures, row[lead:], strict=True)):
        amount = numbers.raw(name, value)
        raw.append(amount)
        texts.append(numbers.text(name, amount))
        if place == 0 and changes:
            # What has no row in the window before was nothing there.
            then = numbers.raw(name, before[lead] if before is not None else _nothing(name))
            changed, text = _changed(spec, name, amount, then, numbers)
            raw.append(changed)
            texts.append(text)
        if place == 0 and spec.share:
            of = numbers.raw(name, whole[0])
            part = None if amount is None or not of or of < 0 else 100 * amount / of
            raw.append(part)
            texts.append(share(part))
    return tuple(raw), tuple(texts)


def _nothing(measure: str) -> Value:
    return 0 if rules.is_count(measure) else None


def _changed(spec: TableSpec, measure: str, now: float | None, then: float | None, numbers: Numbers) -> tuple[Value, str]:
    """How far a figure moved: in its own unit, or in percent (rates in points)."""
    if now is None or then is None:
        return None, "n/a"
    if spec.change == "difference":
        digits = numbers.digits
        moved = round(now - then, max(digits, 6))
        return moved, numbers.difference(measure, moved)
    delta = compared(measure, now, then, "")
    sign = {"up": "+", "down": "\u2212"}.get(delta.direction, "")
    return change(measure, now, then).amount, sign + delta.text


def _total(answer: Result, spec: TableSpec, numbers: Numbers, lead: int, *, changes: bool) -> Total:
    """Everything, asked for in a question of its own: different users are not added up, ratios not averaged."""
    before = answer.compared.rows[0] if answer.compared is not None else None
    raw: list[Value] = ["Total", *[None] * (lead - 1)]
    texts = ["Total", *[""] * (lead - 1)]
    for place, (name, value) in enumerate(zip(spec.measures, answer.rows[0], strict=True)):
        amount = numbers.raw(name, value)
        raw.append(amount)
        texts.append(numbers.text(name, amount))
        if place == 0 and changes:
            then = None if before is None else numbers.raw(name, before[0])
            changed, text = _changed(spec, name, amount, then, numbers)
            raw.append(changed)
            texts.append(text)
        if place == 0 and spec.share:
            raw.append(100.0 if amount else None)
            texts.append(share(100.0 if amount else None))
    return Total(row=tuple(raw), texts=tuple(texts))


def _cuts(answer: Result, cut: str | None, frame: Frame) -> Mapping[Value, Bucket]:
    if cut is None:
        return {}
    starts = sorted({int(row[0]) for row in answer.rows if isinstance(row[0], int)})
    return {bucket.start: bucket for bucket in buckets(starts, answer.window, cut, frame)}


def _most(values: Sequence[Value]) -> float | None:
    return max((abs(value) for value in values if isinstance(value, int | float)), default=None)


KIND = WidgetKind(
    name="table", label="Table", icon="table_rows", about="Figures in rows: sorted, with totals, changes and bars.",
    size=(4, 4), smallest=(3, 3), Spec=TableSpec, questions=questions, draw=draw,
)  # fmt: skip
