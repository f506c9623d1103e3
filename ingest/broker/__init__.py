"""The embedded broker, for `fieldline run` with nothing given and for the demo: MQTT 3.1.1 and 5, where a PUBACK means durable.

It is the source that the ingest stage reads from, so there is nothing between a device and the log that could lose a message: a
device's QoS 1 or 2 message is acknowledged when the log has it, and while the log has too much to do, nothing is read. What
other clients subscribe to they get too, QoS 0 or 1. Sessions, retained messages and what waits for subscribers live in memory,
within bounds; there is no TLS and there are no passwords, so it listens on this machine only.

| module | holds |
|---|---|
| `listener` | the sockets, and the source that the stage reads from |
| `connection` | one client's connection: what it may send, and the answers |
| `client_session` | what is known of a client while it is away, too: subscriptions, messages that wait for it |
| `router` | who gets which message; retained messages |
| `wire` | packets other than PUBLISH, read and written |
"""
