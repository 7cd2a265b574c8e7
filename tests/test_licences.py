"""Nothing we are built on has a licence that does not go together with ours."""

from typing import Any

import pytest

from tests.ci_scripts import load


@pytest.fixture(scope="module")
def licences() -> Any:
    """The script that `make licences` runs."""
    return load("licences")


def test_every_licence_goes_together_with_ours(licences: Any) -> None:
    packages = {**licences.frontend_packages(), **licences.python_packages()}
    assert len(packages) > 100
    assert {n: lic for n, lic in packages.items() if not licences.is_fit(lic)} == {}


@pytest.mark.parametrize(
    "licence",
    ["MIT", "Apache-2.0 OR BSD-3-Clause", "MPL-2.0 AND (Apache-2.0 OR MIT)", "(MIT OR GPL-3.0)",
     "GNU Library or Lesser General Public License (LGPL)", "BSD License", "MIT AND PSF-2.0"],
)  # fmt: skip
def test_what_goes_together_is_taken(licences: Any, licence: str) -> None:
    assert licences.is_fit(licence)


@pytest.mark.parametrize(
    "licence",
    ["", "GPL-3.0-only", "AGPL-3.0", "GNU General Public License v3 (GPLv3)", "MIT AND GPL-2.0",
     "SSPL-1.0", "BUSL-1.1", "Proprietary", "UNLICENSED", "CC-BY-NC-4.0"],
)  # fmt: skip
def test_what_does_not_is_refused(licences: Any, licence: str) -> None:
    assert not licences.is_fit(licence)
