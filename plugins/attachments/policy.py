"""Who may do what to attachments; who may see them follows from the issue."""

from issue_insight.auth.permission import Permission, at_least
from issue_insight.auth.principal import Principal
from issue_insight.errors import Forbidden
from plugins.attachments.models import Attachment

READ = Permission(
    "attachments:read", "Download the files of issues one may see", at_least("reporter"), "read"
)
ATTACH = Permission(
    "attachments:add",
    "Attach files to issues one may see, and remove one's own",
    at_least("reporter"),
    "write",
)
REMOVE_ANY = Permission(
    "attachments:remove-any", "Remove files that others attached", at_least("maintainer"), "write"
)

PERMISSIONS = (READ, ATTACH, REMOVE_ANY)


def must_remove(principal: Principal, attachment: Attachment) -> None:
    """Raise `Forbidden` unless `principal` may remove this attachment, which they can see."""
    own = principal.user_id is not None and attachment.uploader_id == principal.user_id
    if not own and not principal.may(REMOVE_ANY.name):
        raise Forbidden("You may remove only what you attached yourself.")
