"""The statistics of the metrics: numbers in, numbers out; nothing of issues, SQL or HTTP."""
