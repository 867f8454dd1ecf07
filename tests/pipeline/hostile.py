"""`python hostile.py FILE COMMAND…`: run a command on a machine that others use too.

It gets a network of its own, so that nobody else's is disturbed, in which somebody else's server
answers on Prefect's usual port. What that server is asked is written to FILE.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT = 4200
NEW_NETWORK, SET_FLAGS, UP = 0x40000000, 0x8914, 1
"""CLONE_NEWNET, SIOCSIFFLAGS and IFF_UP of Linux."""


class Stranger(BaseHTTPRequestHandler):
    """Answers every request as Prefect does when asked for its version."""

    asked: Path

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(2**16)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        with self.asked.open("a") as file:
            file.write(f"{self.command} {self.path}\n")
        self.send_response(200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b'"3.9.1"')

    def log_message(self, *_: object) -> None: ...


def own_network() -> None:
    """Give this process a network of its own, with a loopback.

    Raises:
        OSError: the system does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "no network of our own")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))


def main(asked: str, *command: str) -> int:
    own_network()
    handler = type("Listening", (Stranger,), {"asked": Path(asked)})
    server = ThreadingHTTPServer(("127.0.0.1", PORT), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    own = {"PREFECT_HOME": os.environ["USERS_PREFECT_HOME"]}
    return subprocess.run(command, env=os.environ | own, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
