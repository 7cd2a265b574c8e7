"""Saved views bring back what somebody saw: filter, order, columns, density, lanes."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.people import People
from tests.e2e.world import World


def heads(page: Page) -> list[str]:
    """Return the columns of the list, from the left."""
    return [head.strip() for head in page.get_by_role("columnheader").all_inner_texts() if head]


def display(page: Page, *choices: str) -> None:
    """Choose how the list is shown."""
    page.get_by_role("button", name="Display").click()
    dialog = page.get_by_role("dialog", name="Display")
    for choice in choices:
        dialog.get_by_label(choice, exact=True).locator("..").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def save_as(page: Page, name: str) -> None:
    """Fill in the dialog that names a view."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def test_a_view_brings_back_its_columns_order_and_density(people: People, world: World) -> None:
    world.project()
    for title in ("The lamp flickers", "The door squeaks"):
        world.issue(title)
    page = people.sign_in("maintainer", viewport={"width": 1600, "height": 800}).page
    page.get_by_role("button", name="Display").click()
    page.get_by_label("Sort by").select_option("Created")
    page.keyboard.press("Escape")
    display(page, "Compact", "Reporter", "Labels")
    shown = heads(page)
    assert "Reporter" in shown
    assert "Labels" not in shown
    row = page.get_by_role("row").nth(1)
    expect(row).to_have_css("height", "32px")
    page.get_by_role("button", name="Save as a view").click()
    save_as(page, "Newest")
    views = page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="Newest")).to_have_attribute("aria-current", "page")

    page.get_by_role("link", name="Issues", exact=True).click()
    display(page, "Comfortable", "Reporter", "Labels")
    expect(row).to_have_css("height", "40px")
    views.get_by_role("link", name="Newest").click()
    expect(row).to_have_css("height", "32px")
    assert heads(page) == shown
    assert "sort:-created" in page.url
    page.reload()
    expect(row).to_have_css("height", "32px")
    assert heads(page) == shown
    page.set_viewport_size({"width": 900, "height": 800})
    page.get_by_role("link", name="The lamp flickers").press("Enter")
    page.get_by_role("link", name="Back").click()
    expect(row).to_have_css("height", "32px")


def test_a_view_that_is_shown_otherwise_offers_to_be_saved(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers")
    page = people.sign_in("maintainer").page
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("Save as a view")
    page.get_by_role("option", name="Save as a view", exact=True).click()
    save_as(page, "Mine")
    changed = page.get_by_role("region", name="Not as “Mine” was saved")
    expect(changed).to_have_count(0)

    display(page, "Compact")
    changed.get_by_role("button", name="Reset").click()
    expect(changed).to_have_count(0)
    row = page.get_by_role("row").nth(1)
    expect(row).to_have_css("height", "40px")

    display(page, "Compact", "Due")
    changed.get_by_role("button", name="Save", exact=True).click()
    expect(changed).to_have_count(0)
    expect(page.get_by_text("View “Mine” saved")).to_be_visible()
    [view] = world.call("GET", "/views", who="maintainer", role="maintainer")["items"]
    assert view["density"] == "compact"
    assert "due" not in view["columns"]

    display(page, "Comfortable")
    changed.get_by_role("button", name="Save as a new view").click()
    save_as(page, "Roomy")
    expect(changed).to_have_count(0)
    views = page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="Roomy")).to_have_attribute("aria-current", "page")
    views.get_by_role("link", name="Mine").click()
    expect(row).to_have_css("height", "32px")


def test_who_may_not_change_a_shared_view_keeps_another_of_their_own(
    people: People, world: World
) -> None:
    world.project()
    world.issue("The lamp flickers")
    shared = {"name": "Triage", "layout": "board", "lanes": "severity", "shared": True}
    world.call("POST", "/views", **shared)
    page = people.sign_in("reporter", viewport={"width": 360, "height": 740}).page
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitemcheckbox", name="Triage").click()
    lanes = page.get_by_role("button", name="Lanes by severity")
    expect(lanes).to_have_attribute("aria-pressed", "true")
    lanes.click()
    changed = page.get_by_role("region", name="Not as “Triage” was saved")
    expect(changed.get_by_role("button")).to_have_text(["Save as a new view", "Reset"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    changed.get_by_role("button", name="Save as a new view").click()
    save_as(page, "Flat")
    expect(changed).to_have_count(0)
    expect(page).to_have_url(re.compile("lanes=none"))


def test_a_view_of_the_version_before_follows_what_one_prefers(
    people: People, world: World
) -> None:
    world.project()
    world.issue("The lamp flickers")
    world.call("POST", "/views", name="Old", q="is:open", shared=True)
    page = people.sign_in("reporter").page
    display(page, "Compact")
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Old").click()
    expect(page.get_by_role("row").nth(1)).to_have_css("height", "32px")
    expect(page.get_by_text("Not as “Old” was saved")).to_have_count(0)
    page.goto(f"{people.origin}/issues?q=is:open")
    link = page.get_by_role("link", name="Old")
    expect(link).to_have_attribute("aria-current", "page")


def test_a_filter_goes_along_from_place_to_place_and_not_to_where_one_is(
    people: People, world: World
) -> None:
    world.project()
    world.issue("The lamp flickers", severity="high")
    world.issue("A typo", severity="low")
    page = people.sign_in("maintainer").go("/issues?q=severity:high sort:-updated")
    lamp, typo = (page.get_by_role("link", name=name) for name in ("The lamp flickers", "A typo"))
    places = page.get_by_role("navigation", name="Main")
    expect(lamp).to_be_visible()

    places.get_by_role("link", name="Board").click()
    expect(page.get_by_role("heading", name="Board", level=1)).to_be_visible()
    expect(lamp).to_be_visible()
    expect(typo).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Insights", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/insights\?q=severity:high"))
    expect(page.get_by_role("heading", name="Cumulative flow")).to_be_visible()
    places.get_by_role("link", name="Issues").click()
    expect(lamp).to_be_visible()
    expect(typo).to_have_count(0)
    places.get_by_role("link", name="Issues").click()
    expect(typo).to_be_visible()
    expect(page).to_have_url(f"{people.origin}/issues")
