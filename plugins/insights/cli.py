"""`flask insights`: metrics in the terminal, and the facts that they are computed from."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.table import Table

from issue_insight.auth.principal import system
from issue_insight.db import unit_of_work
from issue_insight.errors import Invalid, NotFound
from plugins.insights import services
from plugins.insights.fields import By, Calendar
from plugins.insights.policy import READ
from plugins.insights.table import METRICS
from plugins.issues.api import READ as READ_ISSUES
from plugins.issues.api import SEE_ALL, parse_as_of, rebuild_facts, verify_facts

_BARS = " ▁▂▃▄▅▆▇█"
_LENGTHS = ((86_400, "d"), (3_600, "h"), (60, "min"))


class _Metrics(AppGroup):
    """Takes the name of any metric for a command."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command of the group, else that which prints the metric of the name."""
        found = super().get_command(ctx, name)
        if found is not None or name not in METRICS:
            return found
        return click.Command(
            name,
            params=list(_OPTIONS),
            callback=_with_context(name),
            help=METRICS[name].definition,
            short_help=METRICS[name].title,
        )

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the metrics, then what else there is."""
        return [*METRICS, *super().list_commands(ctx)]


insights = _Metrics("insights", help="Metrics of the flow of issues, as the API gives them.")

_DAY = click.DateTime(["%Y-%m-%d"])
_OPTIONS: tuple[click.Parameter, ...] = (
    click.Option(["--q"], default="", help="A filter, as for lists."),
    click.Option(["--from", "first"], type=_DAY, help="A day of the first bucket."),
    click.Option(["--to", "last"], type=_DAY, help="A day of the last bucket."),
    click.Option(["--bucket"], type=click.Choice(["day", "week", "month"])),
    click.Option(["--as-of"], help="As of this instant, or the end of this day."),
    click.Option(["--by"], type=click.Choice([by.value for by in By]), help="Split by this."),
    click.Option(
        ["--calendar"],
        type=click.Choice([calendar.value for calendar in Calendar]),
        default=Calendar.ALL.value,
        help="With business, durations leave out the days off.",
    ),
    click.Option(["--json", "as_json"], is_flag=True, help="Print what the API answers."),
)


def _with_context(name: str) -> Any:
    def run(**options: Any) -> None:
        # As Flask's own commands have it: the application's context around them.
        click.get_current_context().invoke(_in_app(name, options))

    return run


def _in_app(name: str, options: Mapping[str, Any]) -> Any:
    from flask.cli import with_appcontext

    return with_appcontext(lambda: _print(name, **options))


def _print(
    name: str,
    *,
    q: str,
    first: datetime | None,
    last: datetime | None,
    bucket: Any,
    as_of: str | None,
    by: str | None,
    calendar: str,
    as_json: bool,
) -> None:
    settings = current_app.extensions["issue_insight"].settings
    principal = system("job", frozenset({READ.name, READ_ISSUES.name, SEE_ALL.name}))
    try:
        instant = parse_as_of(as_of, settings.zone)
        with unit_of_work() as session:
            answer = services.answer(
                session,
                principal,
                settings.zone,
                name,
                q=q,
                first=first and first.date(),
                last=last and last.date(),
                pieces=bucket,
                as_of=instant,
                by=By(by) if by else None,
                calendar=Calendar(calendar),
                days_off=settings.days_off,
            )
    except (Invalid, NotFound) as error:
        said = str(error)
        more = (fault for fault in getattr(error, "errors", ()) if fault.detail not in said)
        faults = "; ".join(f"{fault.pointer} {fault.detail}" for fault in more)
        raise click.ClickException(f"{said}{f' ({faults})' if faults else ''}") from error
    if as_json:
        click.echo(json.dumps(answer, default=_plain, indent=2))
        return
    _show(answer)


def _show(answer: Mapping[str, Any]) -> None:
    at_terminal = sys.stdout.isatty()
    # Whoever takes the text elsewhere gets whole lines.
    console = Console(
        highlight=False, width=None if at_terminal else 240, soft_wrap=not at_terminal
    )
    console.print(f"{answer['title']}: {answer['q'] or 'all issues'}", markup=False)
    console.print(
        f"{answer['considered']} issues, as of {answer['as_of']:%Y-%m-%d %H:%M} UTC, "
        f"days of {answer['time_zone']}",
        markup=False,
    )
    for together in _tables(answer["series"]):
        if all(len(series["points"]) <= 1 for series in together):
            console.print(_by_group(together))
        else:
            _show_course(console, together)
    console.print(answer["definition"], style="dim", markup=False)


def _tables(series: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return the series by the table in which they stand: single numbers together, then courses.

    Courses of one table have a place in common and, where there are groups, one measure.
    """
    tables: list[tuple[set[str], list[Mapping[str, Any]]]] = []
    for one in series:
        places = {point["at"] for point in one["points"]}
        for known, table in tables:
            alone = len(places) <= 1 and len(known) <= 1
            alike = one["group"] is None or one["measure"] == table[0]["measure"]
            if alone or (places & known and alike):
                table.append(one)
                break
        else:
            tables.append((places, [one]))
    return [table for _, table in tables]


def _show_course(console: Console, series: Sequence[Mapping[str, Any]]) -> None:
    """Print series by place: a row for each, and each as a row of bars below."""
    values = [{_place(p): p["value"] for p in one["points"]} for one in series]
    places = list(dict.fromkeys(place for of in values for place in of))
    grouped = len(series) > 1 and series[0]["group"] is not None
    table = _table(
        [one["group"] if grouped else one["name"] for one in series],
        first=series[0]["measure"] if grouped else "",
    )
    for place in places:
        cells = [
            _number(of.get(place), one["unit"]) for of, one in zip(values, series, strict=True)
        ]
        table.add_row(place, *cells)
    console.print(table)
    for one, of in zip(series, values, strict=True):
        console.print(f"{_chart([of.get(place) for place in places])}  {one['name']}")


def _place(point: Mapping[str, Any]) -> str:
    """Return where a point stands: by the issue that it is, where it is one."""
    return str(point.get("issue") or point["at"])


def _by_group(series: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of single numbers: a row for each group, a column for what is measured."""
    measures = list(dict.fromkeys(one["measure"] for one in series))
    table = _table(measures)
    rows: dict[Any, dict[str, str]] = {}
    for one in series:
        value = one["points"][0]["value"] if one["points"] else None
        rows.setdefault(one["group"], {})[one["measure"]] = _number(value, one["unit"])
    for group, cells in rows.items():
        table.add_row(group or "", *(cells.get(measure, "") for measure in measures))
    return table


def _table(heads: Iterable[str], first: str = "") -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    for head in heads:
        table.add_column(head, justify="right")
    return table


def _chart(values: list[float | None]) -> str:
    """Return the values as a row of bars; where there is none, a space."""
    top = max((abs(value) for value in values if value), default=0) or 1
    return "".join(
        " " if value is None else _BARS[1 + round(abs(value) / top * (len(_BARS) - 2))]
        for value in values
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "seconds":
        for length, name in _LENGTHS:
            if value >= length:
                return f"{value / length:,.1f} {name}"
        return f"{value:,.0f} s"
    return f"{value:.0%}" if unit == "ratio" else f"{value:,}"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} is not for JSON")


@insights.command("rebuild")
def rebuild() -> None:
    """Make the facts anew that metrics are computed from, and the packs of issues."""
    from plugins.insights import packing

    with unit_of_work() as session:
        for facts in rebuild_facts(session):
            click.echo(f"{facts.table}: {facts.rows} rows made from the event log.")
        click.echo(f"issue_packs: {packing.rebuild(session).packs} packs made.")


@insights.command("verify")
def verify() -> None:
    """Compare the facts with the event log, and packs with issues; exit with 1 if they differ."""
    from plugins.insights import packing

    with unit_of_work() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        found = verify_facts(session)
        packs = packing.verify(session)
    for facts in found:
        click.echo(f"{facts.table}: {facts.rows} rows, {facts.wrong} not what the event log says.")
    click.echo(f"{packs.table}: {packs.rows} packs, {packs.wrong} not what the issues are.")
    if any(facts.wrong for facts in (*found, packs)):
        click.echo("`flask insights rebuild` makes them anew.")
        sys.exit(1)
