"""The import contracts do refuse: a copy of the packages that breaks every one of them."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

BREAKS = {
    "issue_insight/settings.py": "issue_insight.app",
    "issue_insight/embedded/failure.py": "issue_insight.settings",
    "issue_insight/clock.py": "plugins.issues.fields",
    "issue_insight/errors.py": "marshmallow",
    "plugins/roles/policy.py": "plugins.issues.api",
    "plugins/stats/models.py": "plugins.stats.views",
    "plugins/stats/jobs.py": "plugins.issues.models",
    "plugins/issues/cli.py": "plugins.roles.queries",
    "plugins/stats/cli.py": "plugins.attachments.models",
    "plugins/attachments/jobs.py": "plugins.stats.models",
    "plugins/attachments/naming.py": "plugins.saved_views.models",
    "plugins/saved_views/fields.py": "plugins.insights.metric",
    "plugins/stats/days.py": "plugins.audit.queries",
    "plugins/attachments/sniffing.py": "plugins.live.services",
    "plugins/issues/services.py": "flask",
    "plugins/issues/views/issues.py": "sqlalchemy",
}


def test_every_contract_is_broken_by_a_twin_that_breaks_it(repository: Path, tmp_path: Path):
    for package in ("issue_insight", "plugins"):
        source = repository / package
        shutil.copytree(source, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repository / ".importlinter", tmp_path)
    for path, module in BREAKS.items():
        with (tmp_path / path).open("a") as file:
            file.write(f"\nimport {module}\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    contracts = configparser.ConfigParser()
    contracts.read(repository / ".importlinter")
    names = [contracts[s]["name"] for s in contracts.sections() if s.startswith("importlinter:")]
    assert names
    kept = [name for name in names if f"{name} BROKEN" not in done.stdout]
    assert kept == [], done.stdout
