"""The manifest of the stats plugin."""

from issue_insight.plugin.manifest import Plugin
from plugins.stats.cli import stats
from plugins.stats.jobs import AGGREGATE
from plugins.stats.policy import PERMISSIONS
from plugins.stats.views import blp

plugin = Plugin(
    name="stats",
    summary="Counts of issues, now and day by day",
    requires=("issues",),
    blueprints=(blp,),
    permissions=PERMISSIONS,
    jobs=(AGGREGATE,),
    commands=(stats,),
)
