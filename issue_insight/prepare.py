"""Between servers and serving: brings the database up to date and fills the demo project.

A process of its own (`python -m issue_insight.prepare`), so that the one that watches over the
servers stays small.
"""

import os
import sys

from flask import Flask
from flask.cli import ScriptInfo
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError

from issue_insight.app import create_app
from issue_insight.db import Base, db
from issue_insight.errors import Unavailable
from issue_insight.plugin.loader import PluginError
from issue_insight.plugin.migrate import upgrade
from issue_insight.storage import Storage


def prepare() -> None:
    """Prepare what the settings name, printing each step.

    Raises whatever stands in the way.
    """
    app = create_app()
    runtime = app.extensions["issue_insight"]
    upgrade(app, runtime.plugins)
    print("  tables    up to date", flush=True)
    Storage.from_settings(runtime.settings).ensure_bucket()
    if os.environ.get("DEMO", "1") != "0" and _has_demo(app) and not _has_projects(app):
        print("  demo      loading a small project (DEMO=0 leaves it out)", flush=True)
        app.cli.main(args=_DEMO, obj=ScriptInfo(create_app=lambda: app), standalone_mode=False)


_DEMO = ["issues", "demo"]


def _has_demo(app: Flask) -> bool:
    """Tell whether a plugin that is switched on brings the command."""
    group = app.cli.commands.get(_DEMO[0])
    return _DEMO[1] in getattr(group, "commands", {})


def _has_projects(app: Flask) -> bool:
    projects = Base.metadata.tables.get("projects")
    if projects is None:
        return False
    with app.app_context(), db.engine.connect() as connection:
        return connection.execute(select(projects.c.id).limit(1)).first() is not None


def main() -> int:
    """Prepare; print one line and return 1 for what the person at the terminal can mend."""
    try:
        prepare()
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        problem = f"The database does not answer: {reason}"
    except DBAPIError as error:
        problem = f"The database refuses: {str(error.orig).strip().splitlines()[0]}"
    except Unavailable as error:
        problem = str(error)
    except (PluginError, ValidationError, ValueError) as error:
        problem = " ".join(str(error).split())
    else:
        return 0
    print(f"error: {problem}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
