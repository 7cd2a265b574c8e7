"""For tests, also those of plugins: real servers, an application on them, tokens for it.

Name `issue_insight.testing.fixtures` in `pytest_plugins`.
"""
