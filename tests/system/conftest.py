"""People with tokens for the served application, and something for them to find there."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from issue_insight.testing.tokens import SignedIn, sign_in


@pytest.fixture
def person(client: FlaskClient) -> Callable[[str], SignedIn]:
    """Makes people: each call signs another one in; the tokens are good for `live_server` too."""

    def make(role: str) -> SignedIn:
        return sign_in(client, role)

    return make
