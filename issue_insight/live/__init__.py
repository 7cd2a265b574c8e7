"""Live: committed events, sent to whoever listens and may see them, as server-sent events.

The platform follows the log, keeps the streams and ends them when a right ends; what a listener
sees of an event is a plugin's to say (`Feed`).
"""

from issue_insight.live.feed import Feed, Sighting, Watcher
from issue_insight.live.hub import Hub, hub_of, register
from issue_insight.live.stream import Stream

__all__ = ["Feed", "Hub", "Sighting", "Stream", "Watcher", "hub_of", "register"]
