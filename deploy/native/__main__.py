"""`python3 -m deploy.native`: run Mosquitto, Kafka and InfluxDB on this machine until Ctrl-C.

python3 -m deploy.native --dir ~/fieldline-servers              # all three on their usual ports
python3 -m deploy.native mosquitto influxdb --mqtt-port 1884    # two of them
"""

import argparse
import signal
import sys
import threading
from pathlib import Path

from deploy.native.server import Server, ServerError
from deploy.native.servers import InfluxDB, Kafka, Mosquitto

_KINDS: dict[str, tuple[type[Server], str]] = {
    "mosquitto": (Mosquitto, "mqtt_port"),
    "kafka": (Kafka, "kafka_port"),
    "influxdb": (InfluxDB, "influx_port"),
}


def main(arguments: list[str] | None = None) -> int:
    """Start what was asked for, wait for a signal or for one of them to end, stop all. Exit code 1 on a failure."""
    options = _parse(arguments)
    chosen = [(name, *_KINDS[name]) for name in options.server or _KINDS]
    servers = [kind(options.dir.resolve() / name, getattr(options, port)) for name, kind, port in chosen]
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    failed = False
    try:
        for server in servers:
            server.start()
            print(f"{server.name:10} {server.url}  (data in {server.folder})", flush=True)
        while not done.wait(0.5):
            ended = [server for server in servers if server.pid is None]
            if ended:
                raise ServerError(f"{ended[0].name} ended: {ended[0].last_words()}")
    except ServerError as error:
        print(f"deploy.native: {error}", file=sys.stderr)
        failed = True
    finally:
        for server in reversed(servers):
            try:
                server.stop()
            except ServerError as error:
                print(f"deploy.native: {error}", file=sys.stderr)
                failed = True
    return int(failed)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m deploy.native", description="Run the servers without Docker.")
    parser.add_argument("server", nargs="*", choices=[*_KINDS, []], help="which ones (default: all)")
    parser.add_argument("--dir", type=Path, default=Path("build/native"), help="where data and logs go")
    parser.add_argument("--mqtt-port", type=int, default=1883)
    parser.add_argument("--kafka-port", type=int, default=9092)
    parser.add_argument("--influx-port", type=int, default=8086)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
