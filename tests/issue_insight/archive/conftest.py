"""An instance with something of everything in it, and an empty one beside it."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from issue_insight.app import create_app
from issue_insight.settings import Settings
from issue_insight.storage import Storage
from issue_insight.testing import servers
from issue_insight.testing.tokens import sign_in

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63606060"
    "f80f0001040100a2b6a6e80000000049454e44ae426082"
)


@dataclass
class Instance:
    """An application with its administrator."""

    app: Flask
    client: FlaskClient

    def run(self, *args: object) -> Result:
        """Run `flask archive ...`."""
        return self.app.test_cli_runner().invoke(args=["archive", *map(str, args)])

    def ask(self, path: str, method: str = "GET", **options: Any) -> Any:
        """Return the JSON of an answer."""
        answer = self.client.open(f"/api/v1{path}", method=method, **options)
        assert answer.status_code < 300, answer.text
        return answer.json

    def answers(self) -> dict[str, Any]:
        """Return what the API says of everything that `full` made."""
        asked = {
            "list": "/issues?q=sort:created",
            "done": "/issues?q=status:done",
            "words": "/issues?q=unicorns",
            "before": "/issues?q=sort:created&as_of=2020-01-01",
            "single": "/issues/WEB-1",
            "first": "/issues/WEB-1/events",
            "comments": "/issues/WEB-1/comments",
            "relations": "/issues/WEB-1/relations",
            "files": "/issues/WEB-1/attachments",
            "views": "/views",
            "projects": "/projects",
        }
        said = {name: self.ask(path) for name, path in asked.items()}
        # The rest of a view depends on who is asking.
        said["views"] = [(view["id"], view["name"], view["q"]) for view in said["views"]["items"]]
        for item in said["files"]["items"]:
            content = self.client.get(f"/api/v1/attachments/{item['id']}/content")
            said[f"content {item['id']}"] = (content.headers["Content-Type"], content.data)
        return said


@pytest.fixture
def full(app: Flask) -> Instance:
    """Issues with files, comments, a past, a saved view; one is confidential, one deleted."""
    storage: Storage = app.extensions["issue_insight"].storage
    for stored in storage.list("attachments/"):
        storage.delete(stored.key)
    made = Instance(app, app.test_client())
    sign_in(made.client, "admin")
    made.ask("/projects", "POST", json={"key": "WEB", "name": "Web", "visibility": "own"})
    for title in ('Unicorns 🦄 \\ "quoted"\nin', "Second", "Third"):
        issue = {"project": "WEB", "title": title.replace("\n", " "), "description": title}
        made.ask("/issues", "POST", json=issue | {"labels": ["ü", "a"], "severity": "high"})
    made.ask("/issues", "POST", json={"project": "WEB", "title": "Hidden", "confidential": True})
    for name, data in (("a.png", PNG), ("ü 🦄.txt", b"text\r\n" * 30_000)):
        made.ask("/issues/WEB-1/attachments", "POST", data={"file": (io.BytesIO(data), name)})
    made.ask("/issues/WEB-1/comments", "POST", json={"body": "Seen at the *zoo*\n\t😀"})
    version = made.client.get("/api/v1/issues/WEB-2").headers["ETag"]
    made.ask(
        "/issues/WEB-2",
        "PATCH",
        json={"status": "done", "resolution": "fixed", "due_date": "2030-01-01"},
        headers={"If-Match": version},
    )
    tag = {"If-Match": made.client.get("/api/v1/issues/WEB-3").headers["ETag"]}
    assert made.client.delete("/api/v1/issues/WEB-3", headers=tag).status_code == 204
    made.ask("/issues/WEB-1/relations", "POST", json={"kind": "blocks", "issue": "WEB-2"})
    made.ask("/views", "POST", json={"name": "Mine", "q": "assignee:@me", "shared": True})
    return made


@pytest.fixture
def empty(
    full: Instance,
    settings: Settings,
    postgres_url: str,
    worker_name: str,
    tmp_path: Path,
) -> Iterator[Instance]:
    """An instance that was just migrated, with a bucket of its own."""
    name, postgres = f"{worker_name}-other", servers.postgres()
    postgres.create_database(name, template=servers.TEMPLATE)
    changes = {
        "database_url": postgres.url(name),
        "s3_bucket": f"{settings.s3_bucket}-other",
        "data_dir": tmp_path / "other",
    }
    app = create_app(settings.model_copy(update=changes))
    app.testing = True
    storage: Storage = app.extensions["issue_insight"].storage
    storage.ensure_bucket()
    for stored in storage.list("attachments/"):
        storage.delete(stored.key)
    yield Instance(app, app.test_client())
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()
