"""Nothing that was typed is lost."""

from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World


def test_a_comment_begun_survives_a_reload_and_is_gone_once_sent(
    people: People, world: World
) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    page = people.sign_in("reporter").go(f"/issues/{key}")
    comment = page.get_by_role("textbox", name="Write a comment")
    comment.fill("Half a thought")
    page.reload()
    expect(comment).to_have_value("Half a thought")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_role("article").filter(has_text="Half a thought")).to_be_visible()
    page.reload()
    expect(page.get_by_role("article").filter(has_text="Half a thought")).to_be_visible()
    expect(comment).to_have_value("")
