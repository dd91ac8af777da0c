"""Just enough of how databases are spoken to, for a client beside them: it asks, and knows what was acknowledged."""

import base64
import hashlib
import hmac
import os
import socket
import struct
from typing import Protocol

TIMEOUT = 10


class Lost(Exception):
    """The connection is gone: what was asked last may or may not have been done."""


class Client(Protocol):
    """A connection. `write` returns when the server has acknowledged it."""

    def write(self, number: int) -> None: ...

    def numbers(self) -> list[int]: ...


class Wire:
    """A TCP connection of which exactly so much is read as is wanted."""

    def __init__(self, address: str, port: int) -> None:
        self.socket = socket.create_connection((address, port), timeout=TIMEOUT)
        self.file = self.socket.makefile("rb")

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def take(self, size: int) -> bytes:
        content = self.file.read(size)
        if len(content) < size:
            raise Lost
        return content

    def line(self) -> bytes:
        content = self.file.readline()
        if not content.endswith(b"\r\n"):
            raise Lost
        return content[:-2]


class Postgres:
    """The simple query protocol, after SCRAM-SHA-256 (postgresql.org/docs, "Frontend/Backend Protocol"; RFC 5802)."""

    def __init__(self, address: str, port: int, user: str, password: str, database: str) -> None:
        self.wire = Wire(address, port)
        words = f"user\0{user}\0database\0{database}\0\0".encode()
        self.wire.send(struct.pack("!ii", len(words) + 8, 196608) + words)
        self._answer()
        nonce = base64.b64encode(os.urandom(18)).decode()
        first = f"n=,r={nonce}"
        begin = f"n,,{first}".encode()
        self._say(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(begin)) + begin)
        server = self._answer()[4:].decode()
        parts = dict(each.split("=", 1) for each in server.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
        key = hmac.digest(salted, b"Client Key", "sha256")
        last = f"c=biws,r={parts['r']}"
        signature = hmac.digest(hashlib.sha256(key).digest(), f"{first},{server},{last}".encode(), "sha256")
        proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        self._say(b"p", f"{last},p={base64.b64encode(proof).decode()}".encode())
        self._rows()

    def _say(self, kind: bytes, content: bytes) -> None:
        self.wire.send(kind + struct.pack("!i", len(content) + 4) + content)

    def _message(self) -> tuple[bytes, bytes]:
        kind, size = struct.unpack("!ci", self.wire.take(5))
        return kind, self.wire.take(size - 4)

    def _answer(self) -> bytes:
        kind, content = self._message()
        if kind != b"R":
            raise Lost
        return content

    def _rows(self) -> list[int]:
        rows = []
        while True:
            kind, content = self._message()
            if kind == b"E":
                raise Lost(content)
            if kind == b"D":
                rows.append(int(content[6:]))
            if kind == b"Z":
                return rows

    def ask(self, sql: str) -> list[int]:
        self._say(b"Q", sql.encode() + b"\0")
        return self._rows()

    def write(self, number: int) -> None:
        self.ask(f"insert into ledger values ({number})")

    def numbers(self) -> list[int]:
        return self.ask("select n from ledger")


class MariaDB:
    """The text protocol, after mysql_native_password (mariadb.com/kb, "Client/Server Protocol")."""

    FLAGS = 0x1 | 0x8 | 0x200 | 0x8000 | 0x80000

    def __init__(self, address: str, port: int, user: str, password: str, database: str) -> None:
        self.wire = Wire(address, port)
        hello, _ = self._packet()
        rest = hello[hello.index(b"\0") + 5 :]
        salt = rest[:8] + rest[27:39]
        once = hashlib.sha1(password.encode()).digest()
        mixed = hashlib.sha1(salt + hashlib.sha1(once).digest()).digest()
        proof = bytes(one ^ other for one, other in zip(once, mixed, strict=True))
        words = struct.pack("<IIB23x", self.FLAGS, 1 << 24, 45) + user.encode() + b"\0" + bytes([len(proof)]) + proof
        self._send(words + database.encode() + b"\0mysql_native_password\0", 1)
        self._fine()

    def _send(self, content: bytes, number: int = 0) -> None:
        self.wire.send(struct.pack("<I", len(content))[:3] + bytes([number]) + content)

    def _packet(self) -> tuple[bytes, int]:
        head = self.wire.take(4)
        content = self.wire.take(int.from_bytes(head[:3], "little"))
        if content[:1] == b"\xff":
            raise Lost(content)
        return content, head[3]

    def _fine(self) -> None:
        content, _ = self._packet()
        if content[:1] != b"\0":
            raise Lost(content)

    def ask(self, sql: str) -> None:
        self._send(b"\3" + sql.encode())
        self._fine()

    def write(self, number: int) -> None:
        self.ask(f"insert into ledger values ({number})")

    def numbers(self) -> list[int]:
        self._send(b"\3select n from ledger")
        found: list[int] = []
        ends = 0
        self._packet()
        while ends < 2:
            content, _ = self._packet()
            if content[:1] == b"\xfe" and len(content) < 9:
                ends += 1
            elif ends:
                found.append(int(content[1:]))
        return found


class Redis:
    """RESP (redis.io/docs/reference/protocol-spec)."""

    def __init__(self, address: str, port: int, user: str, password: str, database: str) -> None:
        self.wire = Wire(address, port)
        self._ask(f"AUTH {user} {password}")

    def _ask(self, words: str) -> bytes:
        self.wire.send(words.encode() + b"\r\n")
        said = self.wire.line()
        if said.startswith(b"-"):
            raise Lost(said)
        return said

    def write(self, number: int) -> None:
        self._ask(f"SADD ledger {number}")

    def numbers(self) -> list[int]:
        count = int(self._ask("SMEMBERS ledger")[1:])
        return [int(self.wire.take(int(self.wire.line()[1:]) + 2)) for _ in range(count)]
