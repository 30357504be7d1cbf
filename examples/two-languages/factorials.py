"""Answers questions in a workspace: PORT WORKSPACE. It speaks the protocol of docs/protocol.md by itself."""

import math
import socket
import sys

PYTHON_TEXT = 0x01000001  # made by Python, a direct string (P10)


class Connection:
    """One connection, with metadata neither way."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.replies = self.socket.makefile("rb")
        self.socket.sendall(b"X000")  # P2.1
        assert self.read(4) == b"P000"
        self.read_dictionary()  # what it offers; we want none of it (P2.2)
        self.socket.sendall(b"R0000000")
        assert self.read(4) == b"A000"

    def read(self, size):
        data = self.replies.read(size)
        if len(data) < size:
            raise ConnectionError("the server has closed the connection")
        return data

    def read_dictionary(self):  # P4
        for _ in range(2 * int(self.read(4))):
            self.read(int(self.read(4)))

    def request(self, *arguments):  # P5
        parts = [b"%04d" % len(arguments)]
        for argument in arguments:
            data = str(argument).encode()
            parts += [b"%020d" % len(data), data]
        self.socket.sendall(b"".join(parts))

    def check(self):  # P6
        status = self.read(4)
        if status != b"0000":
            raise RuntimeError("refused with status " + status.decode())

    def use(self, workspace):
        self.request("use ws", workspace, "", "no", "no")
        self.check()

    def store(self, workspace, variable, text):
        self.request("store", workspace, variable, PYTHON_TEXT, text)
        self.check()

    def fetch(self, workspace, variable):  # P7
        self.request("fetch", workspace, variable)
        status, _descriptor, _cookie, length = (self.read(n) for n in (4, 20, 40, 20))
        value = self.read(int(length))
        if status != b"0000":
            raise RuntimeError("refused with status " + status.decode())
        return value.decode()


def answer(question):
    try:
        return f"{question}! = {math.factorial(int(question))}"
    except ValueError:
        return f"{question} is no whole number"


def main():
    port, workspace = sys.argv[1:]
    connection = Connection(int(port))
    connection.use(workspace)
    while question := connection.fetch(workspace, "questions"):
        connection.store(workspace, "answers", answer(question))


main()
