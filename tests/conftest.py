"""The tests' fixtures: real servers, an application, tokens."""

pytest_plugins = ["issue_insight.testing.fixtures"]
