"""What is loaded for measuring is what the product itself could have written."""

from rich.progress import Progress
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench.generate import load, plan
from bench.lives import EVENTS
from issue_insight.journal import Event
from plugins.issues.models import Issue
from tests.system.invariants import broken


def test_rows_versions_words_and_events_agree(postgres_url: str, session: Session) -> None:
    wanted = plan(300, "https://issuer.example")
    load(postgres_url, wanted, Progress(disable=True), processes=1)
    assert session.scalar(select(func.count(Issue.id))) == 300
    assert session.scalar(select(func.count(Event.id))) == 300 * EVENTS
    assert broken(session) == {}
