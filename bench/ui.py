"""`make bench-ui`: how smooth is the list under the hands, and what does Lighthouse say?

    python -m bench.ui                          # 100,000 issues; Lighthouse sees 10,000
    SIZE=20000 REUSE=1 python -m bench.ui --only scrolling --only interactions

The built frontend on the real server in Chromium, without a graphics card. First load: what comes
over the network, in an empty cache, until the list is there. Scrolling: long tasks, dropped frames,
rows in the page. Interactions: from the key or press to the next paint (the browser's own Event
Timing), the processor four times slower. Lighthouse: the median of several audits. Everything
shares one machine, whose load is printed; the time that the page's main thread was at work (`busy`)
hardly depends on it.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import urllib3
from playwright.sync_api import BrowserContext, Page, Request, sync_playwright
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from bench.instance import loaded, served
from issue_insight.settings import Settings
from issue_insight.testing.live import free_port

AUDITED = 10_000
"""With how many issues Lighthouse looks at the list."""
LIGHTHOUSE = "lighthouse@13"
SLOWER = 4
PERSON = {"email": "bench@example.org", "name": "Bench", "role": "maintainer"}
PARTS = ("scrolling", "interactions", "first-load", "lighthouse")
AUDITS = 3
"""How often Lighthouse looks; the median of each figure is told."""
WHEELS, WHEEL_PIXELS, WHEEL_MS = 120, 500, 25

_WATCH = """() => {
    window.seen = { frames: [], tasks: [], events: [], rows: 0 };
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) seen.tasks.push(one.duration);
    }).observe({ type: 'longtask' });
    new PerformanceObserver((list) => {
        for (const one of list.getEntries())
            if (one.interactionId) seen.events.push([one.interactionId, one.duration]);
    }).observe({ type: 'event', durationThreshold: 16 });
    let before = performance.now();
    const frame = (now) => {
        seen.frames.push(now - before);
        before = now;
        seen.rows = Math.max(seen.rows, document.querySelectorAll('[aria-rowindex]').length);
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""
_FORGET = "() => Object.assign(seen, { frames: [], tasks: [], events: [], rows: 0 })"
_AT = "[...document.querySelectorAll('[aria-rowindex]')].at(-1).ariaRowIndex"


def main() -> None:
    """Load, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; repeatable")
    parser.add_argument("--audits", type=int, default=AUDITS, help="how often Lighthouse looks")
    asked = parser.parse_args()
    parts = asked.only or PARTS
    issues = int(os.environ.get("SIZE", "100000"))
    reuse = os.environ.get("REUSE") == "1"
    home = Path(os.environ.get("BENCH_DIR", ".data/bench-ui")).resolve()
    console = Console(width=None if os.isatty(1) else 110)
    if not reuse:
        shutil.rmtree(home, ignore_errors=True)
    try:
        if {"scrolling", "interactions"} & {*parts}:
            with _list(home / str(issues), issues, console) as (_, context):
                page = context.new_page()
                page.goto("/issues")
                page.locator("[data-row-link]").first.wait_for()
                page.evaluate(_WATCH)
                slowing = context.new_cdp_session(page)
                slowing.send("Performance.enable", {"timeDomain": "threadTicks"})
                if "scrolling" in parts:
                    _show_scrolling(page, slowing.send, issues, console)
                if "interactions" in parts:
                    _show_interactions(page, slowing.send, issues, console)
        if {"first-load", "lighthouse"} & {*parts}:
            with _list(home / str(AUDITED), AUDITED, console) as (port, context):
                if "first-load" in parts:
                    _show_first_load(context, console)
                if "lighthouse" in parts:
                    _show_audits(context, port, asked.audits, console)
    finally:
        if not reuse:
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _list(directory: Path, issues: int, console: Console) -> Iterator[tuple[int, BrowserContext]]:
    """Serve so many issues to a browser in which a maintainer has signed in.

    Yields the port of its debugger as well. Local sign-in keeps who one is in the page's storage.
    """
    browser = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    if browser is None:
        raise SystemExit("error: There is no Chromium: run `make chromium`, or set CHROMIUM.")
    with ExitStack() as stack:
        postgres = stack.enter_context(loaded(directory, issues, console))
        settings = Settings(
            _env_file=None,
            environment="development",
            local_sign_in=True,
            database_url=postgres.url(),
            data_dir=directory,
            secret_key=SecretStr("only for measuring"),
            log_level="error",
        )
        if not (settings.frontend_dir / "index.html").is_file():
            raise SystemExit("error: The frontend is not built: run `make frontend`.")
        origin = f"http://127.0.0.1:{stack.enter_context(served(settings, directory)).port}"
        made = urllib3.request("POST", f"{origin}/api/v1/sign-in/local", json=PERSON, timeout=30)
        if made.status >= 400:
            raise SystemExit(f"error: signing in: {made.status} {made.data.decode()}")
        port = free_port()
        playwright = stack.enter_context(sync_playwright())
        context = playwright.chromium.launch_persistent_context(
            stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)),
            executable_path=browser,
            args=[f"--remote-debugging-port={port}", "--disable-gpu", "--disable-quic"],
            chromium_sandbox=False,
            viewport={"width": 1440, "height": 900},
            base_url=origin,
        )
        stack.callback(context.close)
        page = context.pages[0]
        page.goto("/issues")
        page.evaluate("who => localStorage.setItem('local-sign-in', JSON.stringify(who))", PERSON)
        page.reload()
        page.locator("[data-row-link]").first.wait_for()
        yield port, context


Slowing = Callable[[str, dict[str, Any]], Any]


def _slow_down(send: Slowing, times: int) -> None:
    send("Emulation.setCPUThrottlingRate", {"rate": times})


def _busy(send: Slowing) -> float:
    """Return the processor time of the page's main thread, in seconds."""
    figures = send("Performance.getMetrics", {})["metrics"]
    return next(float(one["value"]) for one in figures if one["name"] == "TaskDuration")


def _show_scrolling(page: Page, send: Slowing, issues: int, console: Console) -> None:
    table = Table(title=f"Scrolling, {issues:,} issues ({_load()})")
    for head in ("processor", "rows passed", "rows in page", "long tasks", "longest", "frames"):
        table.add_column(head, justify="right")
    for head in ("dropped", "busy"):
        table.add_column(head, justify="right")
    for times in (1, SLOWER):
        _slow_down(send, times)
        page.locator("[data-row-link]").first.hover()
        page.evaluate(_FORGET)
        before, first = _busy(send), int(page.evaluate(_AT))
        for _ in range(WHEELS):
            page.mouse.wheel(0, WHEEL_PIXELS)
            page.wait_for_timeout(WHEEL_MS)
        page.wait_for_timeout(500)
        seen = page.evaluate("() => seen")
        passed = int(page.evaluate(_AT)) - first
        dropped = sum(max(0, round(frame * 60 / 1000) - 1) for frame in seen["frames"])
        table.add_row(
            f"{times}x slower" if times > 1 else "as it is",
            str(passed),
            str(seen["rows"]),
            str(len(seen["tasks"])),
            f"{max(seen['tasks'], default=0):.0f} ms",
            str(len(seen["frames"])),
            f"{dropped / (dropped + len(seen['frames'])):.1%}",
            f"{(_busy(send) - before) * 1e5 / passed:.0f} ms a 100 rows",
        )
    _slow_down(send, 1)
    console.print(table)


def _show_interactions(page: Page, send: Slowing, issues: int, console: Console) -> None:
    table = Table(title=f"To the next paint, {SLOWER}x slower, {issues:,} issues ({_load()})")
    table.add_column("what")
    for head in ("times", "median", "worst", "long tasks", "busy"):
        table.add_column(head, justify="right")
    page.goto("/issues")
    page.locator("[data-row-link]").first.wait_for()
    page.evaluate(_WATCH)
    page.locator("[data-row-link]").first.focus()
    _slow_down(send, SLOWER)

    def keys(pressed: Sequence[str]) -> list[Callable[[], None]]:
        return [partial(page.keyboard.press, key) for key in pressed]

    def choices(kind: Literal["radio", "checkbox"], *names: str) -> list[Callable[[], None]]:
        dialog = page.get_by_role("dialog", name="Display")
        boxes = [dialog.get_by_role(kind, name=name, exact=True) for name in names]
        # The box of a radio is out of sight: its label is pressed.
        presses = [box.locator("..").click for box in boxes]
        opened = page.get_by_role("button", name="Display").click
        return [opened, *presses, partial(page.keyboard.press, "Escape")]

    for what, steps, before in (
        ("j, k", keys("jjjjjjjjjjjjkkkkkk"), None),
        ("x", keys("xxxxxxxx"), None),
        ("Enter, Escape: the panel", keys(["Enter", "Escape"] * 4), None),
        ("Display, density", choices("radio", "Compact", "Comfortable") * 2, None),
        ("Display, a column", choices("checkbox", "Reporter", "Reporter") * 2, None),
        ("typing in the filter", keys("flicker lamp"), "/"),
    ):
        if before:
            page.keyboard.press(before)
            page.wait_for_timeout(500)
        page.evaluate(_FORGET)
        busy = _busy(send)
        for step in steps:
            step()
            page.wait_for_timeout(250)
        page.wait_for_timeout(1000)
        seen = page.evaluate("() => seen")
        longest = _by_interaction(seen["events"])
        # What took less than 16 ms the browser does not tell.
        durations = sorted(longest + [16] * max(0, len(steps) - len(longest)))
        table.add_row(
            what,
            str(len(steps)),
            f"{statistics.median(durations):.0f} ms",
            f"{durations[-1]:.0f} ms",
            str(len(seen["tasks"])),
            f"{(_busy(send) - busy) * 1000 / len(steps):.0f} ms each",
        )
    _slow_down(send, 1)
    console.print(table)


def _by_interaction(events: Sequence[tuple[int, float]]) -> list[float]:
    """Return the longest event of every interaction: down, press and up belong together."""
    longest: dict[int, float] = {}
    for interaction, duration in events:
        longest[interaction] = max(longest.get(interaction, 0), duration)
    return list(longest.values())


def _show_first_load(context: BrowserContext, console: Console) -> None:
    page = context.pages[0]
    context.new_cdp_session(page).send("Network.clearBrowserCache")
    requests: list[Request] = []

    def note(request: Request) -> None:
        requests.append(request)

    page.on("requestfinished", note)
    page.reload()
    page.locator("[data-row-link]").first.wait_for()
    page.wait_for_timeout(1000)
    kinds: dict[str, list[int]] = {}
    for request in tuple(requests):
        kinds.setdefault(request.resource_type, []).append(request.sizes()["responseBodySize"])
    page.remove_listener("requestfinished", note)
    table = Table(title="First load of the list, as it comes over the network")
    table.add_column("what")
    for head in ("requests", "kB"):
        table.add_column(head, justify="right")
    for kind, sizes in sorted(kinds.items(), key=lambda one: -sum(one[1])):
        table.add_row(kind, str(len(sizes)), f"{sum(sizes) / 1000:.1f}")
    console.print(table)


FIGURES = (
    "first-contentful-paint",
    "largest-contentful-paint",
    "total-blocking-time",
    "speed-index",
    "cumulative-layout-shift",
)


def _show_audits(context: BrowserContext, port: int, times: int, console: Console) -> None:
    page = context.pages[0]
    # Storage stays, for it holds who has signed in; files come anew, as to somebody new.
    network = context.new_cdp_session(page)
    table = Table(title=f"Lighthouse, {AUDITED:,} issues, median of {times} ({_load()})")
    table.add_column("as")
    for head in ("performance", "accessibility", "FCP", "LCP", "TBT", "Speed Index", "CLS"):
        table.add_column(head, justify="right")
    faults: dict[str, None] = {}
    for name, options in (("desktop", ["--preset=desktop"]), ("phone", [])):
        reports = []
        for _ in range(times):
            network.send("Network.clearBrowserCache")
            reports.append(_audit(page.url, port, options))
        scores = {
            part: [round(report["categories"][part]["score"] * 100) for report in reports]
            for part in ("performance", "accessibility")
        }
        table.add_row(
            name,
            _median(scores["performance"]),
            _median(scores["accessibility"]),
            *(_figure(report["audits"][figure] for report in reports) for figure in FIGURES),
        )
        faults |= dict.fromkeys(
            f"{name}: {audit['title']} {audit.get('displayValue', '')}".rstrip()
            for audit in reports[-1]["audits"].values()
            if audit.get("score") is not None and audit["score"] < 0.9
        )
    console.print(table)
    for fault in faults:
        console.print(f"  {fault}", style="dim")


def _median(scores: Sequence[int]) -> str:
    """Return the median, and all of them where they differ."""
    median = f"{statistics.median_low(scores)}"
    return median if len(set(scores)) == 1 else f"{median} of {', '.join(map(str, scores))}"


def _figure(audits: Iterable[dict[str, Any]]) -> str:
    """Return the figure that stands in the middle, as Lighthouse writes it."""
    ordered = sorted(audits, key=lambda audit: float(audit["numericValue"]))
    return str(ordered[(len(ordered) - 1) // 2]["displayValue"]).replace("\xa0", " ")


def _audit(url: str, port: int, options: list[str]) -> dict[str, Any]:
    """Let Lighthouse look at a page in the running browser, without signing out first."""
    done = subprocess.run(  # noqa: S603 (our own words)
        [
            *("npx", "--yes", LIGHTHOUSE, url, f"--port={port}", "--disable-storage-reset"),
            *("--only-categories=performance,accessibility", "--output=json", "--quiet"),
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"error: Lighthouse: {done.stderr.strip()}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


if __name__ == "__main__":
    main()
