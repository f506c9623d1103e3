"""Put one JSON reading a record on a topic: 1,000 meters at 1 Hz, 103 bytes each. Runs in a peer's environment."""

import argparse
import json

from clocked import METERS, START_MS, asset, powers
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic


def payload(meter: int, second: int, value: float) -> bytes:
    """One reading, 103 bytes."""
    text = json.dumps({"ts": START_MS + second * 1000 + meter, "asset": asset(meter)})
    return f'{text[:-1]}, "power_kw": {value:.4f}'.encode().ljust(102) + b"}"


def main() -> None:
    """Write, wait until all is acknowledged, say how much."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--readings", type=int, required=True)
    options = parser.parse_args()
    server = f"127.0.0.1:{options.port}"
    admin = AdminClient({"bootstrap.servers": server})
    admin.create_topics([NewTopic(options.topic, 1, 1)])[options.topic].result(30)
    producer = Producer({"bootstrap.servers": server, "linger.ms": 50, "queue.buffering.max.messages": 200_000})
    failed = []
    for number, power_kw in enumerate(powers(options.readings)):
        second, meter = divmod(number, METERS)
        value, key = payload(meter, second, power_kw), f"m{meter}".encode()
        while True:
            try:
                producer.produce(options.topic, value, key, on_delivery=lambda e, _m: failed.append(e) if e else None)
                break
            except BufferError:
                producer.poll(0.1)
        if number % 1000 == 0:
            producer.poll(0)
    if producer.flush(60) or failed:
        raise SystemExit(f"not everything was written: {failed[:1]}")
    print(json.dumps({"readings": options.readings}))


if __name__ == "__main__":
    main()
