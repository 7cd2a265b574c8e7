"""Made-up words, some common and most rare, as the words of a language are (Zipf's law)."""

import random
from itertools import accumulate

SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
COUNT = 50_000


def word(rank: int) -> str:
    """Return the word of that rank, the most common being 0.

    Letters only, so that nothing has to be escaped anywhere; of four syllables and an `x`, so that
    none is a common English word or one that the stemmer shortens.
    """
    letters = []
    for _ in range(4):
        rank, place = divmod(rank, len(SYLLABLES))
        letters.append(SYLLABLES[place])
    return "".join(letters) + "x"


WORDS = [word(rank) for rank in range(COUNT)]
_WEIGHTS = list(accumulate(1 / (rank + 3) for rank in range(COUNT)))


def words(chance: random.Random, count: int) -> str:
    """Return `count` words of text."""
    return " ".join(chance.choices(WORDS, cum_weights=_WEIGHTS, k=count))
