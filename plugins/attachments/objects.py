"""Where the objects of attachments are in the bucket, and which of them belong together.

Keys are random: nothing of the file, its sender or the issue is in them.
"""

from uuid import uuid4

from plugins.attachments.schemas import ThumbnailSize

STORED = "attachments/"
"""What attachments are; a presigned form is never made for a key in here."""
UPLOADED = "uploads/"
"""What was uploaded directly and is nothing before it is confirmed."""
DRAWN = "thumbnails/"
"""Thumbnails, each under the name of its attachment's object."""


def new_key(prefix: str) -> str:
    """Return a key that no object has."""
    return f"{prefix}{uuid4()}"


def thumbnail_key(object_key: str, size: int) -> str:
    """Return the key of a thumbnail of an attachment's object."""
    return f"{DRAWN}{object_key.removeprefix(STORED)}/{size:d}"


def owner_of(key: str) -> str:
    """Return the key of the attachment's object that the object of `key` is there for."""
    if not key.startswith(DRAWN):
        return key
    return STORED + key.removeprefix(DRAWN).rpartition("/")[0]


def all_of(object_key: str) -> tuple[str, ...]:
    """Return every key that may have an object because of an attachment's: its own comes last."""
    if not object_key.startswith(STORED):
        return (object_key,)
    return (*(thumbnail_key(object_key, size) for size in ThumbnailSize), object_key)
