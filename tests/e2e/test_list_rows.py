"""A long list under the hands: elements of rows are used again, for other issues."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.people import People
from tests.e2e.world import World

MANY = 120
ROWS = "[role=row][aria-rowindex]:has([data-row-link])"


def many_issues(world: World) -> list[str]:
    """Report them, and return their keys, the newest first: as `sort:-created` lists them."""
    world.project()
    return [world.issue(f"Lamp {number}") for number in range(MANY)][::-1]


def wheel(page: Page, pixels: int) -> None:
    """Scroll over the list, and wait until its rows have followed."""
    page.mouse.move(640, 400)
    page.mouse.wheel(0, pixels)
    page.wait_for_timeout(500)


def row(page: Page, key: str) -> Locator:
    """Return the row of an issue."""
    return page.locator(ROWS).filter(has=page.locator(f'[data-row-link="{key}"]'))


def shown(page: Page) -> dict[int, str]:
    """Return by their place the issues whose rows are in the page."""
    pairs = page.locator(ROWS).evaluate_all(
        "rows => rows.map(row => [+row.ariaRowIndex - 2,"
        " row.querySelector('[data-row-link]').dataset.rowLink])"
    )
    return {int(place): str(key) for place, key in pairs}


def open_list(people: People, keys: list[str]) -> Page:
    page = people.sign_in("maintainer").go("/issues?q=sort:-created")
    expect(row(page, keys[0])).to_be_visible()
    page.wait_for_timeout(500)
    return page


def test_scrolling_uses_the_elements_again_for_the_right_issues(
    people: People, world: World
) -> None:
    keys = many_issues(world)
    page = open_list(people, keys)
    wheel(page, 600)
    page.evaluate(f"document.querySelectorAll('{ROWS}').forEach(row => row.before = true)")
    wheel(page, 2000)
    assert page.evaluate(f"[...document.querySelectorAll('{ROWS}')].every(row => row.before)")
    now = shown(page)
    assert min(now.keys() - {0}) > 20
    assert now == {place: keys[place] for place in now}
    assert list(now) == sorted(now), "read out in another order than seen"


def test_the_focus_stays_with_its_issue_while_that_is_out_of_view(
    people: People, world: World
) -> None:
    keys = many_issues(world)
    page = open_list(people, keys)
    page.locator(f'[data-row-link="{keys[2]}"]').focus()
    wheel(page, 3000)
    expect(row(page, keys[2])).not_to_be_in_viewport()
    expect(page.locator(f'[data-row-link="{keys[2]}"]')).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(f'[data-row-link="{keys[3]}"]')).to_be_focused()
    expect(row(page, keys[3])).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"open={keys[3]}"))


def test_what_is_selected_is_the_issue_not_the_element(people: People, world: World) -> None:
    keys = many_issues(world)
    page = open_list(people, keys)
    page.locator(f'[data-row-link="{keys[1]}"]').focus()
    page.keyboard.press("x")
    expect(row(page, keys[1])).to_have_attribute("aria-selected", "true")
    wheel(page, 2400)
    expect(page.locator(f"{ROWS}[aria-selected=true]")).to_have_count(1)
    expect(page.locator(f"{ROWS} input:checked")).to_have_count(1)
    expect(row(page, keys[1])).to_have_attribute("aria-selected", "true")
    wheel(page, -2400)
    expect(row(page, keys[1])).to_be_in_viewport()
    expect(row(page, keys[1]).get_by_role("checkbox")).to_be_checked()


def test_a_change_of_another_shows_in_the_row_that_came_into_view(
    people: People, world: World
) -> None:
    keys = many_issues(world)
    page = open_list(people, keys)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    wheel(page, 2400)
    key = next(key for place, key in shown(page).items() if place > 50)
    world.change(key, title="The lamp is out", status="triaged")
    expect(row(page, key)).to_contain_text("The lamp is out")
    expect(row(page, key).get_by_role("img", name="Triaged")).to_be_visible()
    assert list(shown(page).values()).count(key) == 1


def test_a_tooltip_shows_on_hover_and_on_focus_by_key_and_goes(people: People) -> None:
    page = people.sign_in("reporter").page
    search = page.get_by_role("button", name=re.compile("^Search"))
    search.hover()
    expect(page.get_by_role("tooltip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    page.mouse.move(640, 500)
    search.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(search).to_be_focused()
    expect(page.get_by_role("tooltip")).to_be_visible()
    expect(search).to_have_attribute("aria-describedby", "tip")


def test_a_menu_that_was_never_open_opens_by_keys_at_its_first_item(people: People) -> None:
    page = people.sign_in("reporter").page
    button = page.get_by_role("button", name="Reporter")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemcheckbox").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemcheckbox").first).to_be_focused()


def test_a_press_beside_a_menu_only_closes_it(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers")
    page = people.sign_in("reporter").page
    page.get_by_role("button", name="Reporter").click()
    expect(page.get_by_role("menu")).to_be_visible()
    at = page.get_by_role("link", name="The lamp flickers").bounding_box()
    assert at is not None
    page.mouse.click(at["x"] + 5, at["y"] + 5)
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(page).to_have_url(re.compile("/issues$"))
    page.mouse.click(at["x"] + 5, at["y"] + 5)
    expect(page).to_have_url(re.compile("open="))


def test_columns_leave_where_room_is_short_and_come_back(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers", labels=["light"])
    page = people.sign_in("reporter", viewport={"width": 1440, "height": 800}).page
    label = page.get_by_role("gridcell").get_by_text("light", exact=True)
    heads = page.get_by_role("columnheader")
    expect(label).to_be_visible()
    expect(heads).to_have_text(
        ["Severity", "Status", "Key", "Title", "Labels", "Due", "Assignee", "Updated"]
    )
    page.get_by_role("link", name="The lamp flickers").press("Enter")
    expect(page.get_by_role("heading", name="The lamp flickers")).to_be_visible()
    expect(label).to_be_hidden()
    expect(heads).to_have_text(["Severity", "Status", "Key", "Title", "Updated"])
    expect(page.get_by_role("gridcell")).to_have_count(5)
    page.keyboard.press("Escape")
    expect(label).to_be_visible()
    expect(heads).to_have_count(8)
