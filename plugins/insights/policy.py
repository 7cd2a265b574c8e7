"""Who may read insights; which issues they cover is for the issues plugin to say."""

from issue_insight.auth.permission import Permission, at_least

READ = Permission(
    "insights:read", "Read metrics of the issues one can see", at_least("reporter"), "read"
)

PERMISSIONS = (READ,)
