"""The files of a built website: found once, sent as small and as cacheable as they can be."""

import gzip
import re
from base64 import b64encode
from dataclasses import dataclass, replace
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import Self

from flask import Request, Response

PAGE = "index.html"
"""The page for every address that is no file: the addresses within it are its own matter."""
_IMMUTABLE = "_app/immutable/"
"""Files whose names change with their content."""
_ENCODINGS = {"br": ".br", "gzip": ".gz"}
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json"}


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One file, with its compressed twins where the build made some."""

    content: bytes
    mimetype: str
    etag: str
    encoded: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Site:
    """A build held in memory: a name either is one of its files or is nothing."""

    files: dict[str, SiteFile]

    @classmethod
    def read(cls, directory: Path, prefix: str = "") -> Self | None:
        """Read the build in `directory`, for addresses below `prefix`; None where there is none."""
        if not (directory / PAGE).is_file():
            return None
        twins = tuple(_ENCODINGS.values())
        found = {
            path.relative_to(directory).as_posix(): _read(path)
            for path in sorted(directory.rglob("*"))
            if path.is_file() and path.suffix not in twins
        }
        if prefix:
            found[PAGE] = _moved(found[PAGE], prefix)
        return cls(found)

    def telling(self, name: str, json: str) -> Self:
        """Return the site with `json` in its page, as a block of data named `name`.

        A block of data is no script: it neither runs nor needs a word in the policy.
        """
        data = json.replace("<", "\\u003c")
        block = f'<script type="application/json" id="{name}">{data}</script>\n  </head>'
        content = self.files[PAGE].content.replace(b"</head>", block.encode(), 1)
        return replace(self, files=self.files | {PAGE: _page(content)})

    def script_hashes(self) -> tuple[str, ...]:
        """Return what a Content-Security-Policy calls the scripts written into the page."""
        scripts = _INLINE.findall(self.files[PAGE].content)
        digests = (b64encode(sha256(script).digest()).decode() for script in scripts)
        return tuple(f"'sha256-{digest}'" for digest in digests)

    def send(self, name: str, request: Request) -> Response:
        """Answer with a file, in the best encoding that `request` takes. Raises `KeyError`."""
        file = self.files[name]
        encoding = _preferred(file, request)
        response = Response(
            file.encoded[encoding] if encoding else file.content, mimetype=file.mimetype
        )
        # Each encoding is a representation of its own (RFC 9110, 8.8.3.3).
        response.set_etag(f"{file.etag}-{encoding}" if encoding else file.etag)
        if file.encoded:
            response.vary.add("Accept-Encoding")
        if encoding:
            response.content_encoding = encoding
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if name.startswith(_IMMUTABLE) else "no-cache"
        )
        response.make_conditional(request)
        return response


def _read(path: Path) -> SiteFile:
    content = path.read_bytes()
    twins = {name: path.with_name(path.name + end) for name, end in _ENCODINGS.items()}
    encoded = {name: twin.read_bytes() for name, twin in twins.items() if twin.is_file()}
    mimetype = _TYPES.get(path.suffix) or guess_type(path.name)[0] or "application/octet-stream"
    return SiteFile(content, mimetype, sha256(content).hexdigest()[:16], encoded)


def _moved(page: SiteFile, prefix: str) -> SiteFile:
    """Return the page, built for the root of a host, for a place below `prefix`.

    Only the page names addresses from the root: all else that is built is relative to itself.
    """
    content = re.sub(rb'"/(?=_app/|favicon)', f'"{prefix}/'.encode(), page.content)
    content = content.replace(b'base: ""', f'base: "{prefix}"'.encode())
    return _page(content)


def _page(content: bytes) -> SiteFile:
    """Return a page that was made here; the build has compressed it as it was before."""
    twins = {"gzip": gzip.compress(content, mtime=0)}
    return SiteFile(content, "text/html", sha256(content).hexdigest()[:16], twins)


def _preferred(file: SiteFile, request: Request) -> str | None:
    accepted = request.accept_encodings
    return next((name for name in _ENCODINGS if name in file.encoded and accepted[name] > 0), None)
