"""Three Kafka brokers that vote among themselves: one may be killed."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.native.server import HOST, free_port
from deploy.native.servers import Kafka

BROKERS = 3


class _Member(Kafka):
    """One broker of a cluster: its number, and who votes."""

    def __init__(self, folder: Path, number: int, voters: Mapping[int, int], identity: str) -> None:
        ports = {"node.id": str(number), "controller.quorum.voters": _voters(voters)}
        super().__init__(folder, properties=ports | _SHARED, heap_mb=256)
        self._controller_port = voters[number]
        self._identity = identity

    def _format(self, config: Path) -> None:
        self._tool("format", "-t", self._identity, "-c", str(config), "--ignore-formatted")


_SHARED = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "default.replication.factor": "3",
    "replica.lag.time.max.ms": "5000",
    "controller.quorum.election.timeout.ms": "1000",
    "controller.quorum.fetch.timeout.ms": "2000",
}


def _voters(ports: Mapping[int, int]) -> str:
    return ",".join(f"{number}@{HOST}:{port}" for number, port in ports.items())


class Cluster:
    """Brokers by number; `url` names them all."""

    def __init__(self, folder: Path) -> None:
        voters = {number: free_port() for number in range(1, BROKERS + 1)}
        identity = "ZmllbGRsaW5lLXRlc3RzLQ"  # 16 bytes that nobody else has
        self.brokers = {number: _Member(folder / f"broker{number}", number, voters, identity) for number in voters}

    @property
    def url(self) -> str:
        return "kafka://" + ",".join(f"{HOST}:{broker.port}" for broker in self.brokers.values())

    def start(self) -> "Cluster":
        """Start all at once: one alone waits for a majority."""
        with ThreadPoolExecutor(BROKERS) as threads:
            list(threads.map(Kafka.start, self.brokers.values()))
        return self

    def stop(self) -> None:
        """End all, without the handing over that a single one does."""
        for broker in self.brokers.values():
            broker.kill()
