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
