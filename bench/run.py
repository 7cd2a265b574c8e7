"""`make bench`: how quick is an instance with a million issues?

    python -m bench.run                             # 1,000,000 issues, 10,000,000 events
    SIZE=50000 REUSE=1 python -m bench.run --only list --only list_plain

The load generator, the server and PostgreSQL share the machine. Operations take turns, so that what
else the machine does meets all of them; each figure is the median of the rounds.
"""

import argparse
import http.client
import json
import os
import shutil
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import statements
from bench.insights import PLAIN, SCREEN
from bench.instance import Served, loaded, served, settings_for, token
from bench.load import press, press_together
from bench.operations import Operations, operations
from bench.report import CLIENTS, Figures, Memory, keep, show
from issue_insight.app import create_app
from issue_insight.db import unit_of_work
from issue_insight.embedded import Postgres
from plugins.insights import packing

MAINTAINER = 2
WARM_SECONDS = 0.5
WITHOUT_SQL = ("hello", "list_plain", PLAIN, SCREEN)
SLOW_SECONDS = 1.0
"""Metrics take turns for so long: what they take is mostly PostgreSQL's, and has no other."""
ALONE = (PLAIN, SCREEN)
"""What is asked by one client alone: of the one there would be sixteen at once, for a minute."""


def main() -> None:
    """Load, measure, print, and keep the figures in bench/latest.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each figure")
    parser.add_argument("--only", action="append", default=[], help="an operation; repeatable")
    parser.add_argument("--no-sql", action="store_true", help="leave pgbench out")
    asked = parser.parse_args()
    issues = int(os.environ.get("SIZE", "1000000"))
    reuse = os.environ.get("REUSE") == "1"
    directory = Path(os.environ.get("BENCH_DIR", ".data/bench")).resolve()
    console = Console(width=None if os.isatty(1) else 170)
    if not reuse:
        shutil.rmtree(directory, ignore_errors=True)
    try:
        with loaded(directory, issues, console) as postgres:
            _measure(postgres, directory, issues, asked, console)
    finally:
        if not reuse:
            shutil.rmtree(directory, ignore_errors=True)


def _measure(
    postgres: Postgres, directory: Path, issues: int, asked: argparse.Namespace, console: Console
) -> None:
    settings, bearer = settings_for(postgres, directory), token(MAINTAINER)
    with served(settings, directory) as server:
        before = server.memory_mb()
        wanted = operations(lambda path: _get(server, path, bearer), issues)
        if asked.only:
            wanted = {name: calls for name, calls in wanted.items() if name in asked.only}
        app = create_app(settings.model_copy(update={"log_level": "warning"}))
        scripts, plans = {}, {}
        for name, calls in wanted.items():
            if name in statements.WRITTEN:
                scripts[name] = [statements.WRITTEN[name]]
            elif name not in WITHOUT_SQL:
                taken = statements.taken_down(app, calls[:12], bearer)
                scripts[name] = statements.write_scripts(directory / "sql", name, taken)
                plans[name] = statements.explain(postgres, taken)
        figures = {name: Figures() for name in wanted}
        memory: list[float] = []
        for turn in range(asked.rounds):
            for clients in CLIENTS:
                for name in wanted:
                    if name in ALONE and clients != min(CLIENTS):
                        continue
                    slow = name.startswith("insights_")
                    if slow:
                        with app.app_context(), unit_of_work() as session:
                            packing.pack(session)  # as a job does each minute
                    seconds = min(asked.seconds, SLOW_SECONDS) if slow else asked.seconds
                    console.print(f"round {turn + 1}, {clients} clients: {name}", style="dim")
                    _press(server, wanted, name, bearer, clients, seconds, figures[name])
                    if name in scripts and not asked.no_sql and not slow:
                        rate = statements.pgbench(
                            postgres,
                            scripts[name],
                            clients=clients,
                            seconds=asked.seconds,
                            issues=issues,
                        )
                        figures[name].sql[clients].append(rate)
            memory.append(server.memory_mb())
        kept = Memory(before, memory)
    show(console, figures, plans, kept)
    keep(issues, figures, plans, kept)


def _press(
    server: Served,
    wanted: Operations,
    name: str,
    bearer: str,
    clients: int,
    seconds: float,
    figures: Figures,
) -> None:
    sent = [call.sent(bearer) for call in wanted[name]]
    if name == SCREEN:
        press_together(server.port, sent, seconds=WARM_SECONDS)
        figures.http[clients].append(press_together(server.port, sent, seconds=seconds))
        return
    press(server.port, sent, seconds=WARM_SECONDS, connections=clients)
    before = server.processor_seconds()
    measured = press(server.port, sent, seconds=seconds, connections=clients)
    figures.http[clients].append(measured)
    if clients == max(CLIENTS):
        used = server.processor_seconds() - before
        figures.cpu_us.append(used / measured.count * 1e6)


def _get(server: Served, path: str, bearer: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {bearer}"})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise SystemExit(f"error: {path}: {answer.status} {text}")
    found: dict[str, Any] = json.loads(text)
    return found


if __name__ == "__main__":
    main()
