"""Keeping the counts: once, again, after a pause, and when the past changes behind one's back."""

from datetime import date
from threading import Event as Flag
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from plugins.issues import services as issues
from plugins.stats import services
from plugins.stats.models import DailyStat, DailyStatsProgress
from tests.plugins.stats.conftest import History, at
from tests.plugins.stats.recount import recounted, stored, without_nothing

UTC = ZoneInfo("UTC")


def aggregate(history: History, text: str, zone: ZoneInfo = UTC) -> services.Aggregated:
    """Count at that instant."""
    with history.moment(text):
        return services.aggregate(history.session, zone)


def totals(session: Session) -> dict[str, int]:
    """Return how many issues each day has in the table, by its date without the year."""
    return {f"{day:%m-%d}": counts.total() for day, counts in sorted(stored(session).items())}


def rows(session: Session) -> list[tuple[object, ...]]:
    """Return the whole table."""
    return [tuple(row) for row in session.execute(select(DailyStat.__table__).order_by("day"))]


def test_the_first_run_counts_from_the_first_issue_on(history: History) -> None:
    history.report("2020-03-07 10:00", "high")
    history.report("2020-03-09 10:00")
    done = aggregate(history, "2020-03-10 12:00")
    assert (done.projects, done.days, done.changed) == (1, 4, 6)
    assert str(done) == "4 days of 1 projects counted, 6 rows changed"
    assert totals(history.session) == {"03-07": 1, "03-08": 1, "03-09": 2, "03-10": 2}


def test_a_second_run_changes_nothing(history: History) -> None:
    history.report("2020-03-07 10:00", "high")
    aggregate(history, "2020-03-10 12:00")
    before = rows(history.session)
    assert aggregate(history, "2020-03-10 12:30").changed == 0
    assert rows(history.session) == before


def test_a_run_counts_today_again_and_nothing_before_it(history: History) -> None:
    history.report("2020-03-07 10:00")
    aggregate(history, "2020-03-10 12:00")
    history.report("2020-03-10 12:10")
    done = aggregate(history, "2020-03-10 12:30")
    assert (done.days, done.changed) == (1, 1)
    assert totals(history.session)["03-10"] == 2


def test_a_project_without_issues_has_no_rows_and_gets_them_later(history: History) -> None:
    assert aggregate(history, "2020-03-10 12:00").changed == 0
    history.report("2020-03-08 12:00")  # known only afterwards
    aggregate(history, "2020-03-10 12:30")
    assert totals(history.session) == {"03-08": 1, "03-09": 1, "03-10": 1}


def test_missed_days_are_filled_from_the_log(history: History) -> None:
    key = history.report("2020-03-07 10:00")
    aggregate(history, "2020-03-07 12:00")
    history.change("2020-03-09 10:00", key, severity="low")
    history.report("2020-03-11 10:00")
    done = aggregate(history, "2020-03-12 12:00")
    assert done.days == 6
    assert totals(history.session) == {
        "03-07": 1,
        "03-08": 1,
        "03-09": 1,
        "03-10": 1,
        "03-11": 2,
        "03-12": 2,
    }
    assert stored(history.session)[date(2020, 3, 8)] == {("open", "none"): 1}
    assert stored(history.session)[date(2020, 3, 9)] == {("open", "low"): 1}


def test_over_midnight_the_day_that_ended_is_counted_to_its_end(history: History) -> None:
    history.report("2020-03-07 10:00")
    aggregate(history, "2020-03-07 23:59")
    history.report("2020-03-07 23:59")
    history.report("2020-03-08 00:00")
    aggregate(history, "2020-03-08 00:00")
    assert totals(history.session) == {"03-07": 2, "03-08": 3}


def test_midnight_is_that_of_the_instance(history: History) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    history.report("2020-03-28 22:59")
    history.report("2020-03-28 23:00")  # 0:00 of the day that has 23 hours
    history.report("2020-03-29 22:00")  # 0:00 of the day after it
    aggregate(history, "2020-03-28 23:30", berlin)
    assert totals(history.session) == {"03-28": 1, "03-29": 2}
    aggregate(history, "2020-03-29 22:00", berlin)
    assert totals(history.session) == {"03-28": 1, "03-29": 2, "03-30": 3}


def test_a_change_of_zone_counts_everything_anew(history: History) -> None:
    history.report("2020-03-07 22:00")
    aggregate(history, "2020-03-10 12:00", ZoneInfo("America/Los_Angeles"))
    aggregate(history, "2020-03-10 12:30", ZoneInfo("Asia/Tokyo"))
    assert totals(history.session) == {"03-08": 1, "03-09": 1, "03-10": 1}


def test_an_import_of_the_past_is_counted_back_to_its_first_day(
    history: History, session: Session, admin: Principal
) -> None:
    history.report("2020-03-07 10:00")
    aggregate(history, "2020-03-10 12:00")
    with history.moment("2020-03-10 12:10"):
        issues.create_issue(session, admin, project="WEB", title="Old", at=at("2020-03-05 10:00"))
    done = aggregate(history, "2020-03-10 12:30")
    assert done.days == 6
    assert totals(session) == {
        "03-05": 1,
        "03-06": 1,
        "03-07": 2,
        "03-08": 2,
        "03-09": 2,
        "03-10": 2,
    }
    assert aggregate(history, "2020-03-10 13:00").days == 1


def test_only_the_project_that_changed_is_counted_back(
    history: History, session: Session, admin: Principal
) -> None:
    history.report("2020-03-07 10:00")
    issues.create_project(session, admin, key="APP", name="App", visibility="own")
    aggregate(history, "2020-03-10 12:00")
    with history.moment("2020-03-10 12:10"):
        issues.create_issue(session, admin, project="APP", title="Old", at=at("2020-03-09 10:00"))
    done = aggregate(history, "2020-03-10 12:30")
    assert (done.projects, done.days) == (2, 3)


def test_a_transaction_that_was_held_open_is_counted_when_it_ends(
    history: History, engine: Engine, admin: Principal
) -> None:
    history.report("2020-03-07 10:00")
    with Session(engine) as slow:
        with clock.frozen(at("2020-03-09 23:00")):
            issues.create_issue(slow, admin, project="WEB", title="Slow")
        # Later transactions end first, and are counted, over midnight even.
        with Session(engine) as quick, clock.frozen(at("2020-03-09 23:30")):
            issues.create_project(quick, admin, key="APP", name="App", visibility="own")
            issues.create_issue(quick, admin, project="APP", title="Quick")
            quick.commit()
        aggregate(history, "2020-03-10 12:00")
        assert totals(history.session)["03-09"] == 2
        history.session.commit()
        slow.commit()
    assert aggregate(history, "2020-03-10 12:30").changed == 2
    assert totals(history.session) == {"03-07": 1, "03-08": 1, "03-09": 3, "03-10": 3}


def test_a_change_that_undoes_a_row_takes_the_row_away(history: History) -> None:
    key = history.report("2020-03-10 10:00")
    aggregate(history, "2020-03-10 12:00")
    history.delete("2020-03-10 12:10", key)
    assert aggregate(history, "2020-03-10 12:30").changed == 1
    assert totals(history.session) == {}


def test_issues_from_before_the_first_day_count_from_it_on(
    history: History, session: Session, admin: Principal
) -> None:
    with history.moment("1970-01-02 12:00"):
        issues.create_issue(session, admin, project="WEB", title="Old", at=at("1903-01-01 10:00"))
    aggregate(history, "1970-01-02 13:00")
    assert totals(session) == {"01-01": 1, "01-02": 1}


def test_rebuilding_gives_the_same_and_heals(history: History) -> None:
    history.report("2020-03-07 10:00", "low")
    aggregate(history, "2020-03-10 12:00")
    right = stored(history.session)
    history.session.execute(text("UPDATE daily_stats SET count = 9, severity = 'high'"))
    history.session.execute(text("DELETE FROM daily_stats WHERE day = '2020-03-09'"))
    with history.moment("2020-03-10 12:30"):
        services.rebuild(history.session, UTC)
    assert stored(history.session) == right
    assert right == without_nothing(recounted(history.session, UTC, right, at("2020-03-10 12:30")))


def test_two_that_count_at_once_count_one_after_the_other(history: History, engine: Engine) -> None:
    history.report("2020-03-07 10:00")
    done: list[services.Aggregated] = []
    begun = Flag()

    def second() -> None:
        with Session(engine) as session, clock.frozen(at("2020-03-10 12:00")):
            begun.set()
            done.append(services.aggregate(session, UTC))
            session.commit()

    with Session(engine) as first:
        with clock.frozen(at("2020-03-10 12:00")):
            assert services.aggregate(first, UTC).changed == 4
        thread = Thread(target=second)
        thread.start()
        begun.wait()
        first.commit()
        thread.join()
    # It waited, and found everything done.
    assert [aggregated.changed for aggregated in done] == [0]


def test_a_restored_database_is_counted_anew(history: History, session: Session) -> None:
    history.report("2020-03-07 10:00")
    aggregate(history, "2020-03-10 12:00")
    # As a dump keeps it, from a server that had counted its transactions much further.
    session.execute(text("UPDATE daily_stats_progress SET seen = '900000000000:900000000000:'"))
    session.execute(text("DELETE FROM daily_stats WHERE day = '2020-03-08'"))
    session.commit()
    assert aggregate(history, "2020-03-10 12:30").days == 4
    assert "03-08" in totals(session)


def test_no_row_says_that_there_is_nothing(history: History, session: Session) -> None:
    history.report("2020-03-07 10:00")
    aggregate(history, "2020-03-07 12:00")
    with pytest.raises(IntegrityError):
        session.execute(text("UPDATE daily_stats SET count = 0"))
    session.rollback()


def test_what_was_counted_says_when(history: History, session: Session) -> None:
    history.report("2020-03-07 10:00")
    aggregate(history, "2020-03-07 12:00")
    history.report("2020-03-07 12:10", "low")
    aggregate(history, "2020-03-07 12:30")
    found = session.execute(select(DailyStat.severity, DailyStat.computed_at)).all()
    assert dict(found) == {"none": at("2020-03-07 12:00"), "low": at("2020-03-07 12:30")}
    progress = session.scalars(select(DailyStatsProgress)).one()
    assert (progress.last_day, progress.zone) == (date(2020, 3, 7), "UTC")
    assert progress.computed_at == at("2020-03-07 12:30")
