"""The document and the served application keep to each other: schemathesis looks for where not.

`EXAMPLES` in the environment says how many requests each operation gets beyond the fixed ones at
the edges of its parameters. They are the same ones each time, so that a change is judged by what it
changed; `make fuzz` asks for many, and for new ones.
"""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from issue_insight.auth.permission import ROLES
from issue_insight.settings import Settings
from issue_insight.testing.live import live
from issue_insight.testing.tokens import SignedIn

EXAMPLES = int(os.environ.get("EXAMPLES", "2"))
SEED = os.environ.get("SEED", "1")

UNLIMITED = {
    name: "1000000/minute" for name in Settings.model_fields if name.startswith("rate_limit_")
} | {"rate_limit_storage": "memory://"}
"""One person asks for everything here."""

CONFIGURATION = """
headers = {{ Authorization = "Bearer {token}" }}
continue-on-failure = true
workers = 1
request-timeout = 30.0

[generation]
max-examples = {examples}
database = "none"

[checks]
enabled = true
# A schema cannot say that a cursor, a version, a project has to be one that there is, nor how
# large a file this instance takes.
positive_data_acceptance.expected-statuses = [
    "2xx", "3xx", "401", "403", "404", "409", "412", "413", "416", "422", "428",
]
# What has too many parts is refused for that, before it is looked at any further.
negative_data_rejection.expected-statuses = [
    "400", "401", "403", "404", "405", "409", "412", "413", "415", "416", "422", "428",
]
missing_required_header.expected-statuses = ["401", "403", "404", "422", "428"]
# A request that comes again with its Idempotency-Key is answered as it was the first time, also
# when what it made has been deleted since.
ensure_resource_availability.enabled = false

# Half of the time things that there are, so that requests get past "not found".
[dictionaries]
issues.values = ["WEB-1", "WEB-2", "WEB-3"]
projects.values = ["WEB", "OPS"]
numbers.values = {numbers}
versions.values = ["*", '"1"', '"2"']
metrics.values = {metrics}
change-sets.values = {change_sets}

[parameters]
"path.comment_id" = {{ dictionary = "numbers", probability = 0.5 }}
"path.attachment_id" = {{ dictionary = "numbers", probability = 0.5 }}
"path.metric" = {{ dictionary = "metrics", probability = 0.9 }}
"path.change_set" = {{ dictionary = "change-sets", probability = 0.5 }}
"header.If-Match" = {{ dictionary = "versions", probability = 0.5 }}
"query.project" = {{ dictionary = "projects", probability = 0.5 }}
"body.project" = {{ dictionary = "projects", probability = 0.5 }}

# A stream does not end, and every request would wait for its time-out; it has tests of its own.
[[operations]]
include-path = "/api/v1/live"
enabled = false

[[operations]]
include-path-regex = "/issues/"
parameters."path.key" = {{ dictionary = "issues", probability = 0.5 }}

[[operations]]
include-path-regex = "/projects/"
parameters."path.key" = {{ dictionary = "projects", probability = 0.5 }}
"""


@dataclass(frozen=True, slots=True)
class There:
    """What there is to be asked for: comments and files by number, change-sets, metrics."""

    numbers: list[int]
    change_sets: list[str]
    metrics: list[str]


def fill(client: FlaskClient, admin: SignedIn, reporter: SignedIn) -> There:
    """Make projects, issues with changes, comments and files; return what can be asked for."""

    def made(path: str, who: SignedIn, **sent: Any) -> dict[str, Any]:
        answer = client.post(path, headers=who.headers, **sent)
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def listed(path: str) -> list[dict[str, Any]]:
        answer = client.get(path, headers=admin.headers)
        assert answer.status_code == 200, answer.text
        return list((answer.json or {})["items"])

    numbers, change_sets = [], []
    for key in ("WEB", "OPS"):
        made("/api/v1/projects", admin, json={"key": key, "name": "It", "visibility": "all"})
    for title in ("It is slow", "It is wrong", "It is gone"):
        issue = made("/api/v1/issues", reporter, json={"project": "WEB", "title": title})
        path = f"/api/v1/issues/{issue['key']}"
        numbers.append(made(f"{path}/comments", reporter, json={"body": "Still."})["id"])
        file = {"file": (io.BytesIO(b"log"), "log.txt")}
        numbers.append(made(f"{path}/attachments", reporter, data=file)["id"])
        change_sets += [event["change_set"] for event in listed(f"{path}/events")]
    metrics = [metric["name"] for metric in listed("/api/v1/insights")]
    return There(sorted(set(numbers)), sorted(set(change_sets)), metrics)


@pytest.mark.parametrize("role", ROLES)
def test_every_answer_to_any_request_is_one_the_document_knows(
    role: str,
    settings: Settings,
    client: FlaskClient,
    person: Callable[[str], SignedIn],
    tmp_path: Path,
):
    people = {name: person(name) for name in ROLES}
    there = fill(client, people["admin"], people["reporter"])
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(
        CONFIGURATION.format(token=people[role].token, examples=EXAMPLES, **asdict(there))
    )
    with live(settings.model_copy(update=UNLIMITED), tmp_path) as server:
        host, port = server.address
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration)),
                *("run", f"http://{host}:{port}/openapi.json"),
                *("--no-color", f"--seed={SEED}"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
