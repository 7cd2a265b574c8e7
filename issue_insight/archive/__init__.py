"""An instance in one file: all but caches, out and in again (docs/archive.md)."""
