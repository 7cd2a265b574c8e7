"""Requests take turns: few at once, first come first served, and nobody is waited for for long."""

import asyncio

import pytest

from issue_insight.turns import Turns

FOR_EVER = 60.0


def test_so_many_are_at_work_and_the_rest_follow_in_the_order_in_which_they_came() -> None:
    at_work: list[int] = []
    most, order = 0, []

    async def work(turns: Turns, number: int) -> None:
        nonlocal most
        async with turns.one():
            order.append(number)
            at_work.append(number)
            most = max(most, len(at_work))
            await asyncio.sleep(0)
            at_work.remove(number)

    async def many() -> None:
        turns = Turns(at_work=3, patience=FOR_EVER)
        await asyncio.gather(*[work(turns, number) for number in range(20)])

    asyncio.run(many())
    assert most == 3
    assert order == list(range(20))


def test_who_takes_long_makes_room_once_and_not_twice() -> None:
    async def several() -> None:
        turns = Turns(at_work=1, patience=0.01)
        stuck, begun = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            async with turns.one():
                begun.set()
                await stuck.wait()

        waiting = asyncio.create_task(slow())
        await begun.wait()
        async with turns.one():  # although the slow one has not ended
            stuck.set()
            await waiting
        quick = Turns(at_work=1, patience=FOR_EVER)
        async with quick.one():
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_enter(quick), 0.05)
        await _enter(quick)

    asyncio.run(several())


def test_a_turn_ends_with_an_error_too_and_with_whoever_has_left() -> None:
    async def fail() -> None:
        turns = Turns(at_work=1, patience=FOR_EVER)
        for error in (ValueError, asyncio.CancelledError):
            with pytest.raises(error):
                async with turns.one():
                    raise error
        await asyncio.wait_for(_enter(turns), 5)

    asyncio.run(fail())


async def _enter(turns: Turns) -> None:
    async with turns.one():
        pass
