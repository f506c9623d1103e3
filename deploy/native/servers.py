"""The servers that Fieldline talks to, run natively: Mosquitto, Apache Kafka, InfluxDB 1.x, VictoriaMetrics."""

import os
import socket
import subprocess
import urllib.error
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from deploy.native.server import HOST, Server, ServerError, find_program, free_port

KAFKA_VERSION = "4.1.1"


class Mosquitto(Server):
    """An MQTT broker that keeps sessions and queues on disk (saved every second; a kill may lose the last one).

    `extra` lines go to the end of the configuration: another listener with TLS, a password file.
    """

    name = "mosquitto"

    def __init__(self, folder: Path, port: int | None = None, *, extra: str = "", anonymous: bool = True) -> None:
        super().__init__(folder, port)
        self._extra, self._anonymous = extra, anonymous

    @property
    def url(self) -> str:
        return f"mqtt://{HOST}:{self.port}"

    def prepare(self) -> list[str]:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        lines = [
            "per_listener_settings false",
            f"allow_anonymous {'true' if self._anonymous else 'false'}",
            f"listener {self.port} {HOST}",
            "persistence true",
            f"persistence_location {data}/",
            "autosave_interval 1",
            # The defaults (20 and 1,000) drop messages silently when a client is slow or away.
            "max_inflight_messages 0",
            "max_queued_messages 1000000",
            "max_queued_bytes 1073741824",
            "persistent_client_expiration 14d",
            "set_tcp_nodelay true",
            "log_dest stdout",
            "log_type error",
            "log_type warning",
        ]
        if os.getuid() == 0:
            lines.append("user root")  # otherwise it gives up root and cannot write its folder
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join([*lines, self._extra, ""]))
        return [find_program("mosquitto"), "-c", str(config)]

    def is_ready(self) -> bool:
        return self.accepts()


class Kafka(Server):
    """One Kafka broker (KRaft, combined mode) with little memory and quick sessions.

    `properties` override the broker's settings; `passwords` are those of users who log in by SCRAM-SHA-512. The jars come from
    `deploy/native/install`.
    """

    name = "kafka"

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        properties: Mapping[str, str] | None = None,
        passwords: Mapping[str, str] | None = None,
        heap_mb: int = 384,
    ) -> None:
        super().__init__(folder, port)
        self._passwords = dict(passwords or {})
        self._controller_port = free_port()
        self._properties = dict(properties or {})
        self._heap_mb = heap_mb

    @property
    def url(self) -> str:
        return f"kafka://{HOST}:{self.port}"

    def prepare(self) -> list[str]:
        config = self.folder / "server.properties"
        config.write_text("".join(f"{key}={value}\n" for key, value in self._settings().items()))
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(config)
        return [*self._java(), f"-Xmx{self._heap_mb}m", "kafka.Kafka", str(config)]

    def is_ready(self) -> bool:
        """Whether it answers an ApiVersions request; it listens a while before it does."""
        request = bytes.fromhex("0000000a" + "0012" + "0000" + "00000001" + "ffff")
        try:
            with socket.create_connection((HOST, self.port), timeout=1.0) as connection:
                connection.settimeout(2.0)
                connection.sendall(request)
                return len(connection.recv(8)) == 8
        except OSError:
            return False

    def _settings(self) -> dict[str, str]:
        broker = f"PLAINTEXT://{HOST}:{self.port}"
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{HOST}:{self._controller_port}",
            "listeners": f"{broker},CONTROLLER://{HOST}:{self._controller_port}",
            "advertised.listeners": broker,
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "auto.create.topics.enable": "false",
            "group.initial.rebalance.delay.ms": "0",
            # After a kill the broker waits for its own old session: 12 s with the defaults.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            # A group that rested for a week must not begin again from the start.
            "offsets.retention.minutes": "525600",
            "log.cleaner.dedupe.buffer.size": str(16 << 20),
            "message.max.bytes": str(16 << 20),
            "replica.fetch.max.bytes": str(16 << 20),
            **self._properties,
        }

    def _format(self, config: Path) -> None:
        # 16 bytes as Kafka writes them; its tool's own would be one more start of Java. None may begin with a dash.
        identity = urlsafe_b64encode(b"\0" + os.urandom(15)).decode().rstrip("=")
        users = [f"SCRAM-SHA-512=[name={name},password={secret}]" for name, secret in self._passwords.items()]
        scram = [part for user in users for part in ("--add-scram", user)]
        self._tool("format", "-t", identity, "-c", str(config), "--ignore-formatted", *scram)

    def _tool(self, *arguments: str) -> str:
        command = [*self._java(), "-Xmx128m", "kafka.tools.StorageTool", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=self.folder)
        if done.returncode:
            raise ServerError(f"kafka's storage tool: {done.stderr or done.stdout}")
        return done.stdout

    def _java(self) -> list[str]:
        log_level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        # The simple compiler alone starts the broker in half the time on a busy machine.
        return [
            find_program("java"),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            log_level,
            "-cp",
            f"{kafka_jars()}/*",
        ]


def kafka_jars() -> Path:
    """The folder of Kafka's jars. Raises ServerError when `deploy/native/install` did not run."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("FIELDLINE_KAFKA_LIB") or cache / "fieldline" / f"kafka-{KAFKA_VERSION}")
    if not (folder / ".complete").exists():
        raise ServerError(f"Kafka's jars are not in {folder}; run deploy/native/install")
    return folder


class InfluxDB(Server):
    """InfluxDB 1.x with one database, `fieldline`, made by whoever writes first."""

    name = "influxdb"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> list[str]:
        config = self.folder / "influxdb.conf"
        config.write_text(f"""\
reporting-disabled = true
bind-address = "{HOST}:{free_port()}"
[meta]
  dir = "{self.folder / "meta"}"
[data]
  dir = "{self.folder / "data"}"
  wal-dir = "{self.folder / "wal"}"
  index-version = "tsi1"
  query-log-enabled = false
  max-series-per-database = 0
  max-values-per-tag = 0
[monitor]
  store-enabled = false
[http]
  bind-address = "{HOST}:{self.port}"
  log-enabled = false
  max-body-size = 0
[continuous_queries]
  log-enabled = false
[logging]
  level = "warn"
  suppress-logo = true
""")
        return [find_program("influxd"), "-config", str(config)]

    def is_ready(self) -> bool:
        return _answers(f"{self.url}/ping")


class VictoriaMetrics(Server):
    """A database that takes InfluxDB 2's `/api/v2/write`."""

    name = "victoria-metrics"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def prepare(self) -> list[str]:
        return [
            find_program("victoria-metrics"),
            f"-storageDataPath={self.folder / 'data'}",
            f"-httpListenAddr={HOST}:{self.port}",
            "-retentionPeriod=100y",
            "-memory.allowedPercent=5",
            "-loggerLevel=WARN",
        ]

    def is_ready(self) -> bool:
        return _answers(f"{self.url}/health")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2.0) as reply:
            return 200 <= reply.status < 300
    except (OSError, urllib.error.URLError):
        return False
