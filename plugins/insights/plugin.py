"""The manifest of the insights plugin."""

from issue_insight.plugin.manifest import Plugin

# For its tables alone: nothing else here names them, and what no plugin knows is not archived.
from plugins.insights import models as models
from plugins.insights.cli import insights
from plugins.insights.jobs import PACK
from plugins.insights.policy import PERMISSIONS
from plugins.insights.views import blp

plugin = Plugin(
    name="insights",
    summary="Metrics of the flow of issues, each number of which can be opened and rewound",
    requires=("issues", "stats"),
    blueprints=(blp,),
    permissions=PERMISSIONS,
    jobs=(PACK,),
    commands=(insights,),
)
