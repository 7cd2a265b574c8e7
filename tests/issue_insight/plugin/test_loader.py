"""Which plugins are found, in which order they come, and what is refused."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click
import pytest
from flask import Blueprint, Flask

from issue_insight.auth.permission import Permission, at_least, public, requires
from issue_insight.plugin import loader
from issue_insight.plugin.loader import PluginError, check_marks, choose, discover
from issue_insight.plugin.manifest import Job, Plugin


def named(name: str, *requires: str) -> Plugin:
    return Plugin(name=name, summary="For a test", requires=requires)


def found(*plugins: Plugin) -> dict[str, Plugin]:
    return {plugin.name: plugin for plugin in plugins}


def test_the_built_in_plugins_are_found() -> None:
    assert {"roles", "issues", "attachments", "stats"} <= discover().keys()


def test_a_plugin_is_loaded_after_those_it_requires() -> None:
    order = [p.name for p in choose(found(named("a", "b"), named("b", "c"), named("c")))]
    assert order == ["c", "b", "a"]


def test_the_order_does_not_depend_on_the_order_of_discovery() -> None:
    plugins = [named("a"), named("b", "a"), named("c", "a"), named("d", "b", "c")]
    assert choose(found(*plugins)) == choose(found(*reversed(plugins)))


def test_only_enabled_plugins_are_loaded() -> None:
    assert [p.name for p in choose(found(named("a"), named("b")), ["b"])] == ["b"]


def test_an_unknown_plugin_is_refused_by_name() -> None:
    with pytest.raises(PluginError, match=r"There is no plugin 'isues' \(known: issues\)"):
        choose(found(named("issues")), ["isues"])


def test_a_requirement_that_is_not_installed_is_refused() -> None:
    with pytest.raises(PluginError, match="'stats' requires 'issues', which is not installed"):
        choose(found(named("stats", "issues")))


def test_a_requirement_that_is_switched_off_is_refused() -> None:
    with pytest.raises(PluginError, match="'stats' requires 'issues', which is switched off"):
        choose(found(named("stats", "issues"), named("issues")), ["stats"])


def test_a_cycle_is_refused_and_shown() -> None:
    with pytest.raises(PluginError, match=r"require each other: (a → b → a|b → a → b)"):
        choose(found(named("a", "b"), named("b", "a")))


def test_a_name_in_two_plugins_is_refused_with_both_owners() -> None:
    def noop() -> None: ...

    clashes = {
        "blueprint": {"blueprints": (Blueprint("same", __name__),)},
        "permission": {"permissions": (Permission("same", "", at_least("admin")),)},
        "job": {"jobs": (Job("same", lambda _: None, timedelta(hours=1)),)},
        "command": {"commands": (click.Command("same", callback=noop),)},
    }
    for kind, content in clashes.items():
        one, two = replace(named("one"), **content), replace(named("two"), **content)
        with pytest.raises(PluginError, match=f"The {kind} 'same' is in more than one plugin: one"):
            choose(found(one, two))


def test_two_plugins_of_one_name_are_refused_with_both_origins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loader, "_from_entry_points", lambda: [("other.plugin", named("issues"))])
    with pytest.raises(PluginError, match=r"Two plugins are named 'issues': other.plugin and plug"):
        discover()


def test_a_folder_whose_name_is_taken_by_another_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "plugin.py").write_text("plugin = None\n")
    with pytest.raises(PluginError, match="a name clash"):
        discover(tmp_path)


def test_something_that_is_no_plugin_is_refused() -> None:
    with pytest.raises(PluginError, match="votes is dict, not an issue_insight Plugin"):
        loader._checked({}, "votes")


def test_a_permission_for_a_role_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown roles"):
        Permission("x", "", frozenset({"owner"}))


def test_a_view_that_says_nothing_stops_the_start() -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/open", "open", public(lambda: ""))
    app.add_url_rule(
        "/closed", "closed", requires(Permission("x", "", at_least("admin")))(lambda: "")
    )
    check_marks(app)
    app.add_url_rule("/forgotten", "forgotten", lambda: "")
    with pytest.raises(PluginError, match=r"/forgotten \(forgotten\) says neither"):
        check_marks(app)
