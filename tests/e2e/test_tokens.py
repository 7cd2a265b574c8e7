"""API tokens: made on their page, used by a script, revoked, refused. By keys."""

import urllib3
from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World


def asked(origin: str, token: str, method: str = "GET", path: str = "/me") -> int:
    """Return the status of a script's request."""
    headers = {"Authorization": f"Bearer {token}"}
    return urllib3.request(method, f"{origin}/api/v1{path}", headers=headers, timeout=30).status


def test_a_token_is_made_used_and_revoked(people: People, world: World) -> None:
    window = people.sign_in("maintainer", viewport={"width": 360, "height": 740})
    page = window.page
    page.get_by_role("button", name="You: Maintainer").click()
    page.get_by_role("menuitem", name="API tokens").click()
    expect(page.get_by_text("No tokens yet")).to_be_visible()

    page.get_by_role("button", name="New token").press("Enter")
    name = page.get_by_label("Name")
    expect(name).to_be_focused()
    expect(page.get_by_role("radio")).to_have_count(2)
    page.keyboard.type("Nightly report")
    page.get_by_role("button", name="90 days").press("Enter")
    expect(page.get_by_text("In 90 days")).to_be_visible()
    name.press("Enter")
    secret = page.get_by_label("The new token")
    expect(secret).to_be_focused()
    expect(page.get_by_text("it will not be shown again")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    token = secret.input_value()
    assert asked(people.origin, token) == 200
    assert asked(people.origin, token, "POST", "/issues") == 403

    page.get_by_role("button", name="I have kept it").press("Enter")
    expect(page.get_by_role("button", name="New token")).to_be_focused()
    page.reload()
    expect(page.get_by_text("1 token in force")).to_be_visible()
    assert token not in page.content()

    page.get_by_role("button", name="Revoke Nightly report").press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Revoke Nightly report")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Revoke the token").press("Enter")
    expect(page.get_by_role("heading", name="0 tokens in force")).to_be_focused()
    row = page.get_by_role("listitem").filter(has_text="Nightly report")
    expect(row.get_by_text("Revoked").first).to_be_visible()
    expect(row.get_by_role("button")).to_have_count(0)
    assert asked(people.origin, token) == 401


def test_why_a_token_is_refused_is_told_at_the_field(people: People) -> None:
    window = people.sign_in("admin")
    window.expect_refusals(422)
    page = window.page
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    page.keyboard.type("API tokens")
    page.get_by_role("option", name="Go to API tokens").click()
    page.get_by_role("button", name="New token").click()
    expect(page.get_by_role("radio", name="Admin")).to_be_visible()
    page.get_by_label("Name").fill("For ever")
    end = page.get_by_label("Expires on")
    end.fill("2031-01-01")
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_text("is more than the 366 days that are allowed")).to_be_visible()
    expect(end).to_be_focused()
    expect(end).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name")).to_have_value("For ever")
