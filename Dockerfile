# Two images from one file: `backend` serves the API and the pages, `frontend` stands before it.

FROM node:24.11-alpine AS pages
WORKDIR /src
COPY frontend/package.json frontend/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.13-slim AS packages
WORKDIR /app
RUN python -m venv /venv
COPY pyproject.toml setup.cfg README.md LICENSE ./
COPY issue_insight issue_insight
COPY plugins plugins
# In place: migrations lie beside the packages.
RUN /venv/bin/pip install --disable-pip-version-check -e .

FROM python:3.13-slim AS backend
WORKDIR /app
COPY --from=packages /venv /venv
COPY --from=packages /app /app
COPY migrations migrations
COPY wsgi.py ./
COPY --from=pages /src/build frontend/build
ENV HOME=/app PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2 \
    FLASK_APP=wsgi:app HOST=0.0.0.0 PORT=8181 DATA_DIR=/tmp/issue-insight \
    PROMETHEUS_MULTIPROC_DIR=/tmp/issue-insight-metrics
# A number: whoever runs it can see that it is not root.
USER 10001:10001
EXPOSE 8181
CMD ["granian", "--interface", "asgi", "--factory", "issue_insight.asgi:create", \
    "--host", "0.0.0.0", "--port", "8181", "--workers", "2", "--no-ws", \
    "--backlog", "4096", "--backpressure", "4096", "--workers-kill-timeout", "3", \
    "--respawn-failed-workers"]

FROM caddy:2.10-alpine AS frontend
COPY frontend/Caddyfile /etc/caddy/Caddyfile
COPY --from=pages /src/build /srv
ENV XDG_CONFIG_HOME=/tmp XDG_DATA_HOME=/tmp
USER 10001:10001
EXPOSE 4173
