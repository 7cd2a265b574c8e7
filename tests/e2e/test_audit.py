"""The audit log in the browser: for admins, narrowed down by the address, taken out as a file."""

import json
import re

from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World


def test_an_admin_finds_who_did_what(people: People, world: World) -> None:
    world.project()
    key = world.issue("The lamp flickers", who="Rita")
    rita = next(u for u in world.call("GET", "/users")["items"] if u["name"] == "Rita")
    page = people.sign_in("admin", "Adam").go("/people")
    page.get_by_label("Role of Rita").select_option("Maintainer")
    expect(page.get_by_text("Rita is now: Maintainer")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("Audit")
    page.get_by_role("option", name="Go to Audit").click()
    rows = page.get_by_role("table", name="Audit log").get_by_role("row")
    expect(rows.filter(has_text=f"{key} reported this")).to_contain_text("Rita")
    expect(rows.filter(has_text="made the project WEB")).to_have_count(1)

    page.get_by_label("Kind").select_option("Roles")
    role = "changed the role of Rita from Reporter to Maintainer"
    expect(rows.filter(has_text=role)).to_have_count(1)
    expect(rows.filter(has_text="reported this")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/audit\?kind=role$"))
    page.reload()
    expect(rows.filter(has_text=role)).to_have_count(1)
    expect(rows.filter(has_text="reported this")).to_have_count(0)

    page.get_by_role("button", name="Show all entries").click()
    page.get_by_role("button", name="Person: Anybody").click()
    page.keyboard.type("Rita")
    page.get_by_role("option", name="Rita").click()
    expect(page).to_have_url(re.compile(rf"actor={rita['id']}$"))
    expect(page.get_by_role("button", name="Person: Rita")).to_be_visible()
    expect(rows.filter(has_text="reported this")).to_have_count(1)
    expect(rows.filter(has_text="made the project")).to_have_count(0)
    page.get_by_label("Last day").fill("2020-01-01")
    expect(page.get_by_text("No entry fits this filter")).to_be_visible()
    page.go_back()
    rows.filter(has_text="reported this").get_by_role("link", name=key).click()
    expect(page.get_by_role("heading", name="The lamp flickers")).to_be_visible()


def test_older_entries_come_when_asked_for(people: People, world: World) -> None:
    world.project()
    for number in range(105):
        world.issue(f"Lamp {number}")
    page = people.sign_in("admin").go("/audit?kind=issue")
    rows = page.get_by_role("table").get_by_role("row")
    expect(page.get_by_text("105 entries")).to_be_visible()
    expect(rows).to_have_count(101)
    page.get_by_role("button", name="Older entries").click()
    expect(rows).to_have_count(106)
    expect(page.get_by_text("That is the beginning of the log.")).to_be_visible()


def test_it_is_taken_out_as_it_is_filtered(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers")
    page = people.sign_in("admin").go("/audit?kind=project")
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="As JSON Lines").click()
    lines = download.value.path().read_text().splitlines()
    assert [json.loads(line)["subject_name"] for line in lines] == ["WEB"]
    assert download.value.suggested_filename.endswith(".jsonl")
    page.get_by_label("Kind").select_option("Exports")
    expect(page.get_by_text("took out the audit log as JSONL")).to_be_visible()


def test_others_are_told_why_they_do_not_see_it(people: People) -> None:
    page = people.sign_in("maintainer").page
    expect(page.get_by_role("link", name="Issues", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    page.goto(people.origin + "/audit")
    expect(page.get_by_text("Your role does not allow this")).to_be_visible()
    expect(page.get_by_text("audit:read")).to_be_visible()


def test_it_fits_a_phone_and_is_read_in_german(people: People, world: World) -> None:
    world.project()
    world.issue("The lamp flickers", who="Wolfgang-Amadeus-Maximilian")
    phone = {"width": 360, "height": 740}
    page = people.sign_in("admin", viewport=phone).page
    page.evaluate("""localStorage.setItem('preferences', JSON.stringify({
        ...JSON.parse(localStorage.getItem('preferences') ?? '{}'), locale: 'de' }))""")
    page.goto(people.origin + "/audit")
    expect(page.get_by_role("heading", name="Protokoll", level=1)).to_be_visible()
    expect(page.get_by_text("hat das Projekt WEB angelegt")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    main = page.get_by_role("main")
    assert main.evaluate(
        "it => [...it.querySelectorAll('*')].every(one => one.getBoundingClientRect().right <= 360)"
    )
