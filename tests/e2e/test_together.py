"""Several people on the same issue, each in a window of their own."""

from playwright.sync_api import Page, expect

from tests.e2e.people import People
from tests.e2e.world import World


def choose(page: Page, field: str, value: str) -> None:
    """Set a property of the issue that is open."""
    page.get_by_role("button", name=f"Change: {field}").click()
    page.get_by_role("option", name=value).click()


def test_of_two_titles_neither_is_lost(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    anna, bert = (people.sign_in("maintainer", name) for name in ("Anna", "Bert"))
    for window in (anna, bert):
        window.go(f"/issues/{key}").get_by_role("button", name="Edit the title").click()
    anna.page.get_by_label("Title").fill("The lamp flickers at night")
    anna.page.get_by_role("button", name="Save").click()
    expect(anna.page.get_by_role("heading", level=1)).to_have_text("The lamp flickers at night")

    bert.expect_refusals(412)
    bert.page.get_by_label("Title").fill("The lamp hums")
    bert.page.get_by_role("button", name="Save").click()
    dialog = bert.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Somebody else changed this meanwhile")
    expect(dialog).to_contain_text("The lamp flickers at night")
    expect(dialog).to_contain_text("The lamp hums")
    dialog.get_by_role("button", name="Go on editing").click()
    expect(bert.page.get_by_label("Title")).to_have_value("The lamp hums")
    bert.page.get_by_role("button", name="Save").click()
    expect(bert.page.get_by_role("heading", level=1)).to_have_text("The lamp hums")


def test_changes_of_different_fields_need_no_choice(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    window = people.sign_in("maintainer")
    window.expect_refusals(412)
    page = window.go(f"/issues/{key}")
    page.get_by_role("button", name="Edit the title").click()
    page.get_by_label("Title").fill("The lamp hums")
    world.change(key, severity="high")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp hums")
    expect(page.get_by_role("button", name="Change: Severity, High")).to_be_visible()
