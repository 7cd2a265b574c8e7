"""The application of the test bed."""

import http.client

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from issue_insight.auth.users import User
from issue_insight.db import unit_of_work
from issue_insight.serving import Server


def test_it_is_ready_on_real_servers(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200, answer.text


def test_the_application_and_the_session_see_each_others_commits(
    app: Flask, session: Session
) -> None:
    session.add(User(issuer="tests", subject="one", name="One", role="reporter"))
    session.commit()
    with app.app_context(), unit_of_work() as own:
        assert own.query(User).one().name == "One"
        own.add(User(issuer="tests", subject="two", name="Two", role="reporter"))
    assert session.query(User).count() == 2


def test_it_can_be_served_by_a_process_of_its_own(live_server: Server) -> None:
    connection = http.client.HTTPConnection(*live_server.address, timeout=30)
    connection.request("GET", "/readyz")
    assert connection.getresponse().status == 200
    connection.close()
