"""The manifest of the issues plugin."""

from issue_insight.plugin.manifest import Plugin
from plugins.issues.cli import issues
from plugins.issues.erasing import erase
from plugins.issues.jobs import FOLD
from plugins.issues.policy import PERMISSIONS
from plugins.issues.views import blp, projects

plugin = Plugin(
    name="issues",
    summary="Projects, issues, comments and their history",
    requires=("roles",),
    blueprints=(projects, blp),
    permissions=PERMISSIONS,
    jobs=(FOLD,),
    commands=(issues,),
    erase=erase,
)
