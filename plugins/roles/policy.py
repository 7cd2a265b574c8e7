"""Who may see users and change their roles."""

from issue_insight.auth.permission import Permission, at_least

FIND_PEOPLE = Permission(
    "people:find", "Find the people whom issues can be assigned to", at_least("maintainer"), "read"
)
MANAGE_ROLES = Permission(
    "roles:manage", "List users and change their roles", at_least("admin"), "admin"
)

# With no token: it cannot be taken back.
ERASE = Permission("people:erase", "Erase a person's data", at_least("admin"), None)

PERMISSIONS = (FIND_PEOPLE, MANAGE_ROLES, ERASE)
