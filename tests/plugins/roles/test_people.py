"""Finding the people whom issues can be assigned to."""

from flask.testing import FlaskClient

from issue_insight.testing.tokens import sign_in


def test_maintainers_find_people_by_a_part_of_their_name(client: FlaskClient) -> None:
    sign_in(client, name="Rosa Diaz")
    sign_in(client, "maintainer", name="Max Maier")
    page = client.get("/api/v1/people?q=DIA").json
    assert page is not None
    assert [person["name"] for person in page["items"]] == ["Rosa Diaz"]
    assert page["total"] == 1


def test_nothing_but_id_and_name_is_told(client: FlaskClient) -> None:
    sign_in(client, "maintainer")
    page = client.get("/api/v1/people").json
    assert page is not None
    assert [set(person) for person in page["items"]] == [{"id", "name"}]


def test_reporters_do_not_list_people(client: FlaskClient) -> None:
    sign_in(client, "reporter")
    assert client.get("/api/v1/people").status_code == 403
