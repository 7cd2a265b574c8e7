"""What somebody may not do is not offered, or refused with the reason."""

from playwright.sync_api import expect

from tests.e2e.people import People
from tests.e2e.world import World


def test_a_reporter_reads_the_status_and_has_no_control_for_it(
    people: People, world: World
) -> None:
    world.project()
    key = world.issue("The lamp flickers", who="Rita")
    rita = people.sign_in("reporter", "Rita").go(f"/issues/{key}")
    properties = rita.get_by_label("Properties")
    expect(properties).to_contain_text("Open")
    expect(properties.get_by_role("button")).to_have_count(0)


def test_people_is_for_admins_and_says_so(people: People) -> None:
    maintainer = people.sign_in("maintainer")
    expect(maintainer.page.get_by_role("link", name="People")).to_have_count(0)
    page = maintainer.go("/people")
    expect(page.get_by_text("Your role does not allow this")).to_be_visible()
    expect(page.get_by_text("roles:manage")).to_be_visible()


def test_what_one_may_not_see_is_not_there(people: People, world: World) -> None:
    world.project("SEC", visibility="own")
    key = world.issue("A secret door", project="SEC", who="Rita")
    other = people.sign_in("reporter", "Otto")
    other.expect_refusals(404)
    expect(other.page.get_by_text("No issues yet")).to_be_visible()
    expect(other.go(f"/issues/{key}").get_by_text("There is nothing here")).to_be_visible()


def test_a_filter_is_marked_at_the_character_that_cannot_be_read(
    people: People, world: World
) -> None:
    world.project()
    world.issue("The lamp flickers")
    window = people.sign_in("maintainer")
    window.expect_refusals(400, 422)
    page = window.go("/issues?q=status:open+severity:purple")
    fault = page.get_by_role("status").filter(has_text="at character 22")
    expect(fault).to_contain_text("purple")
    page.get_by_role("button", name="Clear the filter").last.click()
    expect(page.get_by_text("The lamp flickers")).to_be_visible()
