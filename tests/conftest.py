"""The tests' fixtures: real servers, an application, tokens."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["issue_insight.testing.fixtures"]

# How fast a machine is, or how busy, is no property of the code.
# `make properties` asks for more examples, where a test does not say how many it needs.
settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=int(os.environ.get("PROPERTIES", "100")),
)
settings.load_profile("unhurried")
