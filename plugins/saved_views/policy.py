"""Who may do what to saved views. What a view shows follows from the issues alone."""

from sqlalchemy import ColumnElement, or_

from issue_insight.auth.permission import Permission, at_least
from issue_insight.auth.principal import Principal
from issue_insight.errors import Forbidden
from plugins.saved_views.models import SavedView

USE = Permission(
    "views:use", "Save views, and use those that are shared", at_least("reporter"), "read"
)
SHARE = Permission(
    "views:share", "Share one's own views with everybody", at_least("maintainer"), "write"
)
REMOVE_SHARED = Permission(
    "views:remove-shared", "Delete views that others have shared", at_least("admin"), "admin"
)

PERMISSIONS = (USE, SHARE, REMOVE_SHARED)


def visible_to(principal: Principal) -> ColumnElement[bool]:
    """Return the condition under which a view is there for `principal`: their own, and shared."""
    return or_(SavedView.owner_id == principal.user_id, SavedView.shared)


def must_change(principal: Principal, view: SavedView) -> None:
    """Raise `Forbidden` unless `principal` may change this view, which they can see."""
    if view.owner_id != principal.user_id:
        raise Forbidden("You may change only views of your own.")


def must_show(principal: Principal, *, shared: bool) -> None:
    """Raise `Forbidden` unless `principal` may show a view to those who see it when `shared`."""
    if shared:
        principal.must(SHARE.name, "Only maintainers share views, or change one that is shared.")


def must_delete(principal: Principal, view: SavedView) -> None:
    """Raise `Forbidden` unless `principal` may delete this view, which they can see."""
    if view.owner_id != principal.user_id:
        principal.must(REMOVE_SHARED.name, "Only admins delete views of others.")
