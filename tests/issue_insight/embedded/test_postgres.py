"""The embedded PostgreSQL: starts, keeps, heals, and says clearly what it cannot mend."""

import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from issue_insight.embedded import (
    EmbeddedError,
    Postgres,
    running_postgres,
    start_postgres,
    stop_postgres,
)
from issue_insight.embedded.processes import alive


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory with a short path, as unix sockets want it; nothing runs on it afterwards."""
    made = Path(tempfile.mkdtemp(prefix="ii-"))
    yield made
    stop_postgres(made)
    shutil.rmtree(made)


def _say(postgres: Postgres, statement: str) -> object:
    engine = create_engine(postgres.url(), poolclass=NullPool)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


def test_it_starts_from_nothing_and_keeps_its_data(directory: Path) -> None:
    first = start_postgres(directory)
    assert str(_say(first, "SHOW server_version")).startswith("18")
    _say(first, "CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()
    assert not alive(first.process)
    second = start_postgres(directory)
    assert _say(second, "SELECT answer FROM kept") == 42


def test_it_listens_on_no_network_address(directory: Path) -> None:
    postgres = start_postgres(directory)
    assert _say(postgres, "SHOW listen_addresses") == ""
    assert not [c for c in postgres.process.net_connections("inet") if c.status == "LISTEN"]


def test_only_its_owner_can_open_the_socket_and_read_the_files(directory: Path) -> None:
    postgres = start_postgres(directory)
    assert stat.S_IMODE(postgres.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((postgres.socket_dir / ".s.PGSQL.5432").stat().st_mode) == 0o700


def test_it_sorts_alike_on_every_machine_and_keeps_time_in_utc(directory: Path) -> None:
    postgres = start_postgres(directory)
    assert _say(postgres, "SHOW timezone") == "UTC"
    assert (
        _say(postgres, "SELECT datlocale FROM pg_database WHERE datname = current_database()")
        == "C.UTF-8"
    )


def test_the_settings_of_the_caller_do_not_reach_it(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    assert _say(start_postgres(directory), "SELECT 1") == 1


def test_what_a_killed_run_left_running_is_stopped_and_its_data_kept(directory: Path) -> None:
    left = start_postgres(directory)
    _say(left, "CREATE TABLE kept AS SELECT 42 AS answer")
    found = running_postgres(directory)
    assert found is not None
    assert found.process.pid == left.process.pid
    again = start_postgres(directory)
    assert not alive(left.process)
    assert _say(again, "SELECT answer FROM kept") == 42


def test_a_server_killed_outright_recovers_what_was_committed(directory: Path) -> None:
    killed = start_postgres(directory)
    _say(killed, "CREATE TABLE kept AS SELECT 42 AS answer")
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait()
    assert _say(start_postgres(directory), "SELECT answer FROM kept") == 42


def test_a_stale_pid_file_that_names_another_process_does_not_keep_it_down(
    directory: Path,
) -> None:
    start_postgres(directory).stop()
    pid_file = directory / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{directory / 'postgres'}\n")
    assert _say(start_postgres(directory), "SELECT 1") == 1
    assert psutil.pid_exists(os.getpid())


def test_a_pid_file_cut_short_does_not_keep_it_down(directory: Path) -> None:
    start_postgres(directory).stop()
    (directory / "postgres" / "postmaster.pid").write_text("")
    assert _say(start_postgres(directory), "SELECT 1") == 1


def test_a_cluster_whose_making_was_interrupted_is_made_anew(directory: Path) -> None:
    (directory / "postgres.new" / "base").mkdir(parents=True)
    (directory / "postgres").mkdir()
    assert _say(start_postgres(directory), "SELECT 1") == 1
    assert not (directory / "postgres.new").exists()


@pytest.mark.parametrize("part", ["PG_VERSION", "global/pg_control"])
def test_a_damaged_cluster_is_refused_and_left_alone(directory: Path, part: str) -> None:
    start_postgres(directory).stop()
    (directory / "postgres" / part).unlink()
    with pytest.raises(EmbeddedError, match=f"incomplete \\({part} is missing\\)"):
        start_postgres(directory)
    assert (directory / "postgres" / "base").exists()


def test_a_cluster_of_another_version_is_refused(directory: Path) -> None:
    start_postgres(directory).stop()
    (directory / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match="is of PostgreSQL 16"):
        start_postgres(directory)


def test_a_file_in_the_place_of_the_cluster_is_refused(directory: Path) -> None:
    (directory / "postgres").write_text("")
    with pytest.raises(EmbeddedError, match="is not a directory"):
        start_postgres(directory)


def test_what_the_server_itself_refuses_is_said_in_its_words(directory: Path) -> None:
    start_postgres(directory).stop()
    (directory / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedError, match=r"did not start: .*configuration file"):
        start_postgres(directory)


def test_a_path_too_long_for_a_socket_gets_its_socket_elsewhere(directory: Path) -> None:
    deep = directory / ("x" * 120)
    deep.mkdir()
    postgres = start_postgres(deep)
    try:
        assert postgres.socket_dir != postgres.data
        assert _say(postgres, "SELECT 1") == 1
        found = running_postgres(deep)
        assert found is not None
        assert found.socket_dir == postgres.socket_dir
    finally:
        postgres.stop()
    assert not postgres.socket_dir.exists()


def test_a_path_too_long_everywhere_is_said_clearly(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = directory / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(EmbeddedError, match="too long a path for a unix socket"):
        start_postgres(deep)


def test_a_database_is_made_once_and_can_copy_another(directory: Path) -> None:
    postgres = start_postgres(directory)
    _say(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
    for _ in range(2):
        postgres.create_database("copy", template="issue_insight")
    url = make_url(postgres.url("copy"))
    connection = psycopg2.connect(dbname="copy", user=url.username, **url.query)
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM kept")
        assert cursor.fetchone() == (42,)
    connection.close()
