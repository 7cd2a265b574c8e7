"""Files of an issue, from one browser to another."""

import re
from pathlib import Path

from playwright.sync_api import expect

from issue_insight.settings import Settings
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


LARGE = {
    "name": "recording.bin",
    "mimeType": "application/octet-stream",
    "buffer": b"x" * 1_500_000,
}


def test_a_large_file_goes_straight_to_an_s3_server_that_allows_the_page(
    people: People, world: World, settings: Settings
) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    page = people.sign_in("reporter").go(f"/issues/{key}")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    page.get_by_role("region", name="Files").locator("input[type=file]").set_input_files(LARGE)
    expect(page.get_by_role("button", name="Download recording.bin")).to_be_visible()
    assert any(one.startswith(f"POST {settings.public_files}") for one in sent)
    assert f"POST {people.origin}/api/v1/issues/{key}/attachments" not in sent
    [file] = world.call("GET", f"/issues/{key}/attachments")["items"]
    assert file["size"] == len(LARGE["buffer"])


def test_where_a_browser_does_not_reach_the_s3_server_a_large_file_goes_through_the_api(
    people: People, world: World, settings: Settings
) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    window = people.sign_in("reporter")
    window.expect_failures("ERR_CONNECTION_REFUSED")
    page = window.go(f"/issues/{key}")
    page.route(f"{settings.public_files}/**", lambda route: route.abort("connectionrefused"))
    page.get_by_role("region", name="Files").locator("input[type=file]").set_input_files(LARGE)
    expect(page.get_by_role("button", name="Download recording.bin")).to_be_visible()
    [file] = world.call("GET", f"/issues/{key}/attachments")["items"]
    assert file["size"] == len(LARGE["buffer"])


def test_a_large_file_that_is_called_off_on_its_way_leaves_nothing(
    people: People, world: World, settings: Settings
) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    window = people.sign_in("reporter")
    page = window.go(f"/issues/{key}")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    # The S3 server takes its time: what is called off has begun, and has not ended.
    page.route(f"{settings.public_files}/**", lambda _: None)
    files = page.get_by_role("region", name="Files")
    with page.expect_event("requestfailed", lambda one: settings.public_files in one.url) as failed:
        with page.expect_request(f"{settings.public_files}/**"):
            files.locator("input[type=file]").set_input_files(LARGE)
        files.get_by_role("button", name="Call off recording.bin").click()
    assert failed.value.failure == "net::ERR_ABORTED"
    expect(files.get_by_text("recording.bin")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("region", name="Files")).to_be_visible()
    assert world.call("GET", f"/issues/{key}/attachments")["items"] == []
    assert f"POST {people.origin}/api/v1/issues/{key}/attachments" not in sent
    assert not [one for one in sent if one.endswith("/confirm")]


def test_a_file_that_failed_is_referred_to_once_another_try_has_sent_it(
    people: People, world: World
) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    window = people.sign_in("reporter")
    window.expect_failures("ERR_CONNECTION_REFUSED")
    page = window.go(f"/issues/{key}")
    sending = f"**/api/v1/issues/{key}/attachments"
    page.route(sending, lambda route: route.abort("connectionrefused"))
    box = page.get_by_role("textbox", name="Write a comment")
    box.fill("Listen: ")
    box.evaluate(
        """area => {
            const data = new DataTransfer();
            data.items.add(new File(['hum'], 'hum.txt', { type: 'text/plain' }));
            area.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }));
        }"""
    )
    expect(page.get_by_role("alert").filter(has_text="No connection")).to_be_visible()
    page.unroute(sending)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name="Download hum.txt")).to_be_visible()
    expect(box).to_have_value(
        re.compile(r"^Listen: \[hum\.txt\]\(/api/v1/attachments/\d+/content\)$")
    )


def test_files_of_a_new_issue_survive_a_reload(people: People, world: World) -> None:
    world.project()
    page = people.sign_in("reporter").page
    page.get_by_role("button", name="New issue").click()
    dialog = page.get_by_role("dialog", name="New issue")
    dialog.get_by_label("Title").fill("The lamp hums")
    note = {"name": "hum.txt", "mimeType": "text/plain", "buffer": b"hmm"}
    dialog.locator("input[type=file]").set_input_files(note)
    expect(dialog.get_by_text("hum.txt")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="New issue").click()
    expect(dialog.get_by_label("Title")).to_have_value("The lamp hums")
    expect(dialog.get_by_text("hum.txt")).to_be_visible()
    dialog.get_by_role("button", name="Create issue").click()
    expect(page.get_by_role("button", name="Download hum.txt")).to_be_visible()
    page.get_by_role("button", name="New issue").click()
    expect(dialog.get_by_label("Title")).to_have_value("")
    expect(dialog.get_by_text("hum.txt")).to_have_count(0)


def test_a_file_that_is_refused_for_good_says_why_and_can_only_be_taken_away(
    people: People, world: World
) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    window = people.sign_in("reporter")
    window.expect_refusals(422)
    page = window.go(f"/issues/{key}")
    files = page.get_by_role("region", name="Files")
    empty = {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}
    files.locator("input[type=file]").set_input_files(empty)
    expect(files.get_by_role("alert")).to_have_text("The file is empty.")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    files.get_by_role("button", name="Call off empty.txt").click()
    expect(files.get_by_text("empty.txt")).to_have_count(0)
