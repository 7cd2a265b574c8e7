"""Cursors are opaque, and worth something only where they were made."""

from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from issue_insight.errors import Invalid
from issue_insight.http.paging import CursorSigner, Page, cursors
from issue_insight.http.schema import Model
from issue_insight.settings import Settings

SIGNER = CursorSigner(b"secret")
VALUES = st.lists(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
)


@given(VALUES, st.text())
def test_what_is_sealed_can_be_opened(values, context):
    opened = SIGNER.open(SIGNER.seal(values, context), context)
    assert opened == values
    assert [type(value) for value in opened] == [type(value) for value in values]


def test_an_instant_keeps_its_microseconds_and_a_date_stays_a_date():
    instant = datetime(2026, 1, 1, 1, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    opened = SIGNER.open(SIGNER.seal([instant, date(2026, 1, 1)], "c"), "c")
    assert opened == [instant, date(2026, 1, 1)]


@given(st.text())
def test_what_was_never_sealed_is_refused(cursor):
    with pytest.raises(Invalid) as caught:
        SIGNER.open(cursor, "c")
    assert [fault.pointer for fault in caught.value.errors] == ["?cursor"]


def test_a_cursor_of_another_list_or_instance_is_refused():
    cursor = SIGNER.seal([1], "user 1")
    for signer, context in ((SIGNER, "user 2"), (CursorSigner(b"other"), "user 1")):
        with pytest.raises(Invalid):
            signer.open(cursor, context)


def test_a_changed_letter_is_noticed():
    cursor = SIGNER.seal(["2026", 42], "c")
    for place in range(len(cursor) - 1):  # the last letter may have bits that mean nothing
        other = "A" if cursor[place] != "A" else "B"
        with pytest.raises(Invalid):
            SIGNER.open(cursor[:place] + other + cursor[place + 1 :], "c")


@pytest.mark.parametrize(
    ("value", "error"), [(datetime(2026, 1, 1), ValueError), (object(), TypeError)]
)
def test_what_a_cursor_cannot_hold_is_refused(value, error):
    with pytest.raises(error):
        SIGNER.seal([value], "c")


def test_the_secret_key_makes_cursors_outlive_a_process():
    settings = Settings(_env_file=None, secret_key=SecretStr("s"))
    cursor = CursorSigner.from_settings(settings).seal([1], "c")
    assert CursorSigner.from_settings(settings).open(cursor, "c") == [1]


def test_without_a_secret_key_every_process_has_its_own():
    settings = Settings(_env_file=None)
    cursor = CursorSigner.from_settings(settings).seal([1], "c")
    with pytest.raises(Invalid):
        CursorSigner.from_settings(settings).open(cursor, "c")


def test_a_page_hands_out_a_cursor_it_takes_back(http: FlaskClient):
    cursor = http.get("/api/v1/toys").json["next"]
    assert http.get("/api/v1/toys", query_string={"cursor": cursor}).status_code == 200


def test_an_application_without_a_signer_says_so(toy: Flask):
    app = Flask("bare")
    app.extensions["issue_insight.cursors"] = SimpleNamespace()
    with app.app_context(), pytest.raises(TypeError, match="CursorSigner"):
        cursors()


def test_a_page_without_a_name_of_its_own_gets_one_that_reads_well():
    class Thing(Model):
        id: int

    assert Page[Thing].__name__ == "ThingPage"
