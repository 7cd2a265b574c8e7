"""What issues are to each other: made and taken away, seen by whoever looks at either, and many."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.people import People
from tests.e2e.world import World


def relate(page: Page, kind: str, other: str) -> None:
    """Relate the issue that is open to another one."""
    page.get_by_role("button", name="Relate", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=kind).check(force=True)
    dialog.get_by_label("The other issue").fill(other)
    dialog.get_by_label("The other issue").press("Enter")
    expect(dialog).to_be_hidden()


def test_both_issues_show_a_relation_to_whoever_looks_at_them(people: People, world: World) -> None:
    world.project()
    lamp, switch = world.issue("The lamp flickers"), world.issue("The switch is loose")
    mara, rita, remo = (
        people.sign_in(role, name)
        for role, name in (("maintainer", "Mara"), ("reporter", "Rita"), ("reporter", "Remo"))
    )
    mara.go(f"/issues/{lamp}")
    rita.go(f"/issues/{lamp}")
    remo.go(f"/issues/{switch}")
    for window in (rita, remo):
        expect(window.page.get_by_role("status").filter(has_text="Live")).to_be_attached()
        expect(window.page.get_by_role("heading", name="Relations")).to_have_count(0)

    relate(mara.page, "Blocked by", switch)
    for window, said, other in (
        (mara, "Blocked by", "The switch is loose"),
        (rita, "Blocked by", "The switch is loose"),
        (remo, "Blocks", "The lamp flickers"),
    ):
        there = window.page.get_by_role("list", name=said, exact=True)
        expect(there.get_by_role("link", name=other)).to_be_visible()
    expect(remo.page.get_by_text(f"marked this as blocking {lamp}")).to_be_visible()
    expect(remo.page.get_by_role("button", name="Relate")).to_have_count(0)

    mara.page.get_by_role("button", name=f"Take the relation to {switch} away").click()
    for window in (mara, rita, remo):
        expect(window.page.get_by_role("list", name=re.compile("Block"))).to_have_count(0)
    mara.page.get_by_role("button", name="Undo").last.click()
    expect(remo.page.get_by_role("list", name="Blocks")).to_be_visible()


def test_an_issue_is_found_by_words_and_a_circle_is_refused(people: People, world: World) -> None:
    world.project()
    lamp, switch = world.issue("The lamp flickers"), world.issue("The switch is loose")
    world.call("POST", f"/issues/{switch}/relations", kind="duplicate_of", issue=lamp)
    window = people.sign_in("maintainer")
    window.expect_refusals(409)
    page = window.go(f"/issues/{lamp}")
    page.get_by_role("button", name="Relate", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The other issue").fill("switch")
    dialog.get_by_role("button", name="The switch is loose").click()
    expect(dialog.get_by_text("this would be a circle")).to_be_visible()
    dialog.get_by_role("radio", name="Related to").check(force=True)
    dialog.get_by_role("button", name="The switch is loose").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("list", name="Related to")).to_be_visible()


def test_of_many_duplicates_the_first_are_shown_and_all_are_a_list(
    people: People, world: World
) -> None:
    world.project()
    lamp = world.issue("The lamp flickers")
    for number in range(9):
        copy = world.issue(f"Lamp {number} flickers")
        world.call("POST", f"/issues/{copy}/relations", kind="duplicate_of", issue=lamp)
    page = people.sign_in("reporter").go(f"/issues/{lamp}")
    expect(page.get_by_role("list", name="Duplicates").get_by_role("listitem")).to_have_count(6)
    page.get_by_role("link", name="All 9").click()
    expect(page).to_have_url(re.compile(f"q=duplicate_of:{lamp}$"))
    expect(page.get_by_text("9 issues")).to_be_visible()
    expect(page.get_by_role("link", name="Lamp 0 flickers")).to_be_visible()
