"""Signing in by Clerk: its real scripts and components, against a stand-in of its API."""

import base64
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect
from pydantic import SecretStr
from sqlalchemy import Engine

from issue_insight.settings import Settings
from issue_insight.testing.live import environment_of, free_port, live
from issue_insight.testing.tokens import Issuer
from tests.e2e.clerk_stand_in import USER, ClerkStandIn
from tests.e2e.npm import package
from tests.e2e.people import People, Window

# What Clerk serves, as npm has it. The versions are pinned: the stand-in speaks to these.
PACKAGES = {"clerk-js": "6.40.0", "ui": "1.34.0"}
PROXY = "/__clerk"


@pytest.fixture(scope="session")
def packages(repository: Path) -> dict[str, Path]:
    """The folders of Clerk's built scripts, fetched once into `build/`."""
    return {
        name: package(f"@clerk/{name}", version, repository) / "dist"
        for name, version in PACKAGES.items()
    }


@dataclass
class Signing:
    """An application that takes Clerk's tokens, Clara's Clerk, and her window."""

    clerk: ClerkStandIn
    people: People
    window: Window
    settings: Settings

    @property
    def page(self) -> Page:
        return self.window.page

    def sign_in(self, password: str) -> None:
        """Fill in Clerk's form."""
        self.page.get_by_label("Email address").fill(self.clerk.email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Continue", exact=True).click()


@pytest.fixture
def clara(
    browser: Browser,
    settings: Settings,
    app: Flask,
    clean_database: Engine,
    packages: dict[str, Path],
    tmp_path: Path,
) -> Iterator[Signing]:
    """Clara at an application with Clerk, not signed in yet."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with Issuer() as issuer:
        clerk = ClerkStandIn(issuer, origin, token_seconds=20)
        issuer.people[USER] = clerk.user()
        host = urlsplit(issuer.name).netloc
        key = base64.b64encode(f"{host}$".encode()).decode().rstrip("=")
        configured = issuer.settings(
            settings,
            authorized_parties=(origin,),
            clerk_publishable_key=f"pk_live_{key}",
            clerk_proxy_url=PROXY,
            clerk_js_url="/clerk-js/clerk.browser.js",
            clerk_secret_key=SecretStr("sk_live_standin"),
            clerk_api_url=issuer.url,
            log_level="error",
        )

        def answer(route: Route) -> None:
            path = urlsplit(route.request.url).path
            if "/v1/" in path:
                status, body = clerk.answer(
                    route.request.method, route.request.url, route.request.post_data or ""
                )
                route.fulfill(status=status, json=body)
            else:
                folder = packages["clerk-js" if "clerk-js" in path else "ui"]
                route.fulfill(path=folder / path.rpartition("/")[2])

        with (
            live(configured, tmp_path, port),
            People(browser, origin, (origin,)) as people,
        ):
            window = people.window()
            window.name = "Clara"
            window.context.route(f"{origin}{PROXY}/**", answer)
            window.context.route(f"{origin}/clerk-js/**", answer)
            window.go("/issues")
            yield Signing(clerk, people, window, configured)
            people.assert_clean()


def test_clara_signs_in_works_and_signs_out(clara: Signing, repository: Path) -> None:
    page = clara.page
    clara.window.expect_refusals(422)
    clara.sign_in("not her password")
    # Of a first wrong password Clerk says nothing: it asks again, on a page of its own.
    expect(page.get_by_role("heading", name="Enter your password")).to_be_visible()
    page.get_by_label("Password", exact=True).fill("not hers either")
    page.get_by_role("button", name="Continue", exact=True).click()
    expect(page.get_by_text("Password is incorrect").first).to_be_visible()
    page.get_by_label("Password", exact=True).fill(clara.clerk.password)
    page.get_by_role("button", name="Continue", exact=True).click()

    # The first sight of somebody makes them a reporter; the role is ours, not the token's.
    expect(page.get_by_role("heading", name="Issues", level=1)).to_be_visible()
    expect(page.get_by_text("Reporter")).to_be_visible()
    expect(page.get_by_role("link", name="People")).to_have_count(0)

    flask = repository / ".venv" / "bin" / "flask"
    subprocess.run(
        [flask, "--app", "wsgi", "roles", "grant", clara.clerk.email, "admin"],
        env={**os.environ, **environment_of(clara.settings)},
        cwd=repository,
        check=True,
    )
    # Who one is outlives the page, and the role is read anew.
    page.reload()
    expect(page.get_by_text("Admin", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="People")).to_be_visible()

    # A token of short life is followed by another, and calls go on with that.
    held = clara.clerk.tokens[-1]
    with page.expect_response(lambda answer: "/tokens" in answer.url, timeout=60_000):
        pass
    assert clara.clerk.tokens[-1] != held
    with page.expect_request(lambda request: "/api/v1/issues" in request.url) as asked:
        page.get_by_label("Filter issues").fill("status:open")
    newer = clara.clerk.tokens[clara.clerk.tokens.index(held) + 1 :]
    assert asked.value.headers["authorization"].removeprefix("Bearer ") in newer

    page.get_by_role("button", name="Open user menu").click()
    page.get_by_text("Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in to Issue Insight")).to_be_visible()
    assert clara.clerk.session is None


def test_where_clerk_does_not_load_one_is_told_and_can_try_again(clara: Signing) -> None:
    page = clara.page
    expect(page.get_by_role("heading", name="Sign in to Issue Insight")).to_be_visible()
    clara.window.expect_failures("ERR_FAILED", "Clerk")
    page.route("**/clerk-js/**", lambda route: route.abort())
    page.reload()
    expect(page.get_by_text("Sign-in cannot be reached")).to_be_visible()
    page.unroute("**/clerk-js/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Sign in to Issue Insight")).to_be_visible()
