"""The manifest of the roles plugin."""

from issue_insight.plugin.manifest import Plugin
from plugins.roles.cli import roles, users
from plugins.roles.policy import PERMISSIONS
from plugins.roles.views import blp

plugin = Plugin(
    name="roles",
    summary="People and what they may do",
    blueprints=(blp,),
    permissions=PERMISSIONS,
    commands=(roles, users),
)
