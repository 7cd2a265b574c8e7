"""Who the embedded PostgreSQL runs as: it refuses to be root, as in a container."""

import os
import pwd
import stat
import subprocess
from pathlib import Path

from issue_insight.embedded.failure import EmbeddedError
from issue_insight.embedded.processes import Account

NAME = "pgserver"
"""The name that the wheel itself uses for the same purpose."""


def servers_account(*reached: Path) -> Account | None:
    """Return the account to run PostgreSQL as, or None for the current user's own.

    Root gets a user without a login, made if absent, who may pass through (not read) the
    directories that lead to each path in `reached`.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _made()
    for path in reached:
        for directory in (path, *path.parents):
            mode = stat.S_IMODE(directory.stat().st_mode)
            if not mode & stat.S_IXOTH:
                directory.chmod(mode | stat.S_IXOTH)
    return Account(entry.pw_uid, entry.pw_gid)


def _made() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", NAME]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the user {NAME!r} cannot be made: run this as "
            "an ordinary user, or set DATABASE_URL."
        ) from error
    return pwd.getpwnam(NAME)
