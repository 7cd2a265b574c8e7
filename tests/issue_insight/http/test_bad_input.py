"""What people, programs and attackers send: nothing of it is ever answered with a 5xx."""

import io
import json

import pytest
from flask.testing import FlaskClient

from issue_insight.http import strict_json

JSON = "application/json"


def body(**fields: object) -> bytes:
    return json.dumps({"name": "Bear", **fields}).encode()


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "blank": (b"  \n", 400),
    "a broken object": (b'{"name": "Bear"', 400),
    "a trailing comma": (b'{"name": "Bear",}', 400),
    "two values": (b'{"name": "Bear"} {}', 400),
    "single quotes": (b"{'name': 'Bear'}", 400),
    "a comment": (b'{"name": "Bear"} // hi', 400),
    "a byte order mark": (b'\xef\xbb\xbf{"name": "Bear"}', 400),
    "UTF-16": ('{"name": "Bear"}'.encode("utf-16"), 400),
    "bytes that are no UTF-8": (b'{"name": "\xff\xfe"}', 400),
    "a surrogate in UTF-8": (b'{"name": "\xed\xa0\x80"}', 400),
    "NaN": (b'{"name": "Bear", "price": NaN}', 400),
    "Infinity": (b'{"name": "Bear", "price": Infinity}', 400),
    "minus Infinity": (b'{"name": "Bear", "price": -Infinity}', 400),
    "a float beyond doubles": (b'{"name": "Bear", "price": 1e400}', 400),
    "an integer beyond 64 bits": (b'{"name": "Bear", "price": 9223372036854775808}', 400),
    "an integer of 1,500 digits": (b'{"name": "Bear", "price": ' + b"9" * 1500 + b"}", 400),
    "a name twice": (b'{"name": "Bear", "name": "Bull"}', 400),
    "a name twice, once escaped": (b'{"name": "Bear", "n\\u0061me": "Bull"}', 400),
    "an inner name twice": (b'{"name": "Bear", "wheels": [{"size": 1, "size": 2}]}', 400),
    "deep lists": (b"[" * 900 + b"]" * 900, 400),
    "deep objects": (b'{"a":' * 300 + b"1" + b"}" * 300, 400),
    "deep lists unclosed": (b"[" * 2000, 400),
    "a raw control character": (b'{"name": "a\x01b"}', 400),
    "a raw NUL": (b'{"name": "a\x00b"}', 400),
    "an escaped NUL": (b'{"name": "a\\u0000b"}', 422),
    "a NUL in a name": (b'{"name": "Bear", "a\\u0000": 1}', 422),
    "a NUL in a list": (b'{"name": "Bear", "tags": ["a", "\\u0000"]}', 422),
    "a high surrogate": (b'{"name": "\\ud800"}', 422),
    "a low surrogate": (b'{"name": "\\udc00"}', 422),
    "swapped surrogates": (b'{"name": "\\udc00\\ud800"}', 422),
    "a surrogate in a name": (b'{"name": "Bear", "\\udfff": 1}', 422),
    "a list": (b"[]", 422),
    "null": (b"null", 422),
    "a string": (b'"Bear"', 422),
    "a number": (b"7", 422),
    "no name": (b"{}", 422),
    "a null name": (body(name=None), 422),
    "an empty name": (body(name=""), 422),
    "a number for a name": (body(name=7), 422),
    "a list for a name": (body(name=["Bear"]), 422),
    "an object for a name": (body(name={"a": 1}), 422),
    "a long name": (body(name="x" * 101), 422),
    "an unknown field": (body(colr="red"), 422),
    "a prototype": (body(__proto__={}), 422),
    "an unknown colour": (body(colour="mauve"), 422),
    "a number for a colour": (body(colour=1), 422),
    "a string for a number": (body(price="1"), 422),
    "a boolean for a number": (body(wheels=[{"size": True}]), 422),
    "a fraction for a whole number": (body(wheels=[{"size": 1.5}]), 422),
    "a number out of bounds": (body(wheels=[{"size": 100}]), 422),
    "a string for a boolean": (body(fragile="yes"), 422),
    "a string for a list": (body(tags="a"), 422),
    "an object for a list": (body(tags={"0": "a"}), 422),
    "a number for an instant": (body(made_at=1700000000), 422),
    "digits for an instant": (body(made_at="1700000000"), 422),
    "a date for an instant": (body(made_at="2026-01-01"), 422),
    "an instant without offset": (body(made_at="2026-01-01T00:00:00"), 422),
    "an impossible instant": (body(made_at="2026-02-30T00:00:00Z"), 422),
    "an instant before the year 1": (body(made_at="0001-01-01T00:00:00+14:00"), 422),
    "an instant in Arabic digits": (body(made_at="٢٠٢٦-01-01T00:00:00Z"), 422),
    "an instant of a leap second": (body(made_at="2016-12-31T23:59:60Z"), 422),
    "an instant for a date": (body(born="2026-01-01T10:00:00Z"), 422),
    "an impossible date": (body(born="2026-13-01"), 422),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_with(name: str, http: FlaskClient):
    raw, status = BODIES[name]
    response = http.post("/api/v1/toys", data=raw, content_type=JSON)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    if status == 422:
        assert response.json["errors"]


REQUESTS: dict[str, tuple[str, str, int]] = {
    "a NUL in the query": ("GET", "/api/v1/toys?tag=%00", 422),
    "a NUL in a query's name": ("GET", "/api/v1/toys?%00=1", 422),
    "a query that is no UTF-8": ("GET", "/api/v1/toys?tag=%FF", 400),
    "a surrogate in the query": ("GET", "/api/v1/toys?tag=%ED%A0%80", 400),
    "an overlong slash in the query": ("GET", "/api/v1/toys?tag=%C0%AF", 400),
    "a negative limit": ("GET", "/api/v1/toys?limit=-1", 422),
    "a limit of nothing": ("GET", "/api/v1/toys?limit=", 422),
    "a limit in words": ("GET", "/api/v1/toys?limit=ten", 422),
    "a fraction of a limit": ("GET", "/api/v1/toys?limit=1.5", 422),
    "an endless limit": ("GET", "/api/v1/toys?limit=" + "9" * 5000, 422),
    "a limit of NaN": ("GET", "/api/v1/toys?limit=nan", 422),
    "two limits": ("GET", "/api/v1/toys?limit=1&limit=2", 422),
    "an unknown parameter": ("GET", "/api/v1/toys?limt=1", 422),
    "a parameter without a name": ("GET", "/api/v1/toys?=1", 422),
    "brackets": ("GET", "/api/v1/toys?limit[]=1", 422),
    "an instant as a number": ("GET", "/api/v1/toys?since=1700000000", 422),
    "an instant with a space for its plus": (
        "GET",
        "/api/v1/toys?since=2026-01-01T00:00:00+01:00",
        422,
    ),
    "a made-up cursor": ("GET", "/api/v1/toys?cursor=abc", 422),
    "a cursor of other letters": ("GET", "/api/v1/toys?cursor=%C3%A4", 422),
    "an empty cursor": ("GET", "/api/v1/toys?cursor=", 422),
    "a NUL in the path": ("GET", "/api/v1/toys/%00", 404),
    "a NUL behind a number": ("GET", "/api/v1/toys/7%00", 404),
    "a path that is no UTF-8": ("GET", "/api/v1/faults/%FF", 404),
    "a surrogate in the path": ("GET", "/api/v1/faults/%ED%A0%80", 404),
    "a negative id": ("GET", "/api/v1/toys/-1", 404),
    "an id beyond 64 bits": ("GET", "/api/v1/toys/9223372036854775808", 404),
    "an id beyond 64 bits to delete": ("DELETE", "/api/v1/toys/9223372036854775808", 404),
    "an endless id": ("GET", "/api/v1/toys/" + "9" * 5000, 404),
    "an id in Arabic digits": ("GET", "/api/v1/toys/%D9%A3", 404),
    "a dotted path": ("GET", "/api/v1/toys/../../etc/passwd", 404),
    "an encoded slash": ("GET", "/api/v1/faults/a%2Fb", 404),
    "a doubled slash": ("GET", "/api//v1/toys", 404),
    "a trailing slash": ("GET", "/api/v1/toys/", 404),
    "a line break in the path": ("GET", "/api/v1/faults/a%0D%0AX-Evil:1", 404),
    "a very long path": ("GET", "/" + "a" * 10000, 404),
    "the wrong method": ("PUT", "/api/v1/toys", 405),
    "a method nobody knows": ("FROBNICATE", "/api/v1/toys", 405),
    "TRACE": ("TRACE", "/api/v1/toys", 405),
    "no body": ("POST", "/api/v1/toys", 400),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_with(name: str, http: FlaskClient):
    method, path, status = REQUESTS[name]
    response = http.open(path, method=method)
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    assert response.json["status"] == status


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/json; charset=latin-1",
        "multipart/form-data",
        "",
    ],
)
def test_a_body_of_another_type_is_unsupported(content_type: str, http: FlaskClient):
    response = http.post("/api/v1/toys", data=b'{"name": "Bear"}', content_type=content_type)
    assert response.status_code == 415


@pytest.mark.parametrize("content_type", ["application/merge-patch+json", f"{JSON}; charset=UTF-8"])
def test_other_names_of_json_are_taken(content_type: str, http: FlaskClient):
    response = http.post("/api/v1/toys", data=b'{"name": "Bear"}', content_type=content_type)
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        (b"note", b"fine", 201),
        (b"note", b"a\0b", 422),
        (b"a\0", b"x", 422),
        (b"other", b"x", 422),
        (b"file", b"x", 422),
    ],
)
def test_a_form_is_checked_like_any_body(
    field: bytes, value: bytes, status: int, http: FlaskClient
):
    part = b'--b\r\nContent-Disposition: form-data; name="'
    raw = part + b'file"; filename="a.txt"\r\n\r\nx\r\n'
    raw += part + field + b'"\r\n\r\n' + value + b"\r\n--b--\r\n"
    response = http.post(
        "/api/v1/parcels", data=raw, content_type="multipart/form-data; boundary=b"
    )
    assert response.status_code == status


def test_a_file_name_with_line_breaks_breaks_nothing(http: FlaskClient):
    raw = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\r\nX-Evil: 1"\r\n\r\nx'
    response = http.post(
        "/api/v1/parcels",
        data=raw + b"\r\n--b--\r\n",
        content_type="multipart/form-data; boundary=b",
    )
    assert response.status_code in (201, 400, 422)
    assert "X-Evil" not in response.headers


@pytest.mark.parametrize("raw", [b"", b"--b", b"--b--", b"x" * 500, b"--b\r\n\r\n\r\n--b--\r\n"])
def test_a_broken_form_is_refused(raw: bytes, http: FlaskClient):
    response = http.post(
        "/api/v1/parcels", data=raw, content_type="multipart/form-data; boundary=b"
    )
    assert response.status_code in (400, 422)


def test_a_body_above_the_limit_is_refused_before_it_is_read(http: FlaskClient):
    response = http.post("/api/v1/toys", data=b"x" * 2049, content_type=JSON)
    assert response.status_code == 413
    assert "2048 bytes" in response.json["detail"]


def test_a_body_of_unknown_length_is_cut_off_at_the_limit(http: FlaskClient):
    response = http.post(
        "/api/v1/toys",
        input_stream=io.BytesIO(b'{"name": "' + b"x" * 5000 + b'"}'),
        content_type=JSON,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert response.status_code == 413


def test_a_form_may_be_as_large_as_an_attachment(http: FlaskClient):
    sizes = {1024 * 1024: 201, 1024 * 1024 + 70_000: 413}
    for size, status in sizes.items():
        response = http.post("/api/v1/parcels", data={"file": (io.BytesIO(b"x" * size), "a")})
        assert response.status_code == status


def test_an_upload_that_the_view_reads_itself_may_be_as_large(http: FlaskClient):
    for size, status in {100_000: 204, 2_000_000: 413}.items():
        response = http.put("/api/v1/parcels/1/content", data=b"x" * size)
        assert response.status_code == status


def test_a_form_sent_to_a_view_of_json_is_bound_by_the_small_limit(http: FlaskClient):
    response = http.post("/api/v1/toys", data={"file": (io.BytesIO(b"x" * 5000), "a")})
    assert response.status_code == 413


def test_nesting_is_allowed_up_to_the_bound():
    deepest = strict_json.parse(b"[" * strict_json.MAX_DEPTH + b"]" * strict_json.MAX_DEPTH)
    assert list(strict_json.faults(deepest)) == []
    with pytest.raises(strict_json.MalformedJson):
        list(strict_json.faults([deepest, [deepest]]))


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_the_outermost_64_bit_integers_are_read(number: int):
    assert strict_json.parse(str(number).encode()) == number
