"""An archive holds everything: an instance made from it answers as the first one did."""

import json
from pathlib import Path
from zipfile import ZipFile

from issue_insight.storage import Storage
from issue_insight.testing.tokens import sign_in
from tests.issue_insight.archive.conftest import Instance


def test_an_instance_comes_back_byte_by_byte(
    full: Instance, empty: Instance, tmp_path: Path
) -> None:
    before = full.answers()
    assert before["list"]["total"] == 3
    assert len(before["files"]["items"]) == 2
    assert before["words"]["items"]
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    out = full.run("export", first)
    assert out.exit_code == 0, out.output
    assert "2 files" in out.output

    back = empty.run("import", first)
    assert back.exit_code == 0, back.output
    assert empty.run("export", second).exit_code == 0
    assert second.read_bytes() == first.read_bytes()

    # Tokens of the first instance's local sign-in are of another key.
    sign_in(empty.client, "admin")
    after = empty.answers()
    for name, said in before.items():
        assert after[name] == said, name

    new = empty.ask("/issues", "POST", json={"project": "WEB", "title": "New"})
    assert new["key"] == "WEB-5"
    empty.ask("/issues/WEB-1/comments", "POST", json={"body": "another"})
    empty.ask("/views", "POST", json={"name": "Another", "q": ""})
    daily = empty.app.test_cli_runner().invoke(args=["stats", "rebuild"])
    assert daily.exit_code == 0, daily.output
    checked = empty.app.test_cli_runner().invoke(args=["stats", "verify"])
    assert checked.exit_code == 0, checked.output


def test_the_manifest_says_what_is_in_it(full: Instance, tmp_path: Path) -> None:
    assert full.run("export", tmp_path / "a.zip").exit_code == 0
    with ZipFile(tmp_path / "a.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        issues = archive.read("tables/issues.jsonl").splitlines()
        events = json.loads(archive.read("tables/events.jsonl").splitlines()[0])
    assert manifest["tables"]["issues"]["rows"] == len(issues) == 4
    assert [json.loads(line)["number"] for line in issues] == [1, 2, 3, 4]
    assert "tx" not in events
    assert not {"job_runs", "daily_stats", "idempotency_keys"} & set(manifest["tables"])


def test_an_object_that_is_not_there_is_counted(
    full: Instance, empty: Instance, tmp_path: Path
) -> None:
    storage: Storage = full.app.extensions["issue_insight"].storage
    key = next(storage.list("attachments/")).key
    storage.delete(key)
    out = full.run("export", tmp_path / "a.zip")
    assert out.exit_code == 0
    assert "1 files are named, but not in the bucket" in out.output
    assert empty.run("import", tmp_path / "a.zip").exit_code == 0


def test_a_file_that_is_there_is_not_overwritten(full: Instance, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("mine")
    out = full.run("export", tmp_path / "a.zip")
    assert out.exit_code == 1
    assert "is there already" in out.output
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.zip"]
    assert (tmp_path / "a.zip").read_text() == "mine"
