"""The manifest of the attachments plugin."""

from issue_insight.plugin.manifest import Plugin
from plugins.attachments.cli import attachments
from plugins.attachments.erasing import erase
from plugins.attachments.jobs import SWEEP
from plugins.attachments.policy import PERMISSIONS
from plugins.attachments.views import blp

plugin = Plugin(
    name="attachments",
    summary="Files of issues, kept in S3",
    requires=("roles", "issues"),
    blueprints=(blp,),
    permissions=PERMISSIONS,
    jobs=(SWEEP,),
    commands=(attachments,),
    erase=erase,
)
