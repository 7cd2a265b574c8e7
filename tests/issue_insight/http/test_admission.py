"""Slow senders hold threads: only so many are let in."""

import pytest

from issue_insight.errors import Unavailable
from issue_insight.http.admission import Admission


def test_one_person_is_let_in_for_two_thirds():
    admission = Admission(6)
    for _ in range(4):
        admission.enter(1)
    with pytest.raises(Unavailable):
        admission.enter(1)
    for _ in range(2):
        admission.enter(2)
    with pytest.raises(Unavailable):
        admission.enter(3)


def test_who_leaves_makes_room():
    admission = Admission(1)
    for who in (1, None, 2):
        admission.enter(who)
        with pytest.raises(Unavailable):
            admission.enter(who)
        admission.leave(who)
