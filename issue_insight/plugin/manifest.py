"""The plugin contract, whole: a plugin is one `Plugin`, data rather than code."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import click
from flask import Blueprint
from sqlalchemy.orm import Session

from issue_insight.auth.permission import Permission


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done again and again, once per tick however many processes there are."""

    name: str
    run: Callable[[Session], object]
    every: timedelta
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a plugin adds to the application.

    - `name`: lower case, unique; `requires` names the plugins that must be loaded before it.
    - `blueprints`: one of them is one tag of the OpenAPI document. Every view carries
      `@requires(permission)` or `@public`.
    - `permissions`: what can be allowed, and to which roles.
    - `jobs`: run by the scheduler. `commands`: join the `flask` command line.
    - `migrations`: for plugins installed from elsewhere, `"package:directory"` of their own Alembic
      scripts; each has its own version table, so that removing the plugin breaks nothing. Its
      tables start with the plugin's name and `_`.
    """

    name: str
    summary: str
    requires: tuple[str, ...] = ()
    blueprints: tuple[Blueprint, ...] = ()
    permissions: tuple[Permission, ...] = ()
    jobs: tuple[Job, ...] = ()
    commands: tuple[click.Command, ...] = ()
    migrations: str | None = None
