"""The application for any WSGI server (`granian --interface wsgi wsgi:app`) and for `flask`."""

from issue_insight.app import create_app
from issue_insight.cli import starting
from issue_insight.handover import local_settings

with starting():
    app = create_app(local_settings())
