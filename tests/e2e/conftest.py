"""A real browser on the served application, and what must never be seen in any of its windows.

def test_a_reporter_sees_it(people: People):
    reporter = people.sign_in("reporter")       # a window of their own
    reporter.go("/issues")
    expect(reporter.page.get_by_role("heading", name="Issues")).to_be_visible()

In every window of every test: no error in the console, nothing that the content security policy
stopped, no request to another host. A failed test leaves a picture of each window.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import Engine

from issue_insight.settings import Settings
from issue_insight.testing.live import live
from tests.e2e.people import People
from tests.e2e.world import World

PICTURES = Path(__file__).resolve().parents[2] / "build" / "e2e"
# How fast a machine is, or how busy, is no property of the code.
PATIENCE_MS = 20_000

ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, or the one that CHROMIUM names."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.fail("There is no Chromium: run `make chromium`, or set CHROMIUM to its path.")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def served(
    settings: Settings, _app: Flask, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The application in a process of its own with the built frontend; its origin."""
    if not (settings.frontend_dir / "index.html").is_file():
        pytest.fail("The frontend is not built: run `make frontend`.")
    quiet = settings.model_copy(update={"log_level": "error"})
    with live(quiet, tmp_path_factory.mktemp("served")) as server:
        host, port = server.address
        yield f"http://{host}:{port}"


@pytest.fixture
def people(
    browser: Browser, served: str, settings: Settings, clean_database: Engine
) -> Iterator[People]:
    """People in windows of their own, on an empty database; closed and looked over at the end."""
    with People(browser, served, allowed=(served, settings.public_files)) as made:
        yield made
        made.assert_clean()


@pytest.fixture
def world(people: People) -> World:
    """What a test sets up by the API before anybody looks."""
    return World(people.origin)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep a picture of every window of a test that has failed, and say where."""
    report: pytest.TestReport = yield
    given = getattr(item, "funcargs", {})
    people = given.get("people") or getattr(given.get("clara"), "people", None)
    if report.when == "call" and report.failed and people is not None:
        kept = people.take_pictures(PICTURES, item.name)
        report.sections.append(("windows", "\n".join(map(str, kept))))
    return report
