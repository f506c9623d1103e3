"""The demo's live view: a picture of `DemoState` in rich."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.demo.state import DemoState
from fieldline.moments import iso

_COLOURS = {"active": "green", "idle": "green", "degraded": "red", "stopped": "dim"}


def picture(state: DemoState, headline: str) -> RenderableType:
    """The whole view."""
    fields: list[RenderableType] = [_fields(state), Text()] if state.fields() else []
    return Panel(
        Group(_lines(state), Text(), *fields, _numbers(state), Text(), _stages(state)),
        title=f"Fieldline demo · {headline}",
    )


def _lines(state: DemoState) -> Table:
    # 80 columns have room for all of it with lines named in full.
    table = Table(expand=True, box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("line", no_wrap=True)
    for name in ("kW", "kWh today", "good", "rejects", "OEE 1h", "product", "kWh/good"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in state.lines():
        table.add_row(
            line.line,
            _number(line.power_kw, 1),
            _number(line.energy_kwh, 2),
            _number(line.good, 0),
            _number(line.rejects, 0),
            "-" if line.oee is None else f"{100.0 * line.oee:.1f} %",
            line.product or "-",
            _number(line.kwh_per_good, 3),
        )
    if not table.row_count:
        table.add_row("the first minute of the plant is on its way", *[""] * 7)
    return table


def _fields(state: DemoState) -> Table:
    table = Table(expand=True, box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("field, mm", no_wrap=True)
    for name in ("ET", "water", "lacks", "short at"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("advice", no_wrap=True)
    for field in state.fields():
        numbers = (field.taken_mm, field.water_mm, field.lacks_mm, field.short_from_mm)
        table.add_row(field.field, *(_number(number, 1) for number in numbers), field.advice or "-")
    return table


def _numbers(state: DemoState) -> Table:
    lag = {
        stage: sum(each.lag for each in state.lags if each.stage == stage)
        for stage in dict.fromkeys(each.stage for each in state.lags)
    }
    total, rates = state.totals.get, state.rates.get
    plant = iso(state.plant_ns // 60_000_000_000 * 60_000_000_000)[:16].replace("T", " ") if state.plant_ns else "-"
    pairs = [
        _pair("plant time", plant),
        _pair("received", f"{total('received', 0):,.0f}"),
        _pair("readings/s", f"{rates('received', 0):,.0f}"),
        _pair("results stored", f"{total('rows_stored', 0):,.0f}"),
        _pair("duplicates", f"{state.fates.get('duplicate', 0):,}"),
        _pair("too late", f"{state.fates.get('late', 0):,}"),
        _pair("dead letters", f"{state.dead_letters:,}"),
        _pair("lag", ", ".join(f"{stage.removeprefix('deliver.')} {count}" for stage, count in lag.items())),
    ]
    table = Table.grid(expand=True, padding=(0, 2))
    for _ in range(2):
        table.add_column(ratio=1)
    for left, right in zip(pairs[0::2], pairs[1::2], strict=True):
        table.add_row(left, right)
    return table


def _stages(state: DemoState) -> Text:
    text = Text()
    for health in state.healths:
        text.append(f"{health.stage} ", style="bold")
        text.append(str(health.state), style=_COLOURS.get(str(health.state), "yellow"))
        text.append(f" {health.reason}   " if str(health.state) == "degraded" else "   ")
    return text


def _pair(name: str, value: str) -> Text:
    return Text.assemble((f"{name} ", "dim"), (value, "bold"))


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:,.{decimals}f}"
