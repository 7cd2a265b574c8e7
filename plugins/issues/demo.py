"""A small project with people, ninety days of history and comments, to look around in."""

import random
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from issue_insight import clock
from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User
from plugins.issues import policy
from plugins.issues.comments import add_comment
from plugins.issues.models import Project
from plugins.issues.services import change_issue, create_issue, create_project

KEY = "DEMO"
ISSUER = "demo"
DAYS = 90
_PEOPLE = (
    ("ada", "Ada Okafor", "admin"),
    ("bruno", "Bruno Keller", "maintainer"),
    ("chen", "Chen Liu", "maintainer"),
    ("dita", "Dita Novak", "reporter"),
    ("emil", "Emil Haddad", "reporter"),
)
_ISSUES = (
    ("Search returns nothing for words with umlauts", "high", "search"),
    ("Export stops after 65,536 rows", "critical", "export"),
    ("Dark theme: links in tables are hard to read", "low", "design"),
    ("Password reset mail arrives twice", "medium", "mail"),
    ("Upload of a 20 MB photo fails on slow lines", "high", "upload"),
    ("Calendar shows the wrong week in January", "medium", "calendar"),
    ("Keyboard focus is lost after closing a dialog", "medium", "accessibility"),
    ("Add a column for the due date", None, "list"),
    ("Session ends while a form is being filled in", "high", "sign-in"),
    ("Printing cuts off the last column", "low", "print"),
    ("Sort order is forgotten after reload", "medium", "list"),
    ("Invitation link opens a blank page in Safari", "critical", "sign-in"),
    ("Show who changed the status", None, "history"),
    ("Numbers in the report do not add up", "high", "report"),
    ("Typo on the welcome page", "low", "text"),
    ("Attachment names in Arabic are shown as question marks", "medium", "upload"),
    ("Slow list with more than 10,000 rows", "high", "list"),
    ("Time zone of the daily mail is fixed to UTC", "medium", "mail"),
    ("Let me filter by several labels", None, "search"),
    ("Screen reader does not announce errors", "high", "accessibility"),
    ("Logo is blurred on high-density screens", "low", "design"),
    ("Import of a CSV with a byte order mark fails", "medium", "import"),
    ("Comment box grows beyond the screen", "low", "design"),
    ("Deleted users still receive mail", "critical", "mail"),
    ("Copying a table pastes hidden columns", "low", "export"),
    ("Undo after dragging a card", None, "board"),
    ("Report counts an issue twice when it is reopened", "high", "report"),
    ("Back button leaves the application", "medium", "list"),
    ("Phone: the menu covers the first entry", "medium", "design"),
    ("Link previews show the wrong title", "low", "text"),
)
_COMMENTS = (
    "I can reproduce this with the steps above.",
    "Happens here too, on every second try.",
    "Fixed on a branch; could somebody try it with a large project?",
    "Works for me now, thank you.",
    "This looks related to the change of last week.",
)


def fill(session: Session) -> int:
    """Make the demo project unless there is one; return how many issues were made."""
    if session.scalar(select(Project.id).where(Project.key == KEY)) is not None:
        return 0
    people = [_person(session, *person) for person in _PEOPLE]
    chance = random.Random(KEY)  # noqa: S311 (the same demo everywhere)
    today = datetime.combine(clock.now().date(), time(9), tzinfo=clock.now().tzinfo)
    start = today - timedelta(days=DAYS)
    with clock.frozen(start):
        create_project(session, people[0], key=KEY, name="Demo", visibility="all")
    step = timedelta(days=DAYS - 2) / len(_ISSUES)
    for place, (title, severity, label) in enumerate(_ISSUES):
        _live(session, people, chance, start + step * place, title, severity, label)
    return len(_ISSUES)


def _live(
    session: Session,
    people: list[Principal],
    chance: random.Random,
    at: datetime,
    title: str,
    severity: str | None,
    label: str,
) -> None:
    """Let one issue happen: report, triage, work, end, as far as the days until today allow."""
    maintainer = people[chance.choice((1, 2))]
    until = clock.now()

    def later(most_hours: int) -> datetime:
        nonlocal at
        at += timedelta(hours=chance.randint(1, most_hours), minutes=chance.randint(0, 59))
        return at

    with clock.frozen(at):
        issue = create_issue(
            session,
            chance.choice(people),
            project=KEY,
            title=title,
            description=f"What happens: {title.lower()}.\n\nExpected: that it does not.",
            severity=severity,
        )
    key = f"{KEY}-{issue.number}"
    steps: list[dict[str, object]] = [
        {"status": "triaged", "labels": [label], "severity": severity or "low"},
        {"status": "in_progress", "assignee": maintainer.user_id},
        {"status": "done", "resolution": chance.choice(("fixed", "fixed", "fixed", "declined"))},
    ]
    if chance.random() < 0.15:
        steps += [{"status": "triaged"}, {"status": "in_progress"}, {"status": "done"}]
    for step in steps[: chance.choice((0, 1, 2, 3, 3, 3, 6, 6))]:
        if later(96) >= until:
            return
        with clock.frozen(at):
            change_issue(session, maintainer, key, step, expected=None)
            if chance.random() < 0.4:
                add_comment(session, chance.choice(people), key, chance.choice(_COMMENTS))


def _person(session: Session, name: str, full_name: str, role: str) -> Principal:
    session.execute(
        insert(User)
        .values(
            issuer=ISSUER,
            subject=name,
            email=f"{name}@example.org",
            name=full_name,
            role="reporter",
        )
        .on_conflict_do_nothing(index_elements=["issuer", "subject"])
    )
    user_id = session.scalars(
        select(User.id).where(User.issuer == ISSUER, User.subject == name)
    ).one()
    # Nobody can sign in as one of them: their rights are lent for the length of this story.
    granted = frozenset(p.name for p in policy.PERMISSIONS if role in p.roles)
    return Principal(user_id, full_name, None, role, "import", granted)
