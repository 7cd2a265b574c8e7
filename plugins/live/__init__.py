"""Live: the changes of issues as they are committed."""
