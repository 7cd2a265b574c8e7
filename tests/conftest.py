"""The tests' fixtures: real servers, an application, tokens."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["issue_insight.testing.fixtures"]

# How fast a machine is, or how busy, is no property of the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
