"""Measurements: each a program that prints a table."""
