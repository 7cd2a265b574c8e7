"""The one filter language of lists, counts, charts and the command line."""
