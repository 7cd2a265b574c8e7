"""The manifest of the saved views plugin."""

from issue_insight.plugin.manifest import Plugin
from plugins.saved_views.erasing import erase
from plugins.saved_views.policy import PERMISSIONS
from plugins.saved_views.views import blp

plugin = Plugin(
    name="saved_views",
    summary="Filters kept under a name, one's own and shared ones, with a default",
    requires=("roles", "issues"),
    blueprints=(blp,),
    permissions=PERMISSIONS,
    erase=erase,
)
