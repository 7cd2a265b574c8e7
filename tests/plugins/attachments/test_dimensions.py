"""How large an image says it is, held to what a decoder says."""

import io
import struct

import pytest
from PIL import Image

from plugins.attachments.dimensions import MAX_SIDE, of_image
from tests.plugins.attachments import corpus


def encoded(kind: str, size: tuple[int, int], mode: str = "RGB", **options: object) -> bytes:
    """Return an image of one colour."""
    held = io.BytesIO()
    Image.new(mode, size).save(held, kind, **options)
    return held.getvalue()


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "a camera that is nobody's business"
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("size", [(1, 1), (300, 7), (257, 1025)])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("GIF", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": turned(1)}),
    ],
)
def test_width_and_height_are_those_of_a_decoder(
    kind: str, options: dict[str, object], size: tuple[int, int]
) -> None:
    data = encoded(kind, size, **options)
    assert of_image(f"image/{kind.lower()}", data) == size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_as_wide_as_it_is_seen(orientation: int) -> None:
    data = encoded("JPEG", (30, 20), exif=turned(orientation))
    assert of_image("image/jpeg", data) == ((30, 20) if orientation < 5 else (20, 30))


def test_a_size_behind_a_large_profile_is_found() -> None:
    data = encoded("JPEG", (30, 20), icc_profile=bytes(150_000))
    assert of_image("image/jpeg", data) == (30, 20)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_beginning_of_any_length_is_no_trouble(kind: str) -> None:
    data = encoded(kind, (30, 20), **({"exif": turned(6)} if kind == "JPEG" else {}))
    seen = {of_image(f"image/{kind.lower()}", data[:end]) for end in range(len(data))}
    assert seen == {None, (20, 30) if kind == "JPEG" else (30, 20)}


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (MAX_SIDE + 1, 1), (2**32 - 1, 2**32 - 1)])
def test_a_size_that_cannot_be_is_none(size: tuple[int, int]) -> None:
    head = corpus.PNG[:16] + struct.pack(">II", *size) + corpus.PNG[24:]
    assert of_image("image/png", head) is None


@pytest.mark.parametrize("kind", ["image/avif", "text/plain", "application/pdf"])
def test_of_other_types_nothing_is_told(kind: str) -> None:
    assert of_image(kind, corpus.PNG) is None
