"""A Kafka broker that asks who one is: listeners with TLS, with users, with both, and with a client's certificate."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from deploy.native.server import HOST, free_port
from deploy.native.servers import Kafka

PASSWORDS = {"scram": "swordfish"}
PLAIN_PASSWORD = "letmein"
_KINDS = {"TLS": "SSL", "USERS": "SASL_PLAINTEXT", "BOTH": "SASL_SSL", "ALIEN": "SSL", "MUTUAL": "SSL"}
_LOGIN = "org.apache.kafka.common.security"


class SecureKafka(NamedTuple):
    """The broker and where its listeners are: HOST:PORT by name, those of `_KINDS` and PLAIN.

    ALIEN's certificate is for a name that nobody has; MUTUAL asks for a certificate.
    """

    server: Kafka
    listeners: dict[str, str]
    ca: Path


def start(folder: Path) -> SecureKafka:
    """Make certificates and start it."""
    folder.mkdir(parents=True)
    ports = {name: free_port() for name in _KINDS}
    broker = Kafka(folder / "data", properties=_properties(folder, ports), passwords=PASSWORDS)
    plain = f"PLAINTEXT://{HOST}:{broker.port}"
    others = ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())
    broker._properties |= {
        "listeners": f"{plain},CONTROLLER://{HOST}:{broker._controller_port},{others}",
        "advertised.listeners": f"{plain},{others}",
    }
    _certify(folder, "server", f"IP:{HOST},DNS:localhost")
    _certify(folder, "alien", "DNS:kafka.example")
    broker.start()
    listeners = {name: f"{HOST}:{port}" for name, port in ports.items()} | {"PLAIN": f"{HOST}:{broker.port}"}
    return SecureKafka(broker, listeners, folder / "ca.pem")


def _properties(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    settings = {
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,"
        + ",".join(f"{name}:{kind}" for name, kind in _KINDS.items()),
        "inter.broker.listener.name": "PLAINTEXT",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.mutual.ssl.client.auth": "required",
    }
    for name, kind in _KINDS.items():
        listener = f"listener.name.{name.lower()}"
        if "SSL" in kind.removeprefix("SASL"):
            store = "alien" if name == "ALIEN" else "server"
            settings |= {
                f"{listener}.ssl.keystore.type": "PEM",
                f"{listener}.ssl.keystore.location": str(folder / f"{store}.store.pem"),
                f"{listener}.ssl.truststore.type": "PEM",
                f"{listener}.ssl.truststore.location": str(folder / "ca.pem"),
            }
        if kind.startswith("SASL"):
            settings |= {
                f"{listener}.plain.sasl.jaas.config": f"{_LOGIN}.plain.PlainLoginModule required"
                f' user_plain="{PLAIN_PASSWORD}";',
                f"{listener}.scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
            }
    return settings


def _certify(folder: Path, name: str, names: str) -> None:
    """A key and a certificate for `names`, signed by the folder's authority, which is made first."""
    if not (folder / "ca.pem").exists():
        _openssl(folder, "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem")
    (folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
    _openssl(folder, f"req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {name}.key -out {name}.csr")
    signed = f"x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile {name}.ext"
    _openssl(folder, f"{signed} -out {name}.pem")
    _openssl(folder, f"pkcs8 -topk8 -nocrypt -in {name}.key -out {name}.p8")
    store = (folder / f"{name}.p8").read_text() + (folder / f"{name}.pem").read_text()
    (folder / f"{name}.store.pem").write_text(store)


def _openssl(folder: Path, arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)
