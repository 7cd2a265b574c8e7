"""The metrics, each with its definition and its source."""
