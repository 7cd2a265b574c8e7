"""The manifest of the audit plugin."""

from issue_insight.plugin.manifest import Plugin
from plugins.audit.cli import audit
from plugins.audit.policy import PERMISSIONS
from plugins.audit.views import blp

plugin = Plugin(
    name="audit",
    summary="Who did what when, for admins, from the event log",
    requires=("roles", "issues"),
    blueprints=(blp,),
    permissions=PERMISSIONS,
    commands=(audit,),
)
