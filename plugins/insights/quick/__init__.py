"""What metrics count, from packs: the same numbers as their statements count from rows.

Every function is given packs of the issues asked for, and returns what the statement would.
"""
