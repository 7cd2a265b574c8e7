"""Finding plugins, putting them in order, mounting them, and refusing clearly what does not fit.

Plugins come through two doors: the entry-point group `issue_insight.plugins` of any installed
distribution, and the folder `plugins/` beside this package. A plugin met at both is one plugin.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from flask import Flask

from issue_insight.auth.permission import permission_of
from issue_insight.db import Base
from issue_insight.plugin.manifest import Plugin

GROUP = "issue_insight.plugins"
FOLDER = Path(__file__).resolve().parents[2] / "plugins"


class PluginError(Exception):
    """A plugin cannot be used; the message is one line that names it."""


def discover(folder: Path = FOLDER) -> dict[str, Plugin]:
    """Return every plugin that is there, by name.

    Raises `PluginError` for one that cannot be imported, is no `Plugin`, or bears a taken name.
    """
    found: dict[str, Plugin] = {}
    origins: dict[str, str] = {}
    for origin, plugin in [*_from_entry_points(), *_from_folder(folder)]:
        known = found.get(plugin.name)
        if known is not None and known is not plugin:
            raise PluginError(
                f"Two plugins are named {plugin.name!r}: {origins[plugin.name]} and {origin}. "
                "Uninstall one of them."
            )
        found[plugin.name] = plugin
        origins[plugin.name] = origin
    return found


def _from_entry_points() -> Iterable[tuple[str, Plugin]]:
    for entry in entry_points(group=GROUP):
        try:
            yield entry.value, _checked(entry.load(), entry.value)
        except ImportError as error:
            raise PluginError(f"Plugin {entry.value} cannot be imported: {error}") from error


def _from_folder(folder: Path) -> Iterable[tuple[str, Plugin]]:
    for path in sorted(folder.glob("*/plugin.py")):
        module_name = f"plugins.{path.parent.name}.plugin"
        try:
            module = import_module(module_name)
        except ImportError as error:
            raise PluginError(f"Plugin {path} cannot be imported: {error}") from error
        # "plugins" is a common name: another distribution may have brought a package of that name.
        if Path(module.__file__ or "").resolve() != path.resolve():
            raise PluginError(f"{module_name} is {module.__file__}, not {path}: a name clash.")
        value = f"{module_name}:plugin"
        yield value, _checked(getattr(module, "plugin", None), value)


def _checked(found: object, origin: str) -> Plugin:
    if not isinstance(found, Plugin):
        raise PluginError(f"{origin} is {type(found).__name__}, not an issue_insight Plugin.")
    return found


def choose(found: Mapping[str, Plugin], enabled: Iterable[str] = ()) -> tuple[Plugin, ...]:
    """Return the plugins to load (all, where `enabled` is empty), each after those it requires.

    Raises `PluginError` for an unknown name, a missing requirement, a cycle, a clash.
    """
    names = list(enabled) or list(found)
    for name in names:
        if name not in found:
            known = ", ".join(sorted(found)) or "none"
            raise PluginError(f"There is no plugin {name!r} (known: {known}).")
    for name in names:
        for required in found[name].requires:
            if required not in names:
                why = "is switched off" if required in found else "is not installed"
                raise PluginError(f"Plugin {name!r} requires {required!r}, which {why}.")
    try:
        order = tuple(
            TopologicalSorter({name: found[name].requires for name in sorted(names)}).static_order()
        )
    except CycleError as error:
        raise PluginError(f"Plugins require each other: {' → '.join(error.args[1])}.") from error
    plugins = tuple(found[name] for name in order)
    _refuse_clashes(plugins)
    return plugins


def _refuse_clashes(plugins: Iterable[Plugin]) -> None:
    kinds = {
        "blueprint": [(b.name, p.name) for p in plugins for b in p.blueprints],
        "permission": [(x.name, p.name) for p in plugins for x in p.permissions],
        "job": [(j.name, p.name) for p in plugins for j in p.jobs],
        "command": [(str(c.name), p.name) for p in plugins for c in p.commands],
    }
    for kind, pairs in kinds.items():
        for name, times in Counter(name for name, _ in pairs).items():
            if times > 1:
                owners = " and ".join(owner for other, owner in pairs if other == name)
                raise PluginError(f"The {kind} {name!r} is in more than one plugin: {owners}.")


def check_tables(plugins: Iterable[Plugin]) -> None:
    """Refuse a plugin with migrations of its own whose tables do not start with its name."""
    for plugin in plugins:
        if plugin.migrations is None:
            continue
        package = plugin.migrations.partition(":")[0]
        for mapper in Base.registry.mappers:
            module = mapper.class_.__module__
            table = getattr(mapper.local_table, "name", "")
            if (module == package or module.startswith(f"{package}.")) and not table.startswith(
                f"{plugin.name}_"
            ):
                raise PluginError(
                    f"Plugin {plugin.name!r} has a table {table!r}; "
                    f"its tables must start with {plugin.name + '_'!r}."
                )


def check_marks(app: Flask) -> None:
    """Refuse to start with a view that says neither who may call it nor that it is open."""
    for rule in app.url_map.iter_rules():
        if permission_of(app.view_functions[rule.endpoint]) is None:
            raise PluginError(
                f"{rule.rule} ({rule.endpoint}) says neither @requires(...) nor @public."
            )
