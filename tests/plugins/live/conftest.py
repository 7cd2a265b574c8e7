"""A served application that all tests of a module share, and people who listen to it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask

from issue_insight.serving import Server
from issue_insight.settings import Settings
from issue_insight.testing.live import live
from tests.plugins.issues.conftest import Caller, admin, maintainer, person, reporter, web
from tests.plugins.live.listening import Listener

__all__ = ["admin", "maintainer", "person", "reporter", "web"]


@pytest.fixture(scope="session")
def live_settings(settings: Settings) -> Settings:
    """Settings whose bounds a test can reach."""
    return settings.model_copy(update={"live_heartbeat_seconds": 0.3, "live_streams_per_user": 3})


@pytest.fixture(scope="module")
def served(
    live_settings: Settings,
    _app: Flask,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """The application in a process of its own; each test begins with an empty database."""
    with live(live_settings, tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture
def listen(served: Server, app: Flask) -> Iterator[Callable[..., Listener]]:
    """Opens streams: each call another one, for a person, by a filter; all are left at the end."""
    with ExitStack() as stack:

        def begin(who: Caller, q: str = "", **options: Any) -> Listener:
            return stack.enter_context(Listener(served, who.who.token, q, **options))

        yield begin
