"""The page of numbers: each of them opens its issues, and the page goes where one looks."""

import csv
import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.people import People
from tests.e2e.world import World


@pytest.fixture
def page(people: People, world: World) -> Page:
    """The page over five issues, of which two are done and one is in progress."""
    world.project()
    keys = [world.issue(f"Lamp {number}", severity="high") for number in range(5)]
    for key in keys[:2]:
        world.change(key, status="done", resolution="fixed")
    world.change(keys[2], status="in_progress")
    window = people.sign_in("maintainer", accept_downloads=True)
    return window.go("/insights")


def number_of(text: str) -> int:
    found = re.search(r"\d+$", text)
    assert found, text
    return int(found[0])


def test_a_number_opens_the_list_that_has_as_many(page: Page) -> None:
    for name in ("Open: 3", "Created: 5", "Resolved: 2"):
        page.get_by_label("In short").get_by_role("link", name=name).click()
        expect(page.get_by_text(f"{number_of(name)} issues", exact=True)).to_be_visible()
        assert parse_qs(urlsplit(page.url).query)["as_of"]
        page.go_back()
    bar = page.locator("[data-chart=created-resolved] [data-part]").last
    bar.focus()
    page.keyboard.press("ArrowDown")
    focused = page.locator("[data-chart=created-resolved] [data-part]:focus")
    expect(focused).to_have_attribute("aria-label", re.compile("^Created, .*so far: 5$"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("5 issues", exact=True)).to_be_visible()


def test_dragging_narrows_the_range_and_rewinding_goes_back(page: Page) -> None:
    chart = page.locator("[data-chart=cumulative-flow] [data-plot]")
    expect(chart.locator("[data-part]").last).to_be_attached()
    box = chart.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.6, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.65, middle, steps=4)
    page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"from=\d{4}-\d\d-\d\d&to=\d{4}-\d\d-\d\d"))
    expect(page.get_by_role("option", name="day (as fits)")).to_be_attached()
    page.get_by_role("link", name="Chosen days").click()
    expect(page.get_by_role("link", name="6 months")).to_have_attribute("aria-current", "true")

    page.get_by_role("button", name="Rewind: show everything as it was").click()
    page.get_by_role("button", name="A week ago").click()
    expect(page.get_by_label("In short").get_by_role("link", name="Open: 0")).to_be_visible()


def test_a_chart_is_a_table_a_file_and_a_link(page: Page) -> None:
    chart = page.locator("[data-chart=severity-mix]")
    chart.scroll_into_view_if_needed()
    chart.get_by_role("button", name="Show as a table: Severity mix").click()
    table = chart.get_by_role("table")
    expect(table.get_by_role("columnheader", name="High")).to_be_visible()
    newest = table.get_by_role("row").nth(1)
    expect(newest.get_by_role("link", name=re.compile("^High, .*: 3$"))).to_be_visible()

    chart.get_by_role("button", name="Definition of Severity mix").click()
    expect(page.get_by_text("Of each severity")).to_be_visible()
    page.keyboard.press("Escape")

    more = chart.get_by_role("button", name="More for Severity mix")
    more.click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Numbers as CSV").click()
    with open(download.value.path(), newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["series"] == "open high"]
    assert rows[-1]["value"] == "3"
    assert "severity:high" in rows[-1]["q"]

    chart.get_by_role("button", name="Show as a chart: Severity mix").click()
    for kind, magic in (("SVG", b"<svg"), ("PNG", b"\x89PNG")):
        more.click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=f"Picture as {kind}").click()
        assert download.value.path().read_bytes().startswith(magic)

    more.click()
    page.get_by_role("menuitem", name="Enlarge").click()
    dialog = page.get_by_role("dialog", name="Severity mix")
    expect(dialog.locator("[data-part]").last).to_be_attached()
    expect(page).to_have_url(re.compile("chart=severity-mix"))
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_working_days_are_a_switch_that_the_address_keeps(page: Page) -> None:
    switch = page.get_by_role("checkbox", name="Working days")
    expect(switch).not_to_be_checked()
    with page.expect_response(
        lambda got: "lead-time" in got.url and "calendar=business" in got.url
    ):
        switch.check()
    expect(page).to_have_url(re.compile("calendar=business"))
    expect(page.get_by_text("the honest median is in all days")).to_be_visible()
    page.reload()
    expect(switch).to_be_checked()

    lead = page.locator("[data-chart=lead-time]")
    lead.scroll_into_view_if_needed()
    expect(lead.get_by_text("All days count here.")).to_have_count(0)
    # A filter counts all time, and so does what it opens.
    lead.get_by_role("link", name="Distribution").click()
    expect(lead.get_by_text("All days count here.")).to_be_visible()
    expect(lead.locator("[data-part]").last).to_be_attached()


def test_days_in_which_nothing_happened_lead_to_those_in_which_something_did(page: Page) -> None:
    page.goto(page.url + "?from=2020-01-06&to=2020-03-01&q=label:ui OR severity:high")
    expect(page.get_by_text("Nothing was created or done in these days")).to_be_visible()
    page.get_by_role("link", name="Show the last year with activity").click()
    expect(page.get_by_label("In short").get_by_role("link", name="Created: 5")).to_be_visible()
    expect(page.get_by_text("Nothing was created or done in these days")).to_have_count(0)
    page.goto(
        page.url.replace("severity:high", "label:api").replace("severity%3Ahigh", "label:api")
    )
    expect(page.get_by_text("No issue is selected")).to_be_visible()


def test_what_is_open_now_is_told_from_what_the_days_shown_say(page: Page) -> None:
    page.goto(page.url + "?from=2020-01-06&to=2020-03-01")
    aging = page.locator("[data-chart=aging]")
    aging.scroll_into_view_if_needed()
    expect(aging.get_by_text("How long what is open now has stood where it is")).to_be_visible()
    # The text of a chart has the whole width of its card: nothing stands beside it.
    text, card = aging.locator("p").first.bounding_box(), aging.bounding_box()
    assert text
    assert card
    assert text["width"] > card["width"] - 40
    # Nor does it push the chart down where the card beside it is the taller one.
    heights = page.locator("[data-chart] > p").evaluate_all(
        "(all) => all.map((p) => p.offsetHeight)"
    )
    assert max(heights) < 60
    page.emulate_media(media="print")
    expect(aging.get_by_text("What is open now", exact=True)).to_be_visible()


def test_the_median_of_all_is_not_that_of_a_group(page: Page, world: World) -> None:
    # Of the critical one the median is known; of all, more than half are open.
    world.change(world.issue("Mended at once", severity="critical"), status="done")
    address = page.url
    page.goto("about:blank")
    # Charts know late by what they can be split: until then they ask as if they were not.
    page.route(re.compile("/api/v1/insights$"), lambda route: (time.sleep(1), route.continue_()))
    page.goto(address + "?by=severity&views=survival:compared")
    page.locator("[data-chart=survival]").scroll_into_view_if_needed()
    expect(page.locator("[data-chart=survival]").get_by_text("Critical").first).to_be_visible()
    page.keyboard.press("Home")
    world.issue("News let every number be asked for again", severity="high")
    short = page.get_by_label("In short")
    expect(short.get_by_role("link", name=re.compile("^Created: 7"))).to_be_visible()
    page.wait_for_timeout(500)
    expect(short.get_by_role("link", name="Honest median: –")).to_be_visible()


@pytest.mark.parametrize("by_key", [False, True], ids=["button", "key"])
def test_the_report_has_every_chart_on_two_pages(page: Page, *, by_key: bool) -> None:
    page.evaluate("() => { window.print = () => console.log('printed'); }")
    button = page.get_by_role("button", name="Print a report")
    expect(button).to_be_visible()
    with page.expect_console_message(lambda message: message.text == "printed"):
        if by_key:
            page.keyboard.press("Control+p")
        else:
            button.click()
    assert page.locator("[data-chart] [role=status]").count() == 0
    page.emulate_media(media="print")
    expect(page.get_by_text(re.compile(r"as of \d"))).to_be_visible()
    expect(page.get_by_role("button", name="Print a report")).to_be_hidden()
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", prefer_css_page_size=True))
    assert len(pages) == 2


def test_a_reporter_is_told_whose_numbers_these_are(people: People, world: World) -> None:
    world.project(visibility="own")
    world.issue("Not theirs")
    reporter = people.sign_in("reporter")
    world.issue("Theirs", who="reporter")
    page = reporter.go("/insights?by=label")
    expect(page.get_by_text("the issues that you may see")).to_be_visible()
    expect(page.get_by_label("In short").get_by_role("link", name="Open: 1")).to_be_visible()
