"""What cannot be imported is refused in one line, and nothing of it is stored."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from sqlalchemy import text

from issue_insight.db import db
from issue_insight.storage import Storage
from tests.issue_insight.archive.conftest import Instance

Members = dict[str, bytes]


def manifest(members: Members) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(members["manifest.json"])
    return said


def changed(**said: Any) -> Callable[[Members], None]:
    """Say something else in the manifest."""

    def change(members: Members) -> None:
        members["manifest.json"] = json.dumps(manifest(members) | said).encode()

    return change


def rows(table: str, change: Callable[[bytes], bytes]) -> Callable[[Members], None]:
    """Change the rows of a table, and the manifest so that it agrees."""

    def change_both(members: Members) -> None:
        name = f"tables/{table}.jsonl"
        members[name] = change(members[name])
        said = manifest(members)
        said["tables"][table] |= {
            "rows": members[name].count(b"\n"),
            "size": len(members[name]),
            "sha256": hashlib.sha256(members[name]).hexdigest(),
        }
        members["manifest.json"] = json.dumps(said).encode()

    return change_both


def without(name: str) -> Callable[[Members], None]:
    return lambda members: members.pop(name) and None


def with_file(name: str) -> Callable[[Members], None]:
    return lambda members: members.update({name: b"x"})


def another_object(members: Members) -> None:
    """Let the archive bring an object that no row names."""
    line = {"key": "zzz", "content_type": "a/b", "size": 1, "sha256": ""}
    line["sha256"] = hashlib.sha256(b"x").hexdigest()
    members["objects/zzz"] = b"x"
    members["objects.jsonl"] += json.dumps(line).encode() + b"\n"
    said = manifest(members)
    said["objects"] = {
        "rows": members["objects.jsonl"].count(b"\n"),
        "size": len(members["objects.jsonl"]),
        "sha256": hashlib.sha256(members["objects.jsonl"]).hexdigest(),
    }
    members["manifest.json"] = json.dumps(said).encode()


def flipped(members: Members) -> None:
    name = next(name for name in members if name.startswith("objects/"))
    members[name] = bytes([members[name][0] ^ 1]) + members[name][1:]


REFUSALS: dict[str, tuple[Callable[[Members], None], str]] = {
    "another format": (changed(format="x"), "makes no sense"),
    "another version": (changed(version=2), "of version 2 of the format"),
    "other migrations": (changed(revisions={"built-in": ["0001"]}), "of other migrations"),
    "a plugin that is not here": (
        lambda members: changed(
            tables=manifest(members)["tables"] | {"strange": manifest(members)["tables"]["labels"]}
        )(members),
        "no plugin here knows: strange",
    ),
    "no manifest": (without("manifest.json"), "no archive of Issue Insight"),
    "a manifest that is no JSON": (
        lambda members: members.update({"manifest.json": b"{"}),
        "makes no sense",
    ),
    "a manifest without end": (
        lambda members: members.update({"manifest.json": b" " * 2_000_000}),
        "too long",
    ),
    "a missing table": (without("tables/issues.jsonl"), "other files than its manifest says"),
    "a file too many": (with_file("tables/more.jsonl"), "other files than its manifest says"),
    "a path out of it": (with_file("../../etc/passwd"), "other files than its manifest says"),
    "a changed row": (
        lambda members: members.update(
            {"tables/issues.jsonl": members["tables/issues.jsonl"].replace(b"Second", b"second")}
        ),
        "damaged: tables/issues.jsonl",
    ),
    "a changed object": (flipped, "damaged: objects/"),
    "more bytes than announced": (
        lambda members: members.update({"tables/labels.jsonl": b"\n" * 50_000_000}),
        "damaged: tables/labels.jsonl",
    ),
    "an object of no row": (another_object, "No row of the archive names the file 'zzz'"),
    "rows that are no JSON": (rows("labels", lambda _: b"nonsense\n"), "do not fit"),
    "rows that are no UTF-8": (rows("labels", lambda _: b'"\xff"\n'), "do not fit"),
    "a last row without end": (rows("labels", lambda said: said + b"{}"), "has no end"),
    "rows that break a rule": (
        rows("issues", lambda said: said.replace(b'"open"', b'"opened"')),
        "do not fit",
    ),
    "a row that refers to nothing": (
        rows("comments", lambda said: said.replace(b'"issue_id": ', b'"issue_id": 99')),
        "do not fit",
    ),
}


@pytest.fixture
def archive(full: Instance, tmp_path: Path) -> Path:
    assert full.run("export", tmp_path / "a.zip").exit_code == 0
    return tmp_path / "a.zip"


def assert_refused(empty: Instance, archive: Path, why: str) -> None:
    result = empty.run("import", archive)
    assert result.exit_code == 1, result.output
    assert why in result.output
    assert "Nothing was stored." in result.output
    assert len(result.output.strip().splitlines()) == 1
    with empty.app.app_context(), db.engine.connect() as connection:
        for table in ("users", "projects", "issues", "events"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_what_is_no_sound_archive(empty: Instance, archive: Path, tmp_path: Path) -> None:
    with ZipFile(archive) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    for name, (change, why) in REFUSALS.items():
        tampered = dict(members)
        change(tampered)
        path = tmp_path / f"{name}.zip"
        with ZipFile(path, "w", ZIP_DEFLATED) as made:
            for member, content in tampered.items():
                made.writestr(member, content)
        assert_refused(empty, path, why)
    storage: Storage = empty.app.extensions["issue_insight"].storage
    assert list(storage.list("zzz")) == []


def test_what_is_no_whole_zip(empty: Instance, archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    middle = len(whole) // 2
    spoiled = whole[:middle] + bytes(byte ^ 0xFF for byte in whole[middle : middle + 20])
    for name, content in {
        "empty": b"",
        "text": b"hello",
        "cut off": whole[:middle],
        "spoiled": spoiled + whole[middle + 20 :],
    }.items():
        path = tmp_path / f"{name}.zip"
        path.write_bytes(content)
        assert_refused(empty, path, "")


def test_an_instance_that_is_not_empty(full: Instance, archive: Path) -> None:
    before = full.answers()
    result = full.run("import", archive)
    assert result.exit_code == 1
    assert "This instance is not empty (there are rows in " in result.output
    assert full.answers() == before


def test_files_that_cannot_be(full: Instance, tmp_path: Path) -> None:
    nowhere = full.run("export", tmp_path / "no" / "a.zip")
    assert (nowhere.exit_code, "There is no folder" in nowhere.output) == (1, True)
    assert full.run("import", tmp_path / "none.zip").exit_code == 2
