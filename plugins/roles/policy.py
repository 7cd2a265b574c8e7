"""Who may see users and change their roles."""

from issue_insight.auth.permission import Permission, at_least

MANAGE_ROLES = Permission("roles:manage", "List users and change their roles", at_least("admin"))

PERMISSIONS = (MANAGE_ROLES,)
