"""The past, as part of the address, to be read only."""

import re
from urllib.parse import quote

from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World


def test_list_and_issue_are_as_they_were_and_cannot_be_changed(
    people: People, world: World
) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    then = world.call("GET", f"/issues/{key}")["updated_at"]
    world.change(key, title="The lamp is out")
    page = people.sign_in("maintainer").page
    expect(page.get_by_role("link", name="The lamp is out")).to_be_visible()

    page.goto(f"{people.origin}/issues?as_of={quote(then)}")
    band = page.get_by_role("status").filter(has_text="Nothing can be changed in the past.")
    expect(band).to_contain_text("As it was at")
    expect(page.get_by_role("link", name="The lamp flickers")).to_be_visible()
    expect(page.get_by_role("link", name="The lamp is out")).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)

    page.get_by_role("link", name="The lamp flickers").click()
    page.get_by_role("link", name="Open as a page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp flickers")
    expect(page).to_have_url(re.compile(f"/issues/{key}\\?as_of="))
    expect(band).to_be_visible()
    expect(page.get_by_label("Properties").get_by_role("button")).to_have_count(0)
    expect(page.get_by_role("button", name="Edit the title")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Write a comment")).to_have_count(0)

    page.get_by_role("button", name="Back to now").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp is out")
    expect(page).to_have_url(f"{people.origin}/issues/{key}")
    expect(page.get_by_role("button", name="Edit the title")).to_be_visible()


def test_the_control_goes_to_the_end_of_a_day(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers")
    page = people.sign_in("reporter").page
    expect(page.get_by_role("link", name="The lamp flickers")).to_be_visible()
    page.get_by_role("button", name="Rewind: show everything as it was").click()
    page.get_by_role("button", name="A week ago").click()
    expect(page).to_have_url(re.compile(r"/issues\?as_of=\d{4}-\d\d-\d\d$"))
    expect(page.get_by_text("As it was at the end of")).to_be_visible()
    expect(page.get_by_role("link", name="The lamp flickers")).to_have_count(0)
    expect(page.get_by_text("No issues at that time")).to_be_visible()


def test_a_day_that_is_none_is_said_on_every_page(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers")
    maintainer = people.sign_in("maintainer")
    maintainer.expect_refusals(422)
    for place in ("issues", "board", "insights"):
        for text in ("2026-02-30", "nonsense"):
            page = maintainer.go(f"/{place}?as_of={text}")
            expect(page.get_by_text(f"“{text}” is no day and no instant.")).to_be_visible()
            expect(page.get_by_text("as_of is a date like 2026-01-31").first).to_be_visible()

    # Days that are none are as if none had been asked for.
    page = maintainer.go("/insights?from=2026-02-30&to=2026-03-40")
    expect(page.get_by_role("heading", name="Cumulative flow")).to_be_visible()


def test_an_issue_that_a_text_mentions_is_opened_as_it_was(people: People, world: World) -> None:
    world.project()
    mentioned = world.issue("The lamp flickers")
    key = world.issue("It is dark", description=f"Since {mentioned}; the SHA-256 is right.")
    then = world.call("GET", f"/issues/{key}")["updated_at"]
    world.change(mentioned, title="The lamp is out")
    page = people.sign_in("reporter").go(f"/issues/{key}?as_of={quote(then)}")
    text = page.get_by_text("the SHA-256 is right.")
    text.get_by_role("link", name=mentioned).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp flickers")
    expect(page).to_have_url(re.compile(f"/issues/{mentioned}\\?as_of="))
    page.go_back()
    expect(text.get_by_role("link")).to_have_count(1)
