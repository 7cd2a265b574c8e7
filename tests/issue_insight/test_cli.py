"""Commands, whatever becomes of the database."""

import socket

import pytest

from issue_insight.app import create_app
from issue_insight.settings import Settings


@pytest.mark.parametrize(
    "words", [("issues", "list"), ("roles", "list"), ("upgrade",), ("stats", "verify")]
)
def test_a_command_says_in_one_line_that_there_is_no_database(
    settings: Settings, words: tuple[str, ...]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"postgresql+psycopg2://nobody@127.0.0.1:{port}/nothing"
    app = create_app(settings.model_copy(update={"database_url": url}))
    result = app.test_cli_runner().invoke(args=list(words))
    assert result.exit_code == 1
    (said,) = result.stderr.splitlines()
    assert said.startswith("Error: The database does not answer: ")
    assert "`make run` starts one" in said


def test_there_is_no_command_of_another_name(settings: Settings) -> None:
    result = create_app(settings).test_cli_runner().invoke(args=["make-coffee"])
    assert result.exit_code == 2
    assert "No such command 'make-coffee'" in result.stderr
