"""Put one JSON reading a record on a topic: 1,000 meters at 1 Hz, 103 bytes each. Runs in a peer's environment."""

import argparse
import json
import random

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

METERS = 1000
START_MS = 1_700_000_040_000


def payload(meter: int, second: int, value: float) -> bytes:
    """One reading, 103 bytes."""
    text = json.dumps({"ts": START_MS + second * 1000 + meter, "asset": f"plant/area/line{meter // 10}/m{meter % 10}"})
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
    rng = random.Random(0)
    failed = []
    for number in range(options.readings):
        second, meter = divmod(number, METERS)
        value, key = payload(meter, second, rng.random() * 10), f"m{meter}".encode()
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
