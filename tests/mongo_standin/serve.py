"""A stand-in for MongoDB where no `mongod` can be had. For tests only.

Speaks the wire protocol to the real pymongo on 127.0.0.1, so that several processes
share one database as they do on a cluster. It has no users, no TLS, no transactions,
no replica set, and keeps everything in memory beside its file: nothing to put data
in that anybody wants to keep. One lock around every command makes each of them
atomic; each is written to the file before it is answered, so a `kill -9` loses
nothing that a client was told is done.

    python serve.py STORE.sqlite [PORT]

prints the port once it listens, and ends when its stdin closes: with its parent.
"""

from __future__ import annotations

import os
import socket
import socketserver
import sys
import threading
from contextlib import suppress
from pathlib import Path

from commands import Commands
from engine import Engine
from wire import receive, send


class Server(socketserver.ThreadingTCPServer):
    """One thread a client, one command at a time."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, store: Path) -> None:
        self.lock = threading.Lock()
        self.commands = Commands(Engine(store))
        super().__init__(("127.0.0.1", port), Client)


class Client(socketserver.BaseRequestHandler):
    """Answers a client until it goes."""

    server: Server

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(ConnectionError):
            while (message := receive(self.request)) is not None:
                with self.server.lock:
                    answer = self.server.commands.answer(message.command)
                if not message.silent:
                    send(self.request, message, answer)


def main() -> None:
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server = Server(port, Path(sys.argv[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    with server.lock:
        os._exit(0)


if __name__ == "__main__":
    main()
