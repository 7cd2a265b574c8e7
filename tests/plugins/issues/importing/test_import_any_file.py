"""Any file to import: taken whole, or refused in words; nothing is ever half there."""

import json
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.plugins.issues.importing.conftest import Importing
from tests.system.invariants import broken

EXAMPLES = int(os.environ.get("PROPERTIES", "15"))
"""`make properties` asks for many more."""
quickly = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_cells = st.text(max_size=12) | st.sampled_from(
    ["1", "-1", "0", str(2**63), "1e400", "NaN", "open", "done", "2021-01-01T09:00:00Z", "ada",
     "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2021-01-01", "\ud800", "=1+1", '"', ",",
     "x\0y", "\r\n"]
)  # fmt: skip
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _cells,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_cells, inner, max_size=3),
    max_leaves=6,
)
_members = st.sampled_from(
    ["number", "title", "description", "status", "severity", "reporter", "assignee", "labels",
     "due_date", "created_at", "closed_at", "comments", "changes", "resolution"]
)  # fmt: skip
_sound = st.fixed_dictionaries(
    {
        "number": st.integers(1, 9),
        "title": st.just("It breaks"),
        "created_at": st.just("2021-01-01"),
    }
)
_rows = st.tuples(_sound, st.dictionaries(_members, _values, max_size=3)).map(
    lambda both: both[0] | both[1]
)
_files = st.one_of(
    st.binary(max_size=200).map(lambda content: ("jsonl", content)),
    st.lists(_rows, max_size=4).map(
        lambda rows: ("jsonl", "\n".join(map(json.dumps, rows)).encode())
    ),
    st.lists(_rows, max_size=3).map(
        lambda rows: ("github-archive", json.dumps({"issues": rows}).encode())
    ),
    st.lists(st.lists(_cells, min_size=4, max_size=4), max_size=4).map(
        lambda rows: (
            "csv",
            "\n".join(["title,created_at,number,status", *map(",".join, rows)]).encode(
                "utf-8", "surrogatepass"
            ),
        )
    ),
    st.lists(st.lists(_cells, min_size=4, max_size=4), max_size=4).map(
        lambda rows: (
            "jira-csv",
            "\n".join(["Summary,Issue key,Created,Status", *map(",".join, rows)]).encode(
                "utf-8", "surrogatepass"
            ),
        )
    ),
)


@quickly
@given(file=_files)
def test_any_file_is_imported_whole_or_refused_in_words(
    importing: Importing, session: Session, file: tuple[str, bytes]
) -> None:
    kind, content = file
    path = importing.folder / "any"
    path.write_bytes(content)
    result = importing(path, kind)
    # Whatever else is raised would be a traceback to whoever imports.
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    # 1: the file is refused; 3: rows were left out.
    assert result.exit_code in (0, 1, 3), result.output
    if result.exit_code:
        assert result.output.strip()
    session.rollback()
    # Imports keep the numbers of their source.
    assert set(broken(session)) <= {"the numbers of a project have no gap"}
