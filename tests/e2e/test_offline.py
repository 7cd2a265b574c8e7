"""The network goes away, and comes back."""

from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World


def test_a_comment_written_offline_stays_until_it_can_be_sent(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    window = people.sign_in("reporter")
    page = window.go(f"/issues/{key}")
    comment = page.get_by_role("textbox", name="Write a comment")
    comment.fill("Here as well.")
    window.set_offline(True)
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_text("No connection").first).to_be_visible()
    expect(comment).to_have_value("Here as well.")
    window.set_offline(False)
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_role("article").filter(has_text="Here as well.")).to_be_visible()
    expect(comment).to_have_value("")


def test_an_issue_catches_up_once_the_network_is_back(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    window = people.sign_in("maintainer")
    page = window.go(f"/issues/{key}")
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp flickers")
    window.set_offline(True)
    world.change(key, title="The lamp is out")
    window.set_offline(False)
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp is out")


def test_who_opens_an_issue_offline_is_told_at_once(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers")
    other = world.issue("The door squeaks")
    window = people.sign_in("maintainer", viewport={"width": 360, "height": 740})
    page = window.go(f"/issues/{other}")
    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="The lamp flickers").focus()
    window.set_offline(True)
    page.keyboard.press("Enter")
    told = page.get_by_role("alert").filter(has_text="No connection")
    expect(told).to_be_visible()
    head = page.locator("header").filter(has=page.get_by_role("button", name="New issue"))
    assert head.evaluate("it => it.scrollWidth <= it.clientWidth")
    window.set_offline(False)
    expect(page.get_by_role("heading", name="The lamp flickers")).to_be_visible()
    expect(told).to_be_hidden()


def test_a_panel_that_cannot_be_loaded_says_so(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers")
    window = people.sign_in("maintainer")
    page = window.page
    page.get_by_role("link", name="The lamp flickers").focus()
    window.set_offline(True)
    page.keyboard.press("Enter")
    told = page.get_by_role("alert").filter(has_text="No connection")
    expect(told).to_be_visible()
    window.set_offline(False)
    told.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="The lamp flickers")).to_be_visible()
