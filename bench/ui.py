"""`make bench-ui`: how smooth is the list under the hands, and what does Lighthouse say?

    python -m bench.ui                          # 100,000 issues; Lighthouse sees 10,000
    SIZE=20000 REUSE=1 python -m bench.ui --only scrolling --only keys

The built frontend on the real server in Chromium, without a graphics card. Scrolling: long tasks,
dropped frames, rows in the page. Keys: from the key to the next paint (the browser's own Event
Timing), the processor four times slower. Everything shares one machine, whose load is printed; the
time that the page's main thread was at work (`busy`) hardly depends on it.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import urllib3
from playwright.sync_api import BrowserContext, Page, sync_playwright
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
PARTS = ("scrolling", "keys", "lighthouse")
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
    parts = parser.parse_args().only or PARTS
    issues = int(os.environ.get("SIZE", "100000"))
    reuse = os.environ.get("REUSE") == "1"
    home = Path(os.environ.get("BENCH_DIR", ".data/bench-ui")).resolve()
    console = Console(width=None if os.isatty(1) else 110)
    if not reuse:
        shutil.rmtree(home, ignore_errors=True)
    try:
        if {"scrolling", "keys"} & {*parts}:
            with _list(home / str(issues), issues, console) as (_, context):
                page = context.new_page()
                page.goto("/issues")
                page.locator("[data-row-link]").first.wait_for()
                page.evaluate(_WATCH)
                slowing = context.new_cdp_session(page)
                slowing.send("Performance.enable", {"timeDomain": "threadTicks"})
                if "scrolling" in parts:
                    _show_scrolling(page, slowing.send, issues, console)
                if "keys" in parts:
                    _show_keys(page, slowing.send, issues, console)
        if "lighthouse" in parts:
            with _list(home / str(AUDITED), AUDITED, console) as (port, context):
                _show_audits(context, port, console)
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


def _show_keys(page: Page, send: Slowing, issues: int, console: Console) -> None:
    table = Table(title=f"Key to next paint, {SLOWER}x slower, {issues:,} issues ({_load()})")
    table.add_column("what")
    for head in ("presses", "median", "worst", "long tasks", "busy"):
        table.add_column(head, justify="right")
    page.goto("/issues")
    page.locator("[data-row-link]").first.wait_for()
    page.evaluate(_WATCH)
    page.locator("[data-row-link]").first.focus()
    _slow_down(send, SLOWER)
    for what, keys, before in (
        ("j, k", [*"jjjjjjjjjjjjkkkkkk"], None),
        ("x", [*"xxxxxxxx"], None),
        ("Enter, Escape: the panel", ["Enter", "Escape"] * 4, None),
        ("typing in the filter", [*"flicker lamp"], "/"),
    ):
        if before:
            page.keyboard.press(before)
            page.wait_for_timeout(500)
        page.evaluate(_FORGET)
        busy = _busy(send)
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(250)
        page.wait_for_timeout(1000)
        seen = page.evaluate("() => seen")
        longest = _by_interaction(seen["events"])
        # What took less than 16 ms the browser does not tell.
        durations = sorted(longest + [16] * max(0, len(keys) - len(longest)))
        table.add_row(
            what,
            str(len(keys)),
            f"{statistics.median(durations):.0f} ms",
            f"{durations[-1]:.0f} ms",
            str(len(seen["tasks"])),
            f"{(_busy(send) - busy) * 1000 / len(keys):.0f} ms a press",
        )
    _slow_down(send, 1)
    console.print(table)


def _by_interaction(events: Sequence[tuple[int, float]]) -> list[float]:
    """Return the longest event of every interaction: down, press and up belong together."""
    longest: dict[int, float] = {}
    for interaction, duration in events:
        longest[interaction] = max(longest.get(interaction, 0), duration)
    return list(longest.values())


def _show_audits(context: BrowserContext, port: int, console: Console) -> None:
    page = context.pages[0]
    # Storage stays, for it holds who has signed in; files come anew, as to somebody new.
    network = context.new_cdp_session(page)
    table = Table(title=f"Lighthouse, {AUDITED:,} issues ({_load()})")
    table.add_column("as")
    for head in ("performance", "accessibility", "FCP", "LCP", "TBT", "CLS"):
        table.add_column(head, justify="right")
    faults: list[str] = []
    for name, options in (("desktop", ["--preset=desktop"]), ("phone", [])):
        network.send("Network.clearBrowserCache")
        report = _audit(page.url, port, options)
        categories, audits = report["categories"], report["audits"]
        table.add_row(
            name,
            *(
                f"{categories[part]['score'] * 100:.0f}"
                for part in ("performance", "accessibility")
            ),
            *(
                audits[figure]["displayValue"].replace("\xa0", " ")
                for figure in (
                    "first-contentful-paint",
                    "largest-contentful-paint",
                    "total-blocking-time",
                    "cumulative-layout-shift",
                )
            ),
        )
        faults += [
            f"{name}: {audit['title']} {audit.get('displayValue', '')}".rstrip()
            for audit in audits.values()
            if audit.get("score") is not None and audit["score"] < 0.9
        ]
    console.print(table)
    for fault in faults:
        console.print(f"  {fault}", style="dim")


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
