"""The application for any WSGI server: `granian --interface wsgi wsgi:app`."""

from issue_insight.app import create_app

app = create_app()
