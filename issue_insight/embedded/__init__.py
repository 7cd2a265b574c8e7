"""The zero-setup PostgreSQL and S3 server of `make run` and the tests: real ones, from wheels.

Both listen for this machine only, keep everything under one directory, outlive nothing: whoever
starts them stops them, and a start first stops what a killed earlier run left behind. Only one
process at a time may use a directory; see `locking`.
"""

from issue_insight.embedded.failure import EmbeddedError
from issue_insight.embedded.postgres import (
    Postgres,
    running_postgres,
    start_postgres,
    stop_postgres,
)
from issue_insight.embedded.s3 import S3, running_s3, start_s3, stop_s3

__all__ = [
    "S3",
    "EmbeddedError",
    "Postgres",
    "running_postgres",
    "running_s3",
    "start_postgres",
    "start_s3",
    "stop_postgres",
    "stop_s3",
]
