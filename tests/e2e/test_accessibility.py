"""Nothing that axe finds, on any page, in both themes (WCAG 2.2 AA)."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.e2e.npm import package
from tests.e2e.people import People
from tests.e2e.world import World

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def axe(repository: Path) -> str:
    """The source of axe-core."""
    return (package("axe-core", "4.14.1", repository) / "axe.min.js").read_text()


def violations(page: Page, axe: str) -> list[str]:
    """Return what axe has against the page that is open, one line an element."""
    page.evaluate(axe)
    return page.evaluate(
        """async (rules) => {
            const { violations } = await axe.run({ runOnly: { type: 'tag', values: rules } });
            return violations.flatMap(({ id, nodes }) =>
                nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
        }""",
        RULES,
    )


def token_violations(page: Page, axe: str) -> list[str]:
    """Return what axe has against asking to revoke a token, making one, and one just made."""
    page.get_by_role("button", name="Revoke Nightly report").click()
    page.get_by_role("button", name="Revoke the token").wait_for()
    found = [f"revoking: {one}" for one in violations(page, axe)]
    page.keyboard.press("Escape")
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name").fill("Build")
    found += [f"making: {one}" for one in violations(page, axe)]
    page.get_by_role("button", name="Make the token").click()
    page.get_by_label("The new token").wait_for()
    return found + [f"made: {one}" for one in violations(page, axe)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(people: People, world: World, axe: str, theme: str) -> None:
    world.project()
    key = world.issue("The lamp flickers", description="# At night\n\n- [ ] look", severity="high")
    world.call("POST", f"/issues/{key}/comments", body="Here as well.")
    for number in range(3):
        other = world.issue(f"Another lamp {number}", labels=["lamp", "night"])
    world.call("POST", f"/issues/{key}/relations", kind="blocks", issue=other)
    found = []
    stranger = people.window(color_scheme=theme)
    stranger.go("/issues").get_by_role("heading", name="Sign in").wait_for()
    found += [f"sign-in: {one}" for one in violations(stranger.page, axe)]
    window = people.sign_in("admin", color_scheme=theme)
    for name in ("Nightly report", "Weekly report"):
        body = {"name": name, "expires_in_days": 30}
        made = world.call("POST", "/me/tokens", who="admin", **body)
    world.call("DELETE", f"/me/tokens/{made['id']}", who="admin")
    window.expect_refusals(400, 404, 422)
    for path, shown in {
        "/issues": "text=The lamp flickers",
        "/issues?q=status:purple": "text=The filter cannot be read",
        "/issues?q=nothing-of-that": "text=No issue fits this filter",
        f"/issues/{key}": "text=Here as well.",
        f"/issues?open={key}": "text=Here as well.",
        "/issues/WEB-999": "text=There is nothing here",
        "/board": "[data-card]",
        "/insights": "svg a >> nth=-1",
        "/people": "text=admin@example.org",
        "/audit": "text=reported this",
        "/audit?kind=deletion": "text=No entry fits this filter",
        "/settings/tokens": "text=Nightly report",
    }.items():
        page = window.go(path)
        page.get_by_role("main").locator(shown).first.wait_for(state="attached")
        found += [f"{path}: {one}" for one in violations(page, axe)]
        if path == "/board":
            page.get_by_role("button", name="Lanes by severity").click()
            page.get_by_role("heading", name="High", level=3).wait_for()
            found += [f"{path} with lanes: {one}" for one in violations(page, axe)]
        if path == f"/issues/{key}":
            page.get_by_role("list", name="Blocks").wait_for()
            page.get_by_role("button", name="Relate", exact=True).click()
            page.get_by_label("The other issue").fill("lamp")
            page.get_by_role("button", name="Another lamp 0").wait_for()
            found += [f"{path} relating: {one}" for one in violations(page, axe)]
            page.keyboard.press("Escape")
        if path == "/settings/tokens":
            found += [f"{path} {one}" for one in token_violations(page, axe)]
    assert not found, "\n".join(found)


def test_enlarged_four_times_more_than_half_is_left_to_what_is_read(
    people: People, world: World
) -> None:
    world.project()
    for number in range(8):
        world.issue(f"Lamp {number}")
    # 1280 by 1024 at 400 %.
    window = people.sign_in("maintainer", viewport={"width": 320, "height": 256})
    page = window.page
    page.get_by_role("gridcell", name="Lamp 7").wait_for()
    box = page.get_by_role("grid").bounding_box()
    assert box
    assert box["height"] > 256 / 2

    page.get_by_role("button", name="New issue").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").wait_for()
    # All of it scrolls as one, so that no part of it is squeezed between the others.
    assert dialog.evaluate("(it) => it.scrollHeight > it.clientHeight")
    dialog.get_by_role("button", name="Create issue").scroll_into_view_if_needed()
    page.keyboard.press("Escape")

    window.go("/insights?from=2020-01-06&to=2020-03-01")
    box = page.get_by_label("To", exact=True).bounding_box()
    assert box
    assert box["x"] + box["width"] <= 320
