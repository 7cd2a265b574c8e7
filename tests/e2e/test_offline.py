"""The network goes away, and comes back."""

from playwright.sync_api import Page, expect

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


def everything_loaded(page: Page) -> None:
    """Wait until what is loaded ahead is here: no script has come for a while."""
    count = (
        "performance.getEntriesByType('resource').filter(one => one.name.endsWith('.js')).length"
    )
    page.wait_for_function(
        f"""() => {{
            const now = {count};
            if (window.seen !== now) [window.seen, window.since] = [now, Date.now()];
            return Date.now() - window.since > 6000;
        }}""",
        polling=200,
        timeout=90_000,
    )


def go_to(page: Page, name: str) -> None:
    """Go to a page by the palette."""
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type(f"Go to {name}")
    page.get_by_role("option", name=f"Go to {name}").first.click()


def nothing_waits(page: Page) -> None:
    """Expect that nothing in view stands for something which is still to come."""
    page.wait_for_function(
        """() => [...document.querySelectorAll('main .animate-pulse')].every((one) => {
            const { top, bottom } = one.getBoundingClientRect();
            return bottom < 0 || top > innerHeight;
        })""",
        polling=100,
    )


PAGES = {
    "Board": "The lamp flickers",
    "Insights": "Each number is of",
    "People": "What the roles may do",
    "Audit": "reported this",
    "API tokens": "No tokens yet",
    "the view Lamps": "The lamp flickers",
}


def test_every_page_answers_without_a_network_and_recovers(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers")
    other = world.issue("The door squeaks")
    window = people.sign_in("admin")
    page = window.page
    world.call("POST", "/views", who="admin", name="Lamps", q="lamp", layout="list")
    page.reload()
    everything_loaded(page)
    main = page.get_by_role("main")
    told = main.get_by_role("alert").filter(has_text="No connection")
    unheard = page.get_by_role("status").filter(has_text="Not connected")

    for name, shown in PAGES.items():
        window.set_offline(True)
        go_to(page, name)
        expect(told.first).to_be_visible()
        expect(unheard).to_be_visible()
        nothing_waits(page)
        window.set_offline(False)
        expect(main.get_by_text(shown).first).to_be_visible()
        expect(told).to_have_count(0)
        expect(unheard).to_have_count(0)
        # What is there stays.
        window.set_offline(True)
        expect(unheard).to_be_visible()
        expect(main.get_by_text(shown).first).to_be_visible()
        nothing_waits(page)
        window.set_offline(False)
        expect(unheard).to_have_count(0)

    go_to(page, "Issues")
    expect(page.get_by_role("link", name="The door squeaks")).to_be_visible()
    window.set_offline(True)
    for wanted in (key, other):
        page.keyboard.press("Control+k")
        expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
        page.keyboard.type(wanted)
        page.get_by_role("option", name=f"Open {wanted}").click()
        expect(told.first).to_be_visible()
        nothing_waits(page)
    window.set_offline(False)
    expect(page.get_by_role("heading", name="The door squeaks")).to_be_visible()
    expect(page.get_by_role("textbox", name="Write a comment")).to_be_visible()
    expect(told).to_have_count(0)


def test_an_issue_written_without_a_network_is_reported_with_the_next_try(
    people: People, world: World
) -> None:
    world.project()
    window = people.sign_in("reporter")
    page = window.page
    everything_loaded(page)
    window.set_offline(True)
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert").filter(has_text="No connection")).to_be_visible()
    dialog.get_by_label("Title").fill("The lamp flickers")
    expect(dialog.locator(".animate-pulse")).to_have_count(0)
    window.set_offline(False)
    expect(dialog.get_by_role("alert")).to_have_count(0)
    dialog.get_by_role("button", name="Create issue").click()
    expect(page.get_by_role("heading", name="The lamp flickers")).to_be_visible()


def test_a_dialog_that_cannot_be_loaded_says_so(people: People, world: World) -> None:
    world.project()
    window = people.sign_in("reporter")
    # As where somebody pays for every byte, or is too quick.
    window.context.route("**/_app/immutable/chunks/*.js", lambda route: route.abort())
    window.expect_failures("net::ERR_FAILED")
    window.page.keyboard.press("c")
    expect(window.page.get_by_text("No connection").first).to_be_visible()


def test_a_server_that_was_away_is_asked_again_by_itself(people: People, world: World) -> None:
    world.project()
    window = people.sign_in("admin")
    window.expect_refusals(503)
    page = window.page
    expect(page.get_by_role("status").filter(has_text="Live")).to_be_attached()
    window.context.route(
        "**/api/v1/users*",
        lambda route: route.abort() if route.request.method == "GET" else route.continue_(),
    )
    window.expect_failures("net::ERR_FAILED")
    go_to(page, "People")
    told = page.get_by_role("alert").filter(has_text="No connection")
    expect(told).to_be_visible()
    window.context.unroute_all()
    window.set_offline(True)
    window.set_offline(False)
    expect(page.get_by_text("What the roles may do")).to_be_visible()


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
    expect(page.get_by_role("heading", name="The lamp flickers")).to_be_visible()


def test_a_panel_whose_code_failed_for_a_moment_is_loaded_again_by_itself(
    people: People, world: World
) -> None:
    world.project()
    world.issue("The lamp flickers")
    window = people.sign_in("maintainer")
    window.expect_failures("net::ERR_FAILED")
    page = window.page
    page.get_by_role("link", name="The lamp flickers").focus()
    page.route("**/_app/immutable/**", lambda route: route.abort())
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="No connection")).to_be_visible()
    page.unroute("**/_app/immutable/**")
    expect(page.get_by_role("heading", name="The lamp flickers")).to_be_visible()
