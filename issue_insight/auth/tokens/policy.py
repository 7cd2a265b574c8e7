"""Who may do what with API tokens."""

from issue_insight.auth.permission import Permission, at_least

# With no token: one that is stolen must not make others that outlive it.
OWN = Permission(
    "tokens:own", "Make, list and revoke one's own API tokens", at_least("reporter"), None
)
MANAGE = Permission("tokens:manage", "List and revoke everybody's API tokens", at_least("admin"))

PERMISSIONS = (OWN, MANAGE)
