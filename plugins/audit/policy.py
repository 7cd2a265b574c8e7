"""Who may read the audit log."""

from issue_insight.auth.permission import Permission, at_least

READ = Permission("audit:read", "Read and export the audit log", at_least("admin"), "admin")

PERMISSIONS = (READ,)
