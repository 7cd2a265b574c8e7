"""A backup brings everything back, or nothing; a new one never harms those that are there."""

import fcntl
import io
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import inspect, text

from issue_insight import clock
from issue_insight.db import db
from issue_insight.storage import Storage
from issue_insight.testing.live import environment_of
from issue_insight.testing.tokens import sign_in
from tests.issue_insight.archive.conftest import Instance

NOT_COMPARED = {
    "job_runs": "what ran where; jobs run anew",
    "daily_stats_progress": "names transactions of the other server",
}
NOT_THE_SAME = {
    "events": {"tx"},  # numbers of transactions, of each server's own
    "daily_stats": {"computed_at"},
    "issue_packs": {"made"},
    "issue_packing": {"filled_at"},
    "issue_tallies": {"id", "number"},  # sums are compared
    "label_tallies": {"id", "number"},
}
NIGHT = datetime(2026, 11, 25, 2, tzinfo=UTC)


def back_up(instance: Instance, folder: Path, *options: str, at: datetime = NIGHT) -> Result:
    with clock.frozen(at):
        return instance.app.test_cli_runner().invoke(args=["backup", str(folder), *options])


def restore(instance: Instance, folder: Path, *options: str) -> Result:
    return instance.app.test_cli_runner().invoke(args=["restore", str(folder), *options])


def ok(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def storage_of(instance: Instance) -> Storage:
    storage: Storage = instance.app.extensions["issue_insight"].storage
    return storage


def everything(instance: Instance) -> dict[str, Any]:
    """Return every row of every table that there is, and every object that a row names."""
    for caches in ("stats", "insights"):
        ok(instance.app.test_cli_runner().invoke(args=[caches, "rebuild"]))
    held: dict[str, Any] = {}
    with instance.app.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql("SET TIME ZONE 'UTC'")
        for name in inspect(connection).get_table_names():
            if name in NOT_COMPARED:
                continue
            rows = connection.execute(text(f'SELECT to_jsonb(t) FROM "{name}" t')).scalars()
            left_out = NOT_THE_SAME.get(name, set())
            counted: Counter[str] = Counter()
            for row in rows:
                kept = sorted((k, v) for k, v in row.items() if k not in left_out)
                counted[repr(kept)] += row["number"] if name.endswith("_tallies") else 1
            held[name] = {row: count for row, count in counted.items() if count}
        keys = list(connection.execute(text("SELECT object_key FROM attachments")).scalars())
    for stored in storage_of(instance).list("attachments/"):
        if stored.key in keys:
            download = storage_of(instance).get(stored.key)
            held[stored.key] = (download.content_type, b"".join(download))
    return held


@pytest.fixture
def busy(full: Instance) -> Instance:
    """The full instance, also with what is of it alone: tokens, sessions, keys of requests."""
    full.ask("/me/tokens", "POST", json={"name": "script", "scope": "read", "expires_in_days": 7})
    title = {"project": "WEB", "title": "Once"}
    full.ask("/issues", "POST", json=title, headers={"Idempotency-Key": '"once"'})
    return full


def test_a_restored_instance_has_every_row_and_object_of_the_first(
    busy: Instance, empty: Instance, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    assert "2 files, 2 of them new" in ok(back_up(busy, folder))
    assert "2 files are in" in ok(restore(empty, folder))
    first, second = everything(busy), everything(empty)
    assert set(first) == set(second)
    for name, held in first.items():
        assert second[name] == held, name
    for name in ("api_tokens", "sessions", "idempotency_keys", "events", "issue_stays"):
        assert first[name], f"nothing was compared in {name}"
    assert len([name for name in first if name.startswith("attachments/")]) == 2
    # The next of everything has a number that nothing had.
    sign_in(empty.client, "admin")
    new = empty.ask("/issues", "POST", json={"project": "WEB", "title": "New"})
    assert new["key"] == "WEB-6"


def test_the_next_backup_copies_only_what_is_new(busy: Instance, tmp_path: Path) -> None:
    ok(back_up(busy, tmp_path))
    file = {"file": (io.BytesIO(b"later"), "later.txt")}
    busy.ask("/issues/WEB-1/attachments", "POST", data=file)
    later = NIGHT + timedelta(days=1)
    assert "3 files, 1 of them new" in ok(back_up(busy, tmp_path, at=later))
    names = sorted(path.name for path in tmp_path.glob("*.zip"))
    assert names == ["2026-11-25T020000Z.zip", "2026-11-26T020000Z.zip"]


def test_only_so_many_are_kept_with_the_objects_that_they_need(
    busy: Instance, empty: Instance, tmp_path: Path
) -> None:
    ok(back_up(busy, tmp_path))
    attachment = busy.ask("/issues/WEB-1/attachments")["items"][0]["id"]
    assert busy.client.delete(f"/api/v1/attachments/{attachment}").status_code == 204
    said = back_up(busy, tmp_path, "--keep", "1", at=NIGHT + timedelta(days=1))
    assert "1 older backups were removed" in ok(said)
    assert "1 files are named, but not in the bucket" in said.output
    assert len([path for path in tmp_path.glob("objects/*/*") if path.is_file()]) == 1
    ok(restore(empty, tmp_path))


def test_an_older_one_can_be_chosen(busy: Instance, empty: Instance, tmp_path: Path) -> None:
    ok(back_up(busy, tmp_path))
    busy.ask("/issues", "POST", json={"project": "WEB", "title": "Of the second day"})
    ok(back_up(busy, tmp_path, at=NIGHT + timedelta(days=1)))
    unknown = restore(empty, tmp_path, "--backup", "2020-01-01T000000Z")
    assert (unknown.exit_code, "There is no backup 2020-01-01" in unknown.output) == (1, True)
    ok(restore(empty, tmp_path, "--backup", "2026-11-25T020000Z"))
    with empty.app.app_context(), db.engine.connect() as connection:
        found = text("SELECT count(*) FROM issues WHERE title = 'Of the second day'")
        assert connection.execute(found).scalar() == 0


def test_a_damaged_one_is_refused_with_the_place_and_mended_by_the_next(
    busy: Instance, empty: Instance, tmp_path: Path
) -> None:
    ok(back_up(busy, tmp_path))
    damaged = next(path for path in tmp_path.glob("objects/*/*") if path.is_file())
    sound = damaged.read_bytes()
    for spoiled in (bytes([sound[0] ^ 1]) + sound[1:], sound[:-1], b""):
        damaged.write_bytes(spoiled)
        refused = restore(empty, tmp_path)
        assert refused.exit_code == 1
        assert damaged.name in refused.output.replace("\n", "")
        assert "Nothing was stored." in refused.output
    assert "1 of them new" in ok(back_up(busy, tmp_path, at=NIGHT + timedelta(days=1)))
    assert damaged.read_bytes() == sound

    archive = tmp_path / "2026-11-26T020000Z.zip"
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    refused = restore(empty, tmp_path)
    assert (refused.exit_code, "is no whole zip file" in refused.output) == (1, True)
    # It is no base for the next one, and does not stand in its way.
    archive.unlink()
    ok(back_up(busy, tmp_path, at=NIGHT + timedelta(days=2)))
    ok(restore(empty, tmp_path))


def test_the_command_by_itself_knows_every_table(busy: Instance, tmp_path: Path) -> None:
    """It is alone in its process: here, other tests have loaded what it would have to load."""
    with busy.app.app_context(), db.engine.begin() as connection:
        connection.execute(text("INSERT INTO issue_pack_changes (issue_id) SELECT id FROM issues"))
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "backup", str(tmp_path / "backups")],
        env={**os.environ, **environment_of(busy.app.extensions["issue_insight"].settings)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interrupted_one_leaves_the_former_whole(
    busy: Instance, empty: Instance, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    ok(back_up(busy, folder))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    file = {"file": (io.BytesIO(b"later"), "later.txt")}
    busy.ask("/issues/WEB-1/attachments", "POST", data=file)
    settings = busy.app.extensions["issue_insight"].settings
    with busy.app.app_context(), db.engine.begin() as locking:
        # It copies files first, then waits for this table: killed there, it is half done.
        locking.execute(text("LOCK TABLE saved_views IN ACCESS EXCLUSIVE MODE"))
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "backup", str(folder)],
            env={**os.environ, **environment_of(settings)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        with db.engine.connect() as looking:
            while not looking.execute(waits).scalar():
                looking.rollback()
                assert process.poll() is None, process.communicate()[0]
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert list(folder.glob(".*.zip.*")), "it was not killed amid its work"
    assert {path: path.read_bytes() for path in before} == before
    ok(restore(empty, folder))
    # The next one clears away what is left of it, and uses what it had copied.
    ok(back_up(busy, folder, at=NIGHT + timedelta(days=1)))
    assert not list(folder.glob(".*.zip.*"))


def test_a_file_removed_in_that_moment_is_told_of_as_removed(
    busy: Instance, empty: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attachment = busy.ask("/issues/WEB-1/attachments")["items"][0]["id"]
    storage = storage_of(busy)
    listing, calls = storage.list, []

    def removed_meanwhile(prefix: str) -> Any:
        calls.append(prefix)
        if len(calls) == 2:  # the rows are read, their files not yet looked for
            assert busy.client.delete(f"/api/v1/attachments/{attachment}").status_code == 204
        return listing(prefix)

    monkeypatch.setattr(storage, "list", removed_meanwhile)
    ok(back_up(busy, tmp_path))
    assert len(calls) == 3
    ok(restore(empty, tmp_path))
    with empty.app.app_context(), db.engine.connect() as connection:
        removed = text("SELECT removed_at FROM attachments WHERE id = :id")
        assert connection.execute(removed, {"id": attachment}).scalar() is not None


def test_what_cannot_be_is_refused_in_one_line(
    busy: Instance, empty: Instance, tmp_path: Path
) -> None:
    nothing = restore(empty, tmp_path)
    assert (nothing.exit_code, "There is no backup in" in nothing.output) == (1, True)
    ok(back_up(busy, tmp_path))
    filled = restore(busy, tmp_path)
    assert filled.exit_code == 1
    assert "This instance is not empty (there are rows in " in filled.output
    half = empty.run("import", tmp_path / "2026-11-25T020000Z.zip")
    assert (half.exit_code, "flask restore" in half.output) == (1, True)
    twice = back_up(busy, tmp_path)
    assert (twice.exit_code, "is there already" in twice.output) == (1, True)
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        busy_now = back_up(busy, tmp_path, at=NIGHT + timedelta(days=1))
    assert (busy_now.exit_code, "Another backup is being made" in busy_now.output) == (1, True)
    assert len(list(tmp_path.glob("*.zip"))) == 1
