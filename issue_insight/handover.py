"""What a running `make run` tells the `flask` commands of the same machine: where its servers are.

`flask auth token`, `flask issues import` and the like then act on that instance with nothing to
set. Only the owner can read the file; it is gone when the instance stops, and not believed when the
instance was killed. Settings of one's own always win, and as a whole: a command that names its own
database never meets half of this instance.
"""

import json
import os
from pathlib import Path

from issue_insight.embedded.locking import is_locked
from issue_insight.settings import Settings

LOCK = "lock"
_FILE = "run.json"
_OWN = frozenset({"database_url", "s3_endpoint", "environment"})


def publish(directory: Path, environment: dict[str, str]) -> None:
    """Write down the variables that the instance on `directory` runs with."""
    path = directory / _FILE
    withdraw(directory)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(environment, file)


def withdraw(directory: Path) -> None:
    """Forget what was published, also by an earlier run."""
    (directory / _FILE).unlink(missing_ok=True)


def local_settings() -> Settings:
    """Return the settings of the environment or, where it names no servers, of the running
    instance.
    """
    own = Settings()
    path = own.data_dir / _FILE
    if own.model_fields_set & _OWN or own.identity_provider_configured or not path.exists():
        return own
    if not is_locked(own.data_dir / LOCK):
        return own
    published = {name.lower(): value for name, value in json.loads(path.read_text()).items()}
    return Settings(
        **{name: value for name, value in published.items() if name not in own.model_fields_set}
    )
