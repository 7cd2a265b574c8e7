"""The plugin that docs/plugins.md shows is installed, word for word, and used."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from issue_insight.settings import Settings
from issue_insight.testing import servers

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"```(?:toml|python)\n# (\S+)\n(.*?)```", re.DOTALL)

USE_IT = """
import json
from issue_insight.app import create_app
app = create_app()
client = app.test_client()
def sign_in(email, role):
    answer = client.post("/api/v1/sign-in/local", json={"email": email, "role": role})
    return {"Authorization": "Bearer " + answer.json["token"]}
admin, other = sign_in("a@example.org", "admin"), sign_in("b@example.org", "reporter")
client.post("/api/v1/projects", json={"key": "WEB", "name": "Web"}, headers=admin)
client.post("/api/v1/issues", json={"project": "WEB", "title": "Vote for me"}, headers=admin)
twice = [client.put("/api/v1/issues/WEB-1/votes", headers=admin) for _ in range(2)]
print(json.dumps({
    "votes": [answer.json for answer in twice],
    "unseen": client.put("/api/v1/issues/WEB-1/votes", headers=other).status_code,
    "unsigned": client.get("/api/v1/issues/WEB-1/votes").status_code,
    "documented": "cast_vote" in client.get("/openapi.json").text,
}))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("issue-insight-votes")
    for name, content in BLOCK.findall((ROOT / "docs" / "plugins.md").read_text()):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for package in ("issue_insight_votes", "issue_insight_votes/migrations"):
        (source / package / "__init__.py").touch()
    target = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            *[sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"],
            *["--target", str(target), str(source)],
        ],
        check=True,
    )
    return target


@pytest.fixture(scope="module")
def environment(site: Path, settings: Settings, worker_name: str) -> dict[str, str]:
    database = f"{worker_name}_votes"
    servers.postgres().create_database(database, template=servers.TEMPLATE)
    return {
        **os.environ,
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "FLASK_APP": "wsgi:app",
        "DATABASE_URL": servers.postgres().url(database),
        "DATA_DIR": str(settings.data_dir),
        "ENVIRONMENT": "development",
        "LOCAL_SIGN_IN": "1",
        "S3_ENDPOINT": settings.s3_endpoint,
        "S3_ACCESS_KEY": settings.s3_access_key,
        "S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
    }


def run(environment: dict[str, str], *arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_the_plugin_of_the_docs_works_from_its_migration_to_its_command(
    environment: dict[str, str],
) -> None:
    run(environment, "-m", "flask", "upgrade")
    engine = create_engine(environment["DATABASE_URL"])
    with engine.connect() as connection:
        versions = connection.execute(text("SELECT version_num FROM alembic_version_votes"))
        assert versions.scalars().all() == ["v1"]
    engine.dispose()

    assert "votes" in run(environment, "-m", "flask", "plugins")
    assert json.loads(run(environment, "-c", USE_IT)) == {
        "votes": [{"votes": 1}, {"votes": 1}],
        "unseen": 404,
        "unsigned": 401,
        "documented": True,
    }
    assert run(environment, "-m", "flask", "votes").strip() == "1"
    assert run(environment, "-m", "flask", "jobs", "run", "votes.forget_removed")


def test_without_the_plugin_the_same_database_still_serves(environment: dict[str, str]) -> None:
    without = {**environment, "PYTHONPATH": str(ROOT)}
    run(environment, "-m", "flask", "upgrade")
    run(without, "-m", "flask", "upgrade")
    assert "votes" not in run(without, "-m", "flask", "plugins")
