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


def test_what_was_given_up_can_be_taken_up_again(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    page = people.sign_in("maintainer").go(f"/issues/{key}")
    description = page.get_by_role("textbox", name="Description")
    edit = page.get_by_role("button", name="Edit the description")
    edit.click()
    description.fill("Half an hour of work")
    page.keyboard.press("Escape")
    expect(description).to_have_count(0)
    page.get_by_text("Your changes were given up").wait_for()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(description).to_have_value("Half an hour of work")
    page.reload()
    expect(description).to_have_value("Half an hour of work")


def test_a_new_issue_begun_is_discarded_with_its_files_and_taken_up_again(
    people: People, world: World
) -> None:
    world.project()
    page = people.sign_in("reporter").page
    begin = page.get_by_role("button", name="New issue")
    dialog = page.get_by_role("dialog", name="New issue")
    title = dialog.get_by_label("Title")
    discard = dialog.get_by_role("button", name="Discard draft")

    begin.click()
    expect(title).to_be_visible()
    expect(discard).to_have_count(0)
    title.fill("The lamp hums")
    note = {"name": "hum.txt", "mimeType": "text/plain", "buffer": b"hmm"}
    dialog.locator("input[type=file]").set_input_files(note)
    discard.click()
    expect(dialog).to_have_count(0)
    begin.click()
    expect(title).to_have_value("")
    expect(discard).to_have_count(0)
    expect(dialog.get_by_text("hum.txt")).to_have_count(0)
    page.keyboard.press("Escape")

    page.get_by_text("Draft discarded").wait_for()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(title).to_have_value("The lamp hums")
    expect(dialog.get_by_text("hum.txt")).to_be_visible()
    page.reload()
    begin.click()
    expect(title).to_have_value("The lamp hums")
    expect(dialog.get_by_text("hum.txt")).to_be_visible()
