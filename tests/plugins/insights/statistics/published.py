"""Data of published worked examples, so that results can be held to what others have printed."""

import numpy as np

from plugins.insights.statistics.survival import LifeTable, life_table

ENDED, ASIDE = 1, 2

# Remission in weeks of 42 children with leukaemia, on 6-mercaptopurine or a placebo; 0 is still in
# remission. Freireich et al., Blood 21 (1963); Gehan, Biometrika 52 (1965).
MERCAPTOPURINE = [
    (6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1),
    (17, 0), (19, 0), (20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0),
]  # fmt: skip
PLACEBO = [
    (weeks, 1)
    for weeks in [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
]  # fmt: skip

# Days from a bone marrow transplant of 54 patients with acute myelocytic leukaemia at low risk to
# relapse (1) or death (2). Klein and Moeschberger, Survival Analysis (1997), as given by Guo and
# So, SAS Global Forum 2159 (2018).
TRANSPLANTS = [
    *[
        (days, 0)
        for days in [
            2569, 2506, 2409, 2218, 1857, 1829, 1562, 1470, 1363, 1030, 860, 1258, 2246, 1870, 1799,
            1709, 1674, 1568, 1527, 1324, 957, 932, 847, 848, 1850, 1843, 1535, 1447, 1384,
        ]
    ],
    *[
        (days, 2)
        for days in [414, 2204, 1063, 481, 105, 641, 390, 288, 79, 48, 1074, 10, 53, 80, 35, 704]
    ],
    *[(days, 1) for days in [421, 748, 486, 272, 381, 248, 211, 219, 606]],
]  # fmt: skip


def arrays(data: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.array([duration for duration, _ in data], dtype=np.int64),
        np.array([outcome for _, outcome in data], dtype=np.int8),
    )


def table(data: list[tuple[int, int]], kinds: tuple[int, ...] = (ENDED,)) -> LifeTable:
    return life_table(*arrays(data), kinds)
