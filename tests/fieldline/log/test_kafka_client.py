"""The sockets of the log's clients."""

import socket

from kafka.net.inet import KafkaNetSocket

import fieldline.log.kafka_client  # noqa: F401 (its kind of connection is known when it is imported)


def test_a_socket_gives_what_has_come_though_the_library_asks_for_little():
    sent = bytes(32_000)
    with socket.create_server(("127.0.0.1", 0)) as server:
        mine = KafkaNetSocket("fieldline-direct://").socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        with mine:
            mine.connect(server.getsockname())
            broker, _ = server.accept()
            with broker:
                broker.sendall(sent)
            assert mine.recv(4096, socket.MSG_WAITALL) == sent
