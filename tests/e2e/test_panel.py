"""An issue beside the list and the board, and from one issue to the next."""

from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World

LAMPS = ("The first lamp", "The second lamp", "The third lamp")


def lamps(world: World) -> list[str]:
    """Three issues, in the order of the list `sort:created`."""
    world.project()
    return [world.issue(title) for title in LAMPS]


def test_an_issue_is_read_and_changed_beside_the_list(people: People, world: World) -> None:
    first, second, third = lamps(world)
    page = people.sign_in("maintainer").go("/issues?q=sort:created")
    page.get_by_role("link", name=LAMPS[1]).focus()
    page.keyboard.press("Enter")
    beside = page.get_by_role("complementary", name=f"{second} {LAMPS[1]}")
    expect(beside).to_be_focused()
    expect(page).to_have_url(f"{people.origin}/issues?q=sort:created&open={second}")
    expect(page.get_by_role("row").filter(has_text=second)).to_be_visible()
    page.keyboard.press("p")
    page.get_by_role("option", name="High").click()
    expect(beside.get_by_role("button", name="Change: Severity, High")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=second).get_by_label("High")).to_be_visible()

    page.keyboard.press("j")
    expect(page.get_by_role("complementary", name=f"{third} {LAMPS[2]}")).to_be_visible()
    for _ in range(2):
        page.get_by_role("button", name="Previous issue in the list").click()
    expect(page.get_by_role("complementary", name=f"{first} {LAMPS[0]}")).to_be_visible()
    expect(page.get_by_role("button", name="Previous issue in the list")).to_be_disabled()
    expect(page).to_have_url(f"{people.origin}/issues?q=sort:created&open={first}")

    # However many were shown, the list is one step back.
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name=LAMPS[0])).to_be_focused()
    expect(page).to_have_url(f"{people.origin}/issues?q=sort:created")
    expect(page.get_by_role("complementary", name=first)).to_have_count(0)


def test_an_address_with_an_open_issue_shows_it_and_closes_to_its_row(
    people: People, world: World
) -> None:
    _, second, third = lamps(world)
    page = people.sign_in("reporter").go(f"/issues?q=sort:created&open={second}")
    expect(page.get_by_role("complementary", name=second)).to_be_visible()
    # In the list the keys lead from row to row, and the panel follows.
    page.get_by_role("link", name=LAMPS[1]).focus()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=LAMPS[2])).to_be_focused()
    expect(page.get_by_role("complementary", name=f"{third} {LAMPS[2]}")).to_be_visible()
    page.get_by_role("button", name="Close the panel").click()
    expect(page.get_by_role("link", name=LAMPS[2])).to_be_focused()
    expect(page).to_have_url(f"{people.origin}/issues?q=sort:created")


def test_on_a_phone_the_panel_is_the_page(people: People, world: World) -> None:
    first, *_ = lamps(world)
    phone = people.sign_in("reporter", viewport={"width": 360, "height": 740})
    page = phone.go(f"/issues?open={first}")
    beside = page.get_by_role("complementary", name=first)
    expect(beside.get_by_role("heading", name=LAMPS[0])).to_be_visible()
    assert beside.bounding_box() == {"x": 0, "y": 0, "width": 360, "height": 740}
    beside.get_by_role("button", name="Close the panel").click()
    page.get_by_role("link", name=LAMPS[0]).click()
    expect(page).to_have_url(f"{people.origin}/issues/{first}")


def test_a_card_opens_beside_the_board(people: People, world: World) -> None:
    first, second, _ = lamps(world)
    page = people.sign_in("maintainer").go("/board?q=sort:created")
    page.get_by_role("link", name=LAMPS[0]).click()
    expect(page.get_by_role("complementary", name=f"{first} {LAMPS[0]}")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("complementary", name=f"{second} {LAMPS[1]}")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name=LAMPS[1])).to_be_focused()
    expect(page).to_have_url(f"{people.origin}/board?q=sort:created")


def test_link_and_key_are_copied_and_the_list_goes_on_from_page_to_page(
    people: People, world: World
) -> None:
    _, second, _ = lamps(world)
    window = people.sign_in("reporter")
    window.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = window.go(f"/issues?q=sort:created&open={second}")
    page.get_by_role("link", name="Open as a page").click()
    expect(page).to_have_url(f"{people.origin}/issues/{second}")
    expect(page.get_by_role("heading", level=1)).to_have_text(LAMPS[1])

    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Link copied")).to_be_visible()
    copied = "navigator.clipboard.readText()"
    assert page.evaluate(copied) == f"{people.origin}/issues/{second}"
    page.keyboard.press("y")
    page.keyboard.press("k")
    expect(page.get_by_text(f"{second} copied")).to_be_visible()
    assert page.evaluate(copied) == second

    page.keyboard.press("j")
    expect(page.get_by_role("heading", level=1)).to_have_text(LAMPS[2])
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.get_by_role("heading", level=1)).to_have_text(LAMPS[0])

    page.reload()
    page.get_by_role("button", name="Next issue in the list").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(LAMPS[1])
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    for action in ("Copy link", "Copy key", "Next issue in the list"):
        expect(keys.get_by_text(action)).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Copy key")).to_be_attached()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Back to the list").click()
    expect(page).to_have_url(f"{people.origin}/issues?q=sort:created")
