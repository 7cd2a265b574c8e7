"""The whole interface where the application stands below a path of a host."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import expect

from issue_insight.settings import Settings
from issue_insight.testing.live import live
from tests.e2e.people import People
from tests.e2e.world import World


@pytest.fixture
def served(
    settings: Settings, app: Flask, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The application below `/tracker`."""
    del app  # for its empty database
    changed = settings.model_copy(update={"path_prefix": "/tracker", "log_level": "error"})
    with live(changed, tmp_path_factory.mktemp("below")) as server:
        yield f"http://{server.address[0]}:{server.address[1]}/tracker"


def test_pages_links_files_and_live_updates_stay_below_it(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    page = people.sign_in("admin", "Ada").go("")
    page.get_by_role("link", name="The lamp flickers").first.click()
    expect(page).to_have_url(f"{people.origin}/issues?open={key}")
    page.goto(f"{people.origin}/issues/{key}")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_attached()
    note = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"It hums as well.\n"}
    page.get_by_role("region", name="Files").locator("input[type=file]").set_input_files(note)
    expect(page.get_by_role("button", name="Download note.txt")).to_be_visible()
    world.change(key, title="The lamp is dark")
    expect(page.get_by_role("heading", name="The lamp is dark")).to_be_visible()
    for place, address in {"Board": "board", "Insights": "insights", "People": "people"}.items():
        page.get_by_role("link", name=place, exact=True).first.click()
        expect(page).to_have_url(f"{people.origin}/{address}")
        expect(page.get_by_role("heading", name=place, level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()
