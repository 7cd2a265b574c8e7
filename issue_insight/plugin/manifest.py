"""The plugin contract, whole: a plugin is one `Plugin`, data rather than code."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import click
from flask import Blueprint
from sqlalchemy.orm import Session

from issue_insight.auth.permission import Permission
from issue_insight.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done again and again, once per tick however many processes there are.

    `run` is given a session and the application's context; what it returns without an exception is
    committed. `every` may follow from the settings.
    """

    name: str
    run: Callable[[Session], object]
    every: timedelta | Callable[[Settings], timedelta]
    summary: str = ""

    def interval(self, settings: Settings) -> timedelta:
        """Return how often the job is run on an instance with these settings."""
        return self.every(settings) if callable(self.every) else self.every


Erase = Callable[[Session, int, bool], None]
"""Takes what a plugin keeps of a user out: of the user with that id; true: what they wrote, too."""


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
    - `erase`: called when a person is erased, in the transaction of that. Every plugin with a
      column that refers to users, or with words of people, has one.
    """

    name: str
    summary: str
    requires: tuple[str, ...] = ()
    blueprints: tuple[Blueprint, ...] = ()
    permissions: tuple[Permission, ...] = ()
    jobs: tuple[Job, ...] = ()
    commands: tuple[click.Command, ...] = ()
    migrations: str | None = None
    erase: Erase | None = None
