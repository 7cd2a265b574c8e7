"""Several people on the same issue, each in a window of their own."""

import re
import time

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.e2e.people import People
from tests.e2e.world import World


def choose(page: Page, field: str, value: str) -> None:
    """Set a property of the issue that is open."""
    page.get_by_role("button", name=f"Change: {field}").click()
    page.get_by_role("option", name=value, exact=True).click()


def test_of_two_titles_neither_is_lost(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    anna, bert = (people.sign_in("maintainer", name) for name in ("Anna", "Bert"))
    for window in (anna, bert):
        window.go(f"/issues/{key}").get_by_role("button", name="Edit the title").click()
    anna.page.get_by_label("Title").fill("The lamp flickers at night")
    anna.page.get_by_role("button", name="Save").click()
    expect(anna.page.get_by_role("heading", level=1)).to_have_text("The lamp flickers at night")

    bert.expect_refusals(412)
    bert.page.get_by_label("Title").fill("The lamp hums")
    bert.page.get_by_role("button", name="Save").click()
    dialog = bert.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Somebody else changed this meanwhile")
    expect(dialog).to_contain_text("The lamp flickers at night")
    expect(dialog).to_contain_text("The lamp hums")
    dialog.get_by_role("button", name="Go on editing").click()
    expect(bert.page.get_by_label("Title")).to_have_value("The lamp hums")
    bert.page.get_by_role("button", name="Save").click()
    expect(bert.page.get_by_role("heading", level=1)).to_have_text("The lamp hums")


def test_changes_of_different_fields_need_no_choice(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    window = people.sign_in("maintainer")
    window.expect_refusals(412)
    page = window.go(f"/issues/{key}")
    page.get_by_role("button", name="Edit the title").click()
    page.get_by_label("Title").fill("The lamp hums")
    world.change(key, severity="high")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The lamp hums")
    expect(page.get_by_role("button", name="Change: Severity, High")).to_be_visible()


def test_three_people_see_what_the_others_do_without_reloading(
    people: People, world: World
) -> None:
    world.project()
    rita = people.sign_in("reporter", "Rita").page
    mara = people.sign_in("maintainer", "Mara").page
    admin = people.sign_in("admin", "Adam")
    adam = admin.page
    for page in (rita, mara, adam):
        expect(page.get_by_role("status").filter(has_text="Live")).to_be_attached()

    # Into an empty list the first issue comes at once.
    key = world.issue("The lamp flickers", who="Rita")
    expect(adam.get_by_role("link", name="The lamp flickers")).to_be_visible()
    mara.get_by_role("link", name="The lamp flickers").click()
    rita.get_by_role("link", name="The lamp flickers").click()

    choose(mara, "Status", "Triaged")
    choose(mara, "Severity", "High")
    properties = rita.get_by_label("Properties")
    expect(properties).to_contain_text("Triaged")
    expect(properties).to_contain_text("High")

    rita.get_by_role("textbox", name="Write a comment").fill("Only at night.")
    rita.get_by_role("button", name="Comment", exact=True).click()
    expect(mara.get_by_role("article").filter(has_text="Only at night.")).to_be_visible()

    choose(mara, "Status", "Done")
    expect(properties).to_contain_text("Done")
    expect(properties).to_contain_text("Fixed")
    choose(mara, "Status", "Open")
    expect(properties).to_contain_text("Open")
    row = adam.get_by_role("row").filter(has_text=key)
    expect(row.get_by_label("Open")).to_be_visible()


def test_a_board_follows_what_others_do(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    page = people.sign_in("reporter").go("/board")
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_attached()
    opened, done = (page.get_by_role("region", name=name) for name in ("Open", "Done"))
    expect(opened.get_by_role("link", name="The lamp flickers")).to_be_visible()
    world.change(key, status="done", title="The lamp is out")
    expect(done.get_by_role("link", name="The lamp is out")).to_be_visible()
    expect(opened.get_by_role("link")).to_have_count(0)
    world.issue("Another lamp")
    expect(opened.get_by_role("link", name="Another lamp")).to_be_visible()


def test_a_list_is_read_once_and_lacks_nothing_that_changed_before_the_stream_was_there(
    people: People, world: World
) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    page = people.sign_in("maintainer").page
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_attached()
    readings: list[str] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/v1/issues?q=&limit=100"):
            readings.append(request.url)

    def change_before(route: Route) -> None:
        expect(page.get_by_role("link", name="The lamp flickers")).to_be_visible()
        world.change(key, title="The lamp is out")
        route.continue_()

    page.on("request", note)
    page.route("**/api/v1/live?*", change_before)
    page.reload()
    expect(page.get_by_role("link", name="The lamp is out")).to_be_visible()
    assert len(readings) == 1


def test_an_admin_brings_back_what_was_deleted_long_ago(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    world.call("DELETE", f"/issues/{key}", headers={"If-Match": "*"})
    for role in ("maintainer", "admin"):
        window = people.sign_in(role)
        window.expect_refusals(404)
        window.go(f"/issues/{key}")
    mara, adam = (window.page for window in people.windows)
    expect(mara.get_by_text("There is nothing here")).to_be_visible()
    expect(adam.get_by_text(f"{key} was deleted")).to_be_visible()
    adam.get_by_role("button", name="Restore it").click()
    expect(adam.get_by_role("heading", level=1)).to_have_text("The lamp flickers")
    expect(mara.get_by_role("heading", level=1)).to_have_text("The lamp flickers")


def test_somebody_beyond_the_first_page_of_people_is_found(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    for number in range(52):
        world.call("GET", "/me", who=f"Person{number:02}", role="reporter")
    page = people.sign_in("maintainer").go(f"/issues/{key}")
    page.get_by_role("button", name="Change: Assignee").click()
    expect(page.get_by_role("option", name="Person51")).to_be_visible()
    expect(page.get_by_role("option", name="Person00")).to_have_count(0)
    page.keyboard.type("person00@")
    page.get_by_role("option", name="Person00").click()
    expect(page.get_by_role("button", name="Change: Assignee, Person00")).to_be_visible()


def test_a_deleted_issue_is_gone_for_everybody_until_that_is_undone(
    people: People, world: World
) -> None:
    world.project()
    key = world.issue("The lamp flickers", who="Rita")
    rita, mara, adam = (
        people.sign_in(role, name)
        for role, name in (("reporter", "Rita"), ("maintainer", "Mara"), ("admin", "Adam"))
    )
    for window in (rita, mara, adam):
        window.expect_refusals(404)
        expect(window.page.get_by_role("status").filter(has_text="Live")).to_be_attached()
    for window in (rita, adam):
        window.page.get_by_role("link", name="The lamp flickers").click()
        expect(window.page.get_by_role("heading", name="The lamp flickers")).to_be_visible()
    expect(rita.page.get_by_role("button", name="More actions")).to_have_count(0)

    adam.page.get_by_role("button", name="More actions").click()
    adam.page.get_by_role("menuitem", name="Delete issue").click()
    dialog = adam.page.get_by_role("dialog", name=f"Delete {key}?")
    expect(dialog).to_contain_text("The lamp flickers")
    dialog.get_by_role("button", name="Delete issue").click()
    expect(adam.page.get_by_text("No issues yet")).to_be_visible()
    expect(rita.page.get_by_text("There is nothing here")).to_be_visible()
    # Under a reader no row goes away: it is struck out.
    expect(mara.page.get_by_role("row").filter(has_text=key)).to_have_class(
        re.compile("line-through")
    )

    adam.page.get_by_role("button", name="Undo").click()
    expect(adam.page.get_by_role("link", name="The lamp flickers")).to_be_visible()
    expect(rita.page.get_by_role("heading", name="The lamp flickers")).to_be_visible()
    expect(rita.page.get_by_text("brought this back")).to_be_visible()
    expect(mara.page.get_by_role("row").filter(has_text=key)).not_to_have_class(
        re.compile("line-through")
    )


@pytest.mark.parametrize("place", ["/issues", "/issues/{}"])
def test_an_issue_that_one_deletes_is_not_read_again(
    people: People, world: World, place: str
) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    page = people.sign_in("admin").go(place.format(key))
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_attached()
    if place == "/issues":
        page.get_by_role("link", name="The lamp flickers").click()
    expect(page.get_by_role("heading", name="The lamp flickers")).to_be_visible()

    def answer_late(route: Route) -> None:
        if route.request.method != "DELETE":
            route.continue_()
            return
        answer = route.fetch()
        # The stream tells of it first; what that makes the window read would be refused by then.
        time.sleep(1.5)
        route.fulfill(response=answer)

    page.route(f"**/api/v1/issues/{key}", answer_late)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete issue").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete issue").click()
    expect(page.get_by_text("No issues yet")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="The lamp flickers").click()
    expect(page.get_by_role("heading", name="The lamp flickers")).to_be_visible()
