"""People, each in a browser window of their own, and all that went wrong in those."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
)

_STATUS = re.compile(r"the server responded with a status of (\d+)")


class Window:
    """One person's window."""

    def __init__(self, context: BrowserContext, origin: str, allowed: Sequence[str]) -> None:
        self.context = context
        self.origin = origin
        self.name = "?"
        self.faults: list[str] = []
        self._hosts = {urlsplit(url).netloc for url in allowed}
        self._refusals: set[int] = set()
        self._may_be_offline = False
        self._failures: set[str] = set()
        context.on("request", self._requested)
        context.on("console", self._said)
        context.on("weberror", self._threw)
        self.page = context.new_page()

    def go(self, path: str) -> Page:
        """Open an address of the application."""
        self.page.goto(self.origin + path)
        return self.page

    def expect_refusals(self, *statuses: int) -> None:
        """Say which refusals belong to the test: the browser tells of each as an error."""
        self._refusals |= set(statuses)

    def expect_failures(self, *failures: str) -> None:
        """Say which failures belong to the test, as the browser names them."""
        self._failures |= set(failures)

    def set_offline(self, offline: bool) -> None:
        """Take the network away, or give it back."""
        self._may_be_offline = True
        self.context.set_offline(offline)

    def _threw(self, error: WebError) -> None:
        if not any(failure in str(error.error) for failure in self._failures):
            self.faults.append(f"uncaught: {error.error}")

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc not in self._hosts:
            self.faults.append(f"a request to another host: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        status = _STATUS.search(message.text)
        if status and int(status[1]) in self._refusals:
            return
        if any(failure in message.text for failure in self._failures):
            return
        if self._may_be_offline and "net::ERR_" in message.text:
            return
        self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")


class People:
    """Everybody in a test; a context manager."""

    def __init__(self, browser: Browser, origin: str, allowed: Sequence[str]) -> None:
        self.origin = origin
        self._browser = browser
        self._allowed = allowed
        self.windows: list[Window] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for window in self.windows:
            window.context.close()

    def window(self, **options: Any) -> Window:
        """Open a window in which nobody has signed in yet."""
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"} | options
        made = Window(self._browser.new_context(**options), self.origin, self._allowed)
        made.context.set_default_timeout(20_000)
        self.windows.append(made)
        return made

    def sign_in(self, role: str = "reporter", name: str | None = None, **options: Any) -> Window:
        """Let somebody of that role sign in, by the form, in a window of their own."""
        window = self.window(**options)
        window.name = name or role.capitalize()
        page = window.go("/issues")
        page.get_by_label("E-mail address").fill(f"{window.name.lower()}@example.org")
        page.get_by_label("Name", exact=True).fill(window.name)
        page.get_by_role("radio", name=role.capitalize()).check(force=True)
        page.locator("form").get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Issues", level=1).wait_for()
        return window

    def take_pictures(self, folder: Path, test: str) -> list[Path]:
        """Keep what every window shows; return where."""
        folder.mkdir(parents=True, exist_ok=True)
        kept = []
        for window in self.windows:
            path = folder / f"{re.sub(r'[^a-z0-9]+', '-', test)}-{window.name.lower()}.png"
            window.page.screenshot(path=path)
            kept.append(path)
        return kept

    def assert_clean(self) -> None:
        """Fail if anything went wrong in any window that the test did not ask for."""
        faults = [f"{window.name}: {fault}" for window in self.windows for fault in window.faults]
        assert not faults, "\n".join(faults)
