"""Bringing issues in from other trackers, with their history.

A file goes three steps: a parser (`github_archive`, `jira_csv`, `table`) reads it into neutral
records, `convert` puts their words into ours, `importer` stores them in batches (`storing` what is
new, `updating` what reads otherwise than before). Every step answers for a row with the row or with
the problem it has, never with half of it.
"""
