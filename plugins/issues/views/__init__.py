"""The HTTP API of projects, issues and what belongs to them: a module for each."""

# Issues come first in the document of the API, as what is imported first does.
from plugins.issues.views import issues

# isort: split
from plugins.issues.views import change_sets, comments, relations
from plugins.issues.views.blueprint import blp
from plugins.issues.views.projects import projects

__all__ = ["blp", "change_sets", "comments", "issues", "projects", "relations"]
