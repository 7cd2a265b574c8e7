"""Forms as they arrive, in pieces, broken off, lying."""

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issue_insight.errors import Invalid, TooLarge, UnsupportedType
from plugins.attachments.receiving import IncomingFile, Measured
from tests.plugins.attachments.corpus import PNG

FORM = "multipart/form-data; boundary=cut"


def part(data: bytes, field: str = "file", filename: str | None = "a.txt") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    head = f'--cut\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'
    return head.encode() + data + b"\r\n"


END = b"--cut--\r\n"


class Dribble(io.BytesIO):
    """Gives at most `piece` bytes at a time."""

    def __init__(self, data: bytes, piece: int) -> None:
        super().__init__(data)
        self._piece = piece

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, self._piece))


def received(body: bytes, piece: int = 1 << 20, content_type: str = FORM) -> tuple[str, bytes]:
    file = IncomingFile(Dribble(body, piece), content_type)
    data = b"".join(iter(lambda: file.read(10_000), b""))
    assert file.read(1) == b""
    return file.name, data


tricky = st.lists(st.sampled_from([b"\r", b"\n", b"-", b"--", b"cut", b"x"])).map(b"".join)


@given(
    st.one_of(st.binary(max_size=300), tricky.filter(lambda data: b"--cut" not in data)),
    st.integers(1, 60),
)
def test_any_bytes_arrive_whole_however_they_are_cut(data: bytes, piece: int) -> None:
    assert received(part(data) + END, piece) == ("a.txt", data)


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"\r\n--cu",
        b"\r\n--cut\r",
        b"\r\n--cut-\r\n--cu",
        b"\n--cut\n",
        b"\r\n--cut?",
        b"\r\r\n-",
        b"x" * 20_000 + b"\r\n--cutter\r\n" + b"\r" * 7_000,
    ],
)
@pytest.mark.parametrize("piece", [1 << 20, 4099, 1])
def test_what_looks_like_the_end_is_not(data: bytes, piece: int) -> None:
    assert received(part(data) + END, piece) == ("a.txt", data)


def test_a_part_may_end_with_its_headers() -> None:
    empty = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n--cut--'
    for piece in (1, 1000):
        assert received(empty, piece) == ("a.txt", b"")


def test_other_fields_around_the_file_are_passed_over() -> None:
    body = (
        part(b"hello", "comment", None)
        + part(b"other", "picture", "p.png")
        + part(b"the file")
        + part(b"x" * 50, "after", None)
        + END
        + b"epilogue"
    )
    assert received(body) == ("a.txt", b"the file")


def test_a_form_without_the_file_is_refused_by_its_field() -> None:
    for body in (END, part(b"x", "other") + END, part(b"text", "file", None) + END):
        with pytest.raises(Invalid) as refusal:
            received(body)
        assert [error.pointer for error in refusal.value.errors] == ["/file"]


def test_two_files_are_refused() -> None:
    with pytest.raises(Invalid, match="one file"):
        received(part(b"1") + part(b"2") + END)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--cut\r\n",
        part(b"half of i")[:-2],
        part(b"whole, but the form goes on"),
        b"--cut\r\nContent-Type: text/plain\r\n\r\nx\r\n" + END,
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="\xff"\r\n\r\nx\r\n' + END,
        b"no form at all",
    ],
)
def test_half_a_form_is_never_a_whole_file(body: bytes) -> None:
    with pytest.raises(Invalid):
        received(body)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/mixed; boundary=cut",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=" + "x" * 201,
        'multipart/form-data; boundary="é"',
    ],
)
def test_anything_but_a_form_is_unsupported(content_type: str) -> None:
    with pytest.raises(UnsupportedType):
        received(part(b"x") + END, content_type=content_type)


def test_endless_headers_and_many_parts_are_too_large() -> None:
    with pytest.raises(TooLarge):
        received(b"--cut\r\nX: " + b"y" * 100_000)
    with pytest.raises(TooLarge):
        received(part(b"x", "other", None) * 20 + part(b"x") + END)


def test_the_limit_is_the_last_byte_allowed() -> None:
    measured = Measured(io.BytesIO(PNG), len(PNG))
    assert b"".join(iter(lambda: measured.read(7), b"")) == PNG
    assert measured.size == len(PNG)
    assert measured.sha256 == hashlib.sha256(PNG).hexdigest()
    assert measured.content_type == "image/png"
    with pytest.raises(TooLarge, match=f"{len(PNG) - 1} bytes"):
        Measured(io.BytesIO(PNG), len(PNG) - 1).read(1000)


def test_nothing_is_no_file() -> None:
    with pytest.raises(Invalid, match="empty"):
        Measured(io.BytesIO(b""), 10).read(10)


def test_no_more_is_read_than_what_shows_that_it_is_too_much() -> None:
    endless = Dribble(b"x" * 1_000_000, 1000)
    measured = Measured(endless, 5_500)
    with pytest.raises(TooLarge):
        b"".join(iter(lambda: measured.read(1000), b""))
    assert endless.tell() == 6_000
