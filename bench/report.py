"""The figures of a run: a table for the terminal, a file for whoever compares."""

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from bench.insights import PLAIN, SCREEN
from bench.load import Measured
from bench.statements import Explained

HERE = Path(__file__).parent
LATEST, PLANS = HERE / "latest.json", HERE / "latest-plans.txt"
CLIENTS = (1, 16)


@dataclass(slots=True)
class Figures:
    """What was measured of one operation, a figure for each round."""

    http: dict[int, list[Measured]] = field(default_factory=lambda: {c: [] for c in CLIENTS})
    sql: dict[int, list[float]] = field(default_factory=lambda: {c: [] for c in CLIENTS})
    """Transactions a second of the same SQL; empty where there is none."""
    cpu_us: list[float] = field(default_factory=list)
    """Time of the server's processors for one request, at 16 clients."""

    def rate(self, clients: int) -> float | None:
        """Return requests a second; None where so many clients were not tried."""
        return _median([one.rate for one in self.http[clients]])

    def percentile(self, name: str, clients: int) -> float | None:
        """Return `p50` or `p99` in milliseconds."""
        return _median([float(getattr(one, name)) for one in self.http[clients]])

    def sql_ratio(self, clients: int) -> float | None:
        """Return which part of the rate of the same SQL alone is reached."""
        alone, rate = _median(self.sql[clients]), self.rate(clients)
        return rate / alone if rate is not None and alone else None

    def failed(self) -> int:
        """Return how many requests were not answered well."""
        return sum(one.failed for measured in self.http.values() for one in measured)


@dataclass(frozen=True, slots=True)
class Memory:
    """The worker's resident memory in MB: at first, and after each round."""

    before: float
    rounds: list[float]


def goals(figures: dict[str, Figures], memory: Memory) -> list[tuple[str, bool, str]]:
    """Return each goal, whether it is met, and by which figure."""
    found = []
    for name in ("list", "deep_page", "search_rare", "search_common", "search_two", "list_as_of"):
        if name in figures:
            p99 = figures[name].percentile("p99", 16)
            found.append((f"{name}: p99 under 100 ms at 16 clients", p99 < 100, f"{p99:.0f} ms"))
    for name in ("create", "update"):
        if name in figures:
            p99 = figures[name].percentile("p99", 16)
            found.append((f"{name}: p99 under 50 ms at 16 clients", p99 < 50, f"{p99:.0f} ms"))
    if {"list", "list_plain"} <= figures.keys():
        times = figures["list"].rate(16) / figures["list_plain"].rate(16)
        found.append(("list: 5 times the plain view", times >= 5, f"{times:.1f} times"))
    for name in figures:
        if name.startswith("insights_") and name != PLAIN:
            p50, most = figures[name].percentile("p50", 1), 300 if name == SCREEN else 1_000
            found.append((f"{name}: p50 under {most:,} ms", p50 < most, f"{p50:.0f} ms"))
    most, grown = max(memory.rounds), memory.rounds[-1] - memory.rounds[0]
    found.append(("worker under 150 MB", most < 150, f"{most:.0f} MB"))
    found.append(("worker's memory flat after the first round", grown < 5, f"{grown:+.1f} MB"))
    return found


def to_the_log(figures: dict[str, Figures], name: str) -> float | None:
    """Return how many times as quick a metric is as the plain query over events."""
    if not name.startswith("insights_") or PLAIN not in figures:
        return None
    times = [figures[one].percentile("p50", 1) for one in (PLAIN, name)]
    return None if None in times else times[0] / times[1]


def show(
    console: Console,
    figures: dict[str, Figures],
    plans: dict[str, Explained],
    memory: Memory,
) -> None:
    """Print everything."""
    table = Table("", title="HTTP at 1 and 16 clients; the same SQL in pgbench -M prepared")
    for column in (
        *("req/s 1", "p50 ms", "p99 ms", "req/s 16", "p50 ms", "p99 ms", "CPU µs"),
        *("SQL/s 1", "SQL/s 16", "ratio 16", "to the log", "rows read", "returned", "SQL ms"),
    ):
        table.add_column(column, justify="right")
    for name, seen in figures.items():
        row = []
        for clients in CLIENTS:
            row += [_shown(seen.rate(clients))]
            row += [_shown(seen.percentile(p, clients), 1) for p in ("p50", "p99")]
        row += [_shown(_median(seen.cpu_us))]
        row += [_shown(_median(seen.sql[c])) for c in CLIENTS]
        row += [_shown(seen.sql_ratio(16), 2), _shown(to_the_log(figures, name), 1)]
        plan = plans.get(name)
        if plan is not None:
            mark = " !" if plan.wasteful else ""
            row += [f"{plan.read:,}{mark}", f"{plan.returned:,}", f"{plan.milliseconds:.2f}"]
        table.add_row(name, *row)
    console.print(table)
    console.print(
        f"! reads far more than it returns: {PLANS.relative_to(HERE.parent)}", style="dim"
    )
    for goal, met, figure in goals(figures, memory):
        console.print(f"{'met   ' if met else 'MISSED'}  {goal}: {figure}")


def keep(
    size: int, figures: dict[str, Figures], plans: dict[str, Explained], memory: Memory
) -> None:
    """Write `latest.json`, and the plans beside it."""
    LATEST.write_text(
        json.dumps(
            {
                "size": size,
                "machine": _machine(),
                "operations": {
                    name: {**_figures(seen), "to_the_log": _rounded(to_the_log(figures, name))}
                    for name, seen in figures.items()
                },
                "plans": {
                    name: {"read": plan.read, "returned": plan.returned, "pages": plan.pages}
                    for name, plan in plans.items()
                },
                "memory_mb": {"before": memory.before, "rounds": memory.rounds},
                "goals": {goal: met for goal, met, _ in goals(figures, memory)},
            },
            indent=1,
        )
    )
    PLANS.write_text(
        "\n".join(f"=== {name}\n\n" + "\n".join(plan.text) for name, plan in plans.items())
    )


def _figures(seen: Figures) -> dict[str, Any]:
    one, many = CLIENTS
    return {
        **_at(seen, many),
        "one_client": _at(seen, one),
        "cpu_us": _rounded(_median(seen.cpu_us), 0),
        "failed": seen.failed(),
    }


def _at(seen: Figures, clients: int) -> dict[str, Any]:
    return {
        "rps": _rounded(seen.rate(clients), 1),
        "p50_ms": _rounded(seen.percentile("p50", clients), 2),
        "p99_ms": _rounded(seen.percentile("p99", clients), 2),
        "sql_ratio": _rounded(seen.sql_ratio(clients)),
    }


def _median(found: list[float]) -> float | None:
    return median(found) if found else None


def _shown(figure: float | None, decimals: int = 0) -> str:
    return "" if figure is None else f"{figure:,.{decimals}f}"


def _rounded(figure: float | None, decimals: int = 3) -> float | None:
    return None if figure is None else round(figure, decimals)


def _machine() -> dict[str, Any]:
    return {
        "processors": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1024**3, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": [round(one, 1) for one in os.getloadavg()],
    }
