"""Who writes: so that nobody has to wait long for a process that died in the middle of its turn."""

from __future__ import annotations

import os
import secrets
import socket
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from metrics_core.store.mongo.schema import WRITERS, Fields
from metrics_core.store.mongo.server import Server


def _machine() -> str:
    """Where a process number means one process: this start of this machine, and its container."""
    with suppress(OSError):
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.readlink('/proc/self/ns/pid')}"
    return f"{socket.gethostname()} {uuid.getnode():x}"


_HOST = _machine()
_RUN = secrets.token_hex(6)
"""This run of this process: another one may have had its number before."""
_FORGOTTEN = timedelta(days=2)


def who(server: Server) -> Fields:
    """This store, of this run of this process, on this machine."""
    return {"host": _HOST, "process": os.getpid(), "store": f"{_RUN}-{id(server):x}"}


def has_died(writer: Fields) -> bool:
    """It is known to write no more. Of another machine's processes nobody here knows."""
    if writer.get("host") != _HOST:
        return False
    process = int(writer["process"])
    if process == os.getpid():
        return not writer["store"].startswith(_RUN)
    return not _lives(process)


def is_at_work(writer: Fields, server: Server) -> bool:
    """It is another one, on this machine, that is known to live."""
    return writer.get("host") == _HOST and not has_died(writer) and writer["store"] != who(server)["store"]


def sign(server: Server, session: ClientSession) -> None:
    """Say whose session this is, once for each."""
    told = session.session_id["id"]
    if bytes(told) not in server.signed:
        # In a session of its own: this one's transaction begins after it.
        server.database[WRITERS].replace_one({"_id": told}, {**who(server), "at": datetime.now(UTC)}, upsert=True)
        server.signed.add(bytes(told))


def free_the_dead(server: Server) -> None:
    """End the transactions of processes that died: the server would keep them, and what they hold, for a minute."""
    writers = server.database[WRITERS]
    for writer in writers.find():
        if has_died(writer):
            with suppress(OperationFailure):
                server.client.admin.command("killSessions", [{"id": writer["_id"]}])
            writers.delete_one({"_id": writer["_id"]})
    writers.delete_many({"at": {"$lt": datetime.now(UTC) - _FORGOTTEN}})


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
