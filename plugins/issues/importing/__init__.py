"""Bringing issues in from other trackers, with their history.

A file goes three steps: a parser (`github_archive`, `jira_csv`, `table`) reads it into neutral
records, `mapping` puts their words into ours, `writer` stores them in batches. Every step answers
for a row with the row or with the problem it has, never with half of it.
"""
