"""Draws one thumbnail, as a program of its own: an image file on its input, WebP on its output.

    python -I drawing.py FORMAT SIDE PIXELS

What strangers upload is decoded here and nowhere else, in a process that may use so much memory
and time and that nothing else lives in. It ends with `UNDRAWABLE` for an image it cannot draw.
Nothing of the file but its pixels goes out: no place, camera or profile.
"""

import io
import sys
import warnings
from typing import BinaryIO

UNDRAWABLE = 65
"""EX_DATAERR of sysexits.h."""

_MEMORY = 512 * 1024 * 1024
_SECONDS = 5


def draw(data: BinaryIO, kind: str, side: int, pixels: int) -> bytes:
    """Return the first image of a file, upright, in WebP, fitting a square of `side` pixels.

    Raises whatever a broken image makes the library raise.
    """
    from PIL import Image, ImageOps

    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = pixels
    image: Image.Image = Image.open(data, formats=(kind,))
    # A JPEG is decoded at an eighth of its size where that is enough.
    image.draft("RGB", (2 * side, 2 * side))
    image.load()
    orientation = image.getexif()
    seen = "RGBA" if image.has_transparency_data else "RGB"
    reduced = image if image.mode == seen else image.convert(seen)
    reduced.thumbnail((side, side), reducing_gap=2.0)
    reduced.getexif().update(orientation)
    drawn = ImageOps.exif_transpose(reduced)
    held = io.BytesIO()
    drawn.save(held, "WEBP", quality=80, exif=b"", icc_profile=b"", xmp=b"")
    return held.getvalue()


def _bound() -> None:
    """Give this process its bounds, which it cannot take back."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # elsewhere the bound is not kept to, or refused
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def main() -> int:
    """Draw what the arguments say; return the status to exit with."""
    kind, side, pixels = sys.argv[1:]
    _bound()
    try:
        drawn = draw(sys.stdin.buffer, kind, int(side), int(pixels))
    except ImportError:
        raise
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return UNDRAWABLE
    sys.stdout.buffer.write(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
