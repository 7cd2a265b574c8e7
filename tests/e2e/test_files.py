"""Files of an issue, from one browser to another."""

from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World


def test_a_file_attached_by_one_is_downloaded_by_another(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    rita = people.sign_in("reporter", "Rita").go(f"/issues/{key}")
    mara = people.sign_in("maintainer", "Mara").go(f"/issues/{key}")
    expect(mara.get_by_role("status").filter(has_text="Live")).to_be_attached()

    note = {"name": "note.txt", "mimeType": "text/plain", "buffer": b"It hums as well.\n"}
    rita.get_by_role("region", name="Files").locator("input[type=file]").set_input_files(note)
    expect(rita.get_by_role("button", name="Download note.txt")).to_be_visible()
    with mara.expect_download() as download:
        mara.get_by_role("button", name="Download note.txt").click()
    assert download.value.suggested_filename == "note.txt"
    assert Path(download.value.path()).read_bytes() == b"It hums as well.\n"
