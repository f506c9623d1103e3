"""Who gets which message: sessions with their subscriptions, and the retained messages."""

import time
from collections.abc import Iterator

from fieldline.topic_filters import covers
from ingest.broker.client_session import ClientSession, Subscription
from ingest.broker.wire import Publication

_MOST_RETAINED = 10_000
_MOST_RETAINED_BYTES = 64 << 20
_MOST_ROUTES = 10_000
_MOST_SESSIONS = 2000


class Router:
    """The sessions of all clients by name. Bounded: 2,000 sessions, 10,000 retained messages of 64 MiB together.

    is_busy : whether anybody subscribes at all
    """

    def __init__(self) -> None:
        self.sessions: dict[str, ClientSession] = {}
        self.is_busy = False
        self._not_retained = 0
        self._retained: dict[bytes, Publication] = {}
        self._retained_bytes = 0
        self._routes: dict[bytes, list[tuple[ClientSession, Subscription]]] = {}

    def publish(self, publication: Publication) -> None:
        """Give a message to all who subscribe to its topic, to each once, and keep it where that is asked for."""
        if b"+" in publication.topic or b"#" in publication.topic:
            return  # no topic; ingest says so in a dead letter
        if publication.is_retained:
            self._retain(publication)
        for session, subscription in self._receivers(publication.topic):
            if not (subscription.is_local_left_out and session.client_id == publication.sender):
                qos = min(publication.qos, subscription.qos)
                session.offer(publication, qos, publication.is_retained and subscription.is_retain_kept)

    def subscribe(self, session: ClientSession, name: str, subscription: Subscription) -> bool:
        """Whether the session did not have this filter before."""
        is_new = name not in session.subscriptions
        session.subscriptions[name] = subscription
        self._changed()
        return is_new

    def unsubscribe(self, session: ClientSession, name: str) -> bool:
        """Whether the session had this filter."""
        had = session.subscriptions.pop(name, None) is not None
        self._changed()
        return had

    def add(self, session: ClientSession) -> None:
        """A new session; where there are too many, one goes that is away."""
        if len(self.sessions) >= _MOST_SESSIONS:
            for other in [other for other in self.sessions.values() if other.connection is None][:1]:
                self.remove(other)
        self.sessions[session.client_id] = session

    def remove(self, session: ClientSession) -> None:
        """The session ends."""
        if self.sessions.get(session.client_id) is session:
            del self.sessions[session.client_id]
        if session.subscriptions:
            session.subscriptions.clear()
            self._changed()

    def give_retained(self, session: ClientSession, name: str, qos: int) -> None:
        """The retained messages of a filter, as its new subscriber gets them."""
        for publication in self._kept(name):
            session.offer(publication, min(publication.qos, qos), True)

    def remove_expired(self) -> None:
        """Retained messages and sessions whose time is over."""
        now = time.monotonic()
        for publication in list(self._retained.values()):
            if publication.expires_s is not None and publication.expires_s <= now:
                self._drop(publication.topic)
        for session in list(self.sessions.values()):
            if session.connection is None and session.ends_s <= now:
                self.remove(session)

    def take_counts(self) -> tuple[int, int]:
        """Messages that found no room at a subscriber's, and such that found none among the retained, since the last time."""
        dropped, not_retained = sum(session.dropped for session in self.sessions.values()), self._not_retained
        for session in self.sessions.values():
            session.dropped = 0
        self._not_retained = 0
        return dropped, not_retained

    def _kept(self, name: str) -> Iterator[Publication]:
        for topic, publication in list(self._retained.items()):
            if covers(name, topic.decode("utf-8", "replace")):
                yield publication

    def _retain(self, publication: Publication) -> None:
        self._drop(publication.topic)
        if not publication.payload:
            return
        if len(self._retained) >= _MOST_RETAINED or self._retained_bytes > _MOST_RETAINED_BYTES:
            self._not_retained += 1
            return
        self._retained[publication.topic] = publication
        self._retained_bytes += len(publication.payload)

    def _drop(self, topic: bytes) -> None:
        old = self._retained.pop(topic, None)
        if old is not None:
            self._retained_bytes -= len(old.payload)

    def _receivers(self, topic: bytes) -> list[tuple[ClientSession, Subscription]]:
        found = self._routes.get(topic)
        if found is None:
            if len(self._routes) >= _MOST_ROUTES:
                self._routes.clear()
            found = self._routes[topic] = list(self._work_out(topic.decode("utf-8", "replace")))
        return found

    def _work_out(self, topic: str) -> Iterator[tuple[ClientSession, Subscription]]:
        for session in self.sessions.values():
            matching = [each for name, each in session.subscriptions.items() if covers(name, topic)]
            if matching:
                yield session, max(matching)

    def _changed(self) -> None:
        self._routes.clear()
        self.is_busy = any(session.subscriptions for session in self.sessions.values())
