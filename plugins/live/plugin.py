"""The manifest of the live plugin."""

from issue_insight.plugin.manifest import Plugin
from plugins.live.views import blp

plugin = Plugin(
    name="live",
    summary="Changes of issues as they are committed, as server-sent events",
    requires=("issues", "roles"),
    blueprints=(blp,),
)
