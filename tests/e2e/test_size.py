"""What the first look at the list costs."""

import subprocess
from pathlib import Path

from tests.e2e.world import World


def test_the_list_begins_with_less_than_200_kb_of_javascript(
    served: str, people: object, world: World, repository: Path
) -> None:
    world.project()
    world.issue("The lamp flickers")
    world.call("GET", "/me", who="admin", role="admin")
    done = subprocess.run(
        [repository / ".venv/bin/node", "scripts/first-load.js", f"{served}/issues"],
        cwd=repository / "frontend",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
