"""Packs of issues: numbers from them are those of the rows, whatever changes, and when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.testing import cleaning
from plugins.insights import packed, packing, services
from plugins.insights.asked import Asked
from plugins.insights.calendar import stretches, worked_until
from plugins.insights.fields import By, Calendar
from plugins.insights.quick.arrays import cells, counted, percentiles, worked
from plugins.insights.quick.arrays import packed as packed_instants
from plugins.issues import services as issues
from tests.plugins.insights.cases import World, case_of
from tests.plugins.insights.recount import Past
from tests.plugins.stats.conftest import NOW, History

FILTERS = (
    *("", "project:app", "project:WEB,APP", "-project:APP", "project:NONE", "status:open,triaged"),
    *("status:In-Progress", "severity:high", "severity>=high", "severity<high", "severity:none"),
    *("severity:any", "-severity:high", "resolution:declined", "-resolution:fixed"),
    *("resolution:none", "assignee:none", "assignee:any", "assignee:@me", "-assignee:@me"),
    *("reporter:@me", "is:open", "is:closed", "is:confidential", "-is:confidential"),
    *("has:severity", "-has:assignee", "severity:high OR is:open", "-(is:open OR severity:low)"),
    *("created:2025-10-10..2025-10-26", "created>2025-10-12", "created<2025-10-08", "closed:any"),
    *("-closed:..2025-10-20", "closed:none", "closed<=2025-10-20", "created>=2025-10-05"),
    *("project:WEB severity:high,low -is:closed", "resolution:fixed OR resolution:declined"),
)
METRICS = (
    *("created-resolved", "throughput", "lead-time", "cycle-time", "time-to-triage"),
    *("first-response", "time-in-status", "aging", "reopen-rate", "severity-mix", "survival"),
    *("compare", "signals"),
)


def test_packs_answer_what_the_rows_do(
    clean_database: Engine,
    _seeded: frozenset[str],  # noqa: PT019 (a set of names)
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from_packs = 0
    for number in range(6):
        chance = Random(f"packs {number}")
        with clean_database.begin() as connection:
            cleaning.empty(connection, _seeded)
        with Session(clean_database) as session:
            world = World(session, chance)
            world.begin()
            world.live(60)
            past = Past.read(session)
            with clock.frozen(world.now):
                packing.pack(session, left=4)
                session.commit()
                for _ in range(60):
                    asked = _question(chance, world, past)
                    found = services.answer(session, **asked)
                    session.rollback()
                    with monkeypatch.context() as rows_only:
                        rows_only.setattr(Asked, "packs", None)
                        assert _same(found, services.answer(session, **asked)), asked
                    session.rollback()
                    from_packs += 1
    assert from_packs == 360


def _question(chance: Random, world: World, past: Past) -> dict[str, Any]:
    metric = chance.choice(METRICS)
    case = replace(case_of(chance, world, past), metric=metric)
    by = chance.choice([None, None, By.SEVERITY, By.ASSIGNEE, By.REPORTER, By.PROJECT])
    if metric == "aging" or (metric == "severity-mix" and by is By.SEVERITY):
        by = None
    whole = metric in ("aging", "survival")
    business = metric in (
        *("lead-time", "cycle-time", "time-to-triage", "first-response", "time-in-status", "aging"),
    )
    days_off = ("sat", "sun") if business and chance.random() < 0.4 else ()
    return {
        "principal": world.people[chance.randrange(4)],
        "zone": ZoneInfo(case.zone),
        "name": metric,
        "q": chance.choice(FILTERS),
        "first": date(1970, 1, 1) if metric == "survival" and by else case.first,
        "last": case.last,
        "pieces": "all" if whole else chance.choice(["day", "week", "month", "all"]),
        "by": by,
        "calendar": Calendar.BUSINESS if days_off else Calendar.ALL,
        "days_off": days_off,
    }


def _same(one: Any, other: Any) -> bool:
    """Tell whether answers are the same, numbers but for the last digits of a float."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
        case list(), list():
            return len(one) == len(other) and all(map(_same, one, other))
        case float(), (float() | int()):
            return one == pytest.approx(other, rel=1e-9, abs=1e-9)
        case _:
            return bool(one == other)


ALL = {"zone": ZoneInfo("UTC"), "first": date(2020, 2, 1), "last": date(2020, 3, 11)}


def done(session: Session, principal: Principal, q: str = "") -> int:
    """Return how many issues were done in the days of these tests."""
    session.rollback()
    with clock.frozen(NOW):
        answer = services.answer(session, principal, name="throughput", pieces="all", q=q, **ALL)
    session.rollback()
    value: int = answer["series"][0]["points"][0]["value"]
    return value


@pytest.fixture
def packs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a number is not from packs."""
    read = packed.packs

    def found(asked: Asked) -> Any:
        packs = read(asked)
        assert packs is not None
        return packs

    monkeypatch.setattr(packed, "packs", found)


@pytest.mark.usefixtures("packs_only")
def test_a_change_is_counted_before_and_after_it_is_packed(
    session: Session, admin: Principal, past: History
) -> None:
    packing.rebuild(session)
    session.commit()
    assert done(session, admin) == 2
    past.change("2020-03-10 12:00", "WEB-1", status="done")
    assert done(session, admin) == 3
    assert packing.pack(session, left=0).changed == 1
    session.commit()
    assert done(session, admin) == 3
    past.change("2020-03-10 13:00", "WEB-1", status="open")
    past.delete("2020-03-10 14:00", "WEB-2")
    assert done(session, admin) == 1
    packing.pack(session, left=0)
    session.commit()
    assert done(session, admin) == 1
    past.restore("2020-03-10 15:00", "WEB-2")
    assert done(session, admin) == 2


@pytest.mark.usefixtures("packs_only")
def test_what_is_committed_while_packs_are_made_is_in_no_number_twice_and_never_missing(
    clean_database: Engine, session: Session, admin: Principal, past: History
) -> None:
    packing.rebuild(session)
    session.commit()
    with Session(clean_database) as writer, clock.frozen(NOW):
        issues.change_issue(writer, admin, "WEB-1", {"status": "done"}, expected=None)
        past.change("2020-03-10 12:00", "WEB-4", status="done")
        packing.pack(session, left=0)
        session.commit()
        assert done(session, admin) == 3
        writer.commit()
    assert done(session, admin) == 4
    packing.pack(session, left=0)
    session.commit()
    assert done(session, admin) == 4
    assert packing.verify(session).wrong == 0


def test_a_reader_sees_the_packs_of_the_moment_at_which_it_began(
    clean_database: Engine, session: Session, admin: Principal, past: History
) -> None:
    packing.rebuild(session)
    session.commit()
    with Session(clean_database) as reader:
        reader.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        assert reader.scalar(text("SELECT count(*) FROM issue_pack_changes")) == 0
        past.change("2020-03-10 12:00", "WEB-1", status="done")
        packing.pack(session, left=0)
        session.commit()
        reading = {"where": packed.everything(), "names": ("closed",)}
        assert _closed(reader, admin, **reading) == 2
    assert _closed(session, admin, **reading) == 3


def _closed(session: Session, principal: Principal, where: Any, names: tuple[str, ...]) -> int:
    asked = Asked(
        session=session, principal=principal, zone=ZoneInfo("UTC"), q="", as_of=None, seen=NOW,
        buckets=[], size=None, by=None, calendar=Calendar.ALL, days_off=(), show=None,
    )  # fmt: skip
    packs = packed.packs(asked)
    assert packs is not None
    parts = packs.parts(where, *names)
    return int(sum((part["closed"] != packed.NEVER).sum() for part in parts))


def test_rows_are_asked_where_packs_cannot_tell(
    session: Session, admin: Principal, past: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bool] = []
    found = packed.packs
    monkeypatch.setattr(
        packed, "packs", lambda asked: read.append(found(asked) is not None) or found(asked)
    )
    assert done(session, admin) == 2
    packing.rebuild(session)
    session.commit()
    assert done(session, admin) == 2
    assert done(session, admin, "label:api") == 1
    monkeypatch.setattr(packed, "MOST_CHANGED", 0)
    assert done(session, admin) == 2
    past.change("2020-03-10 12:00", "WEB-1", status="done")
    assert done(session, admin) == 3
    assert read == [False, True, False, True, False]


def test_few_changes_are_left_to_readers_and_the_packs_with_most_of_them_are_made_anew(
    session: Session, admin: Principal, past: History
) -> None:
    packing.rebuild(session)
    for minute in range(8):
        past.report(f"2020-03-10 12:{minute:02}")
    past.change("2020-03-10 13:00", "WEB-1", status="done")
    assert packing.pack(session, left=10) == packing.Packed(0, 0)
    assert packing.pack(session, left=8) == packing.Packed(1, 8)
    assert session.scalar(text("SELECT count(DISTINCT issue_id) FROM issue_pack_changes")) == 1
    assert packing.pack(session, left=0).changed == 1
    assert packing.verify(session) == packing.Facts("issue_packs", 3, 0)


def test_packs_are_held_to_the_issues_and_made_anew(
    app: Flask, session: Session, past: History
) -> None:
    run = app.test_cli_runner().invoke
    assert "issue_packs: 3 packs made." in run(args=["insights", "rebuild"]).output
    open_ones = "UPDATE issue_packs SET severity = created WHERE closed_last = 'infinity'"
    session.execute(text(open_ones))
    session.commit()
    wrong = run(args=["insights", "verify"])
    assert wrong.exit_code == 1
    assert "issue_packs: 3 packs, 1 not what the issues are." in wrong.output
    assert run(args=["insights", "rebuild"]).exit_code == 0
    assert run(args=["insights", "verify"]).exit_code == 0


def test_the_job_packs_everything_at_first(app: Flask, session: Session, past: History) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["jobs", "run", "insights.pack"]).exit_code == 0
    assert session.scalar(text("SELECT sum(issues) FROM issue_packs")) == 4
    assert session.scalar(text("SELECT count(*) FROM issue_pack_changes")) == 0


def test_sums_are_whole_however_large() -> None:
    large = 300 * 365 * 86_400 * 1_000_000 + 1
    of = np.array([7, 9, 7, 7])
    found = cells(of, np.array([0, 0, 0, 1]))
    weights = np.array([large, 5, large + 2, -3])
    assert dict(zip(found.values, found.sums(weights), strict=True)) == {
        (7, 0): 2 * large + 2, (9, 0): 5, (7, 1): -3,
    }  # fmt: skip
    assert counted(of) == {(7,): 3, (9,): 1}
    assert counted(of[:0]) == {}


def test_many_different_values_are_counted_as_few_are() -> None:
    chance = np.random.default_rng(1)
    few, many = chance.integers(-3, 3, 500), chance.integers(-(10**9), 10**9, 500)
    found = counted(few, many)
    assert sum(found.values()) == 500
    assert found == {
        (one, other): int(((few == one) & (many == other)).sum()) for one, other in found
    }


def test_percentiles_are_those_of_postgresql(session: Session) -> None:
    values = np.sort(np.random.default_rng(2).integers(0, 10**12, 37) / 1e6)
    told = session.scalar(
        text("SELECT percentile_cont(ARRAY[0.5, 0.85, 0.95]) WITHIN GROUP (ORDER BY v)"
             " FROM unnest(CAST(:values AS double precision[])) AS v"),
        {"values": values.tolist()},
    )  # fmt: skip
    assert percentiles(values, [0.5, 0.85, 0.95]) == pytest.approx(told, rel=1e-12)


def test_work_in_arrays_is_that_of_the_calendar() -> None:
    zone = ZoneInfo("Europe/Berlin")
    rows = stretches(("sat", "sun"), zone, date(2026, 12, 31))
    begin = datetime(2026, 3, 26, tzinfo=UTC)  # before clocks change
    instants = [begin + timedelta(hours=5 * n, microseconds=n) for n in range(40)]
    assert worked(packed_instants(instants), rows).tolist() == [
        worked_until(rows, instant) for instant in instants
    ]
