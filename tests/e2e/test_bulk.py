"""Changing many at once, with a look at it before and the way back after."""

from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World


def test_many_are_changed_after_a_preview_and_changed_back(people: People, world: World) -> None:
    world.project()
    keys = [world.issue(f"Lamp {number}") for number in (1, 2, 3)]
    page = people.sign_in("maintainer").go("/issues?q=sort:created")
    page.get_by_role("link", name="Lamp 1").focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+j")
    expect(page.get_by_role("status").filter(has_text="2 selected")).to_be_visible()

    page.keyboard.press("s")
    page.get_by_role("option", name="Done").click()
    dialog = page.get_by_role("dialog", name="2 issues would change")
    for key in keys[:2]:
        expect(dialog.get_by_role("listitem").filter(has_text=key)).to_contain_text("Open → Done")
    dialog.get_by_role("button", name="Change 2 issues").click()
    expect(page.get_by_text("2 issues changed")).to_be_visible()
    statuses = [world.call("GET", f"/issues/{key}")["status"] for key in keys]
    assert statuses == ["done", "done", "open"]

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone: 2 issues")).to_be_visible()
    assert [world.call("GET", f"/issues/{key}")["status"] for key in keys] == ["open"] * 3
