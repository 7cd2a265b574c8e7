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
    expect(page.get_by_role("heading", name="Second")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="Second")).to_be_focused()
    expect(page.get_by_role("heading", name="Second")).to_have_count(0)


def test_the_palette_opens_an_issue_by_its_key(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    page = people.sign_in("reporter").page
    expect(page.get_by_role("link", name="The lamp flickers")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type(key.lower())
    expect(page.get_by_role("option", name=f"Open {key}")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp flickers")
    expect(page).to_have_url(f"{people.origin}/issues/{key}")


def test_c_reports_an_issue_and_shows_those_like_it(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers at night")
    page = people.sign_in("reporter").page
    expect(page.get_by_role("link", name="The lamp flickers at night")).to_be_visible()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="New issue")
    expect(dialog.get_by_label("Title")).to_be_focused()
    page.keyboard.type("The lamp flickers at dawn")
    expect(dialog.get_by_text("Is it one of these?")).to_be_visible()
    expect(dialog.get_by_text("The lamp flickers at night")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp flickers at dawn")
    expect(page.get_by_text("WEB-2 created")).to_be_visible()


def test_a_new_issue_gets_a_label_that_is_there_and_a_new_one(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers", labels=["lamps"])
    page = people.sign_in("maintainer").page
    page.get_by_role("link", name="The lamp flickers").wait_for()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="New issue")
    dialog.get_by_label("Title").fill("The lamp hums")
    dialog.get_by_role("button", name="Labels").click()
    page.get_by_role("option", name="lamps").click()
    page.keyboard.type("Noise")
    page.get_by_role("option", name="Noise").click()
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("button", name="Labels, lamps, noise")).to_be_focused()
    dialog.get_by_role("button", name="Create issue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp hums")
    assert world.call("GET", "/issues/WEB-2")["labels"] == ["lamps", "noise"]


def test_a_card_is_moved_over_the_board_and_told_where_it_is(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    page = people.sign_in("maintainer").go("/board")
    card = page.get_by_role("link", name="The lamp flickers")
    card.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text(f"{key} lifted from Open. The arrows move it.")).to_be_attached()
    for place in ("Triaged", "In progress", "Done"):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_text(f"Over {place}.")).to_be_attached()
    page.keyboard.press("Space")
    done = page.get_by_role("region", name="Done")
    expect(done.get_by_role("link", name="The lamp flickers")).to_be_focused()
    expect(page.get_by_text(f"{key} moved to Done").first).to_be_attached()
    assert world.call("GET", f"/issues/{key}")["status"] == "done"

    # What is done is reopened first.
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text(f"{key} cannot go to In progress: Reopen it first.")).to_be_attached()
    page.keyboard.press("Escape")
    expect(done.get_by_role("link", name="The lamp flickers")).to_be_focused()
