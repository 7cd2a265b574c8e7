"""Everything by keys alone."""

from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World


def test_down_the_list_into_an_issue_and_back(people: People, world: World) -> None:
    world.project()
    for title in ("Third", "Second", "First"):
        world.issue(title)
    page = people.sign_in("maintainer").go("/issues?q=sort:-created")
    expect(page.get_by_role("link", name="First")).to_be_visible()
    page.get_by_role("link", name="First").focus()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Second")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Third")).to_be_focused()
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="Second")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Second")
    page.go_back()
    expect(page.get_by_role("link", name="First")).to_be_visible()
