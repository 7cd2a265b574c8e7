"""`make audit`: are there known faults in what we are built on? Exits with 1 only where there are.

An audit that could not look says "nothing found" as well. So the service is first asked about a
version that is known to be faulty: where it does not tell of that, the audit is NOT RUN, and says
so. CI runs it; a notice in its log is no pass.
"""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".venv" / "audit" / "bin"
PYPI = "https://pypi.org/pypi/jinja2/2.4.1/json"
NPM = "https://registry.npmjs.org/-/npm/v1/security/advisories/bulk"
PATIENCE = 15


def asked(url: str, body: Any = None) -> Any:
    """Return the JSON that a service answers, None where it does not."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)
    except (URLError, TimeoutError, ValueError):
        return None


def of_python() -> list[str] | None:
    """Return the findings among the packages of `.venv`; None where nobody could look."""
    known = asked(PYPI)
    if not known or not known.get("vulnerabilities"):
        return None
    packages = sysconfig.get_paths(vars={"base": str(ROOT / ".venv")})["purelib"]
    done = subprocess.run(
        [TOOLS / "pip-audit", "--path", packages, "--format", "json", "--progress-spinner", "off"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        told = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(done.stderr, file=sys.stderr)
        return None
    for package in told:
        if "skip_reason" in package and package["name"] != "issue-insight":
            print(f"  not looked at: {package['name']}: {package['skip_reason']}")
    return [
        f"{package['name']} {package['version']}: {fault['id']}, mended in "
        f"{', '.join(fault['fix_versions']) or 'no version yet'}"
        for package in told
        for fault in package.get("vulns", [])
    ]


def of_frontend() -> list[str] | None:
    """Return the findings among the frontend's packages; None where nobody could look."""
    if not asked(NPM, {"lodash": ["4.17.0"]}):
        return None
    done = subprocess.run(
        ["npm", "audit", "--json", "--package-lock-only"],
        cwd=ROOT / "frontend",
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        told = json.loads(done.stdout)["vulnerabilities"]
    except (ValueError, KeyError):
        print(done.stderr, file=sys.stderr)
        return None
    return [f"{name} ({fault['severity']}): {fault['range']}" for name, fault in told.items()]


def main() -> int:
    """Print what is found, and where nobody could look."""
    found, looked = False, 0
    for name, look in (("Python", of_python), ("frontend", of_frontend)):
        findings = look()
        if findings is None:
            print(f"{name}: NOT RUN. The service of advisories cannot be reached from here.")
            continue
        looked += 1
        if findings:
            found = True
            print(f"{name}: {len(findings)} known faults.")
            print("\n".join(f"  {finding}" for finding in findings))
        else:
            print(f"{name}: no known fault.")
    if looked < 2:
        print(f"NOTICE: {looked} of 2 were looked at. Of the rest nothing is known: no pass.")
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
