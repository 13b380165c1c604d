"""A visitor without a browser: opens a page by Streamlit's own protocol and has its script run again, as a browser does."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

SMALL = 400
"""No message that ends a run has more bytes; larger ones need not be read."""
PATH = "/_stcore/stream"
LONGEST = 60.0


def rerun(query: str = "") -> bytes:
    """What a browser sends to have the script run."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.context_info.url = "http://127.0.0.1/"
    message.rerun_script.context_info.timezone = "UTC"
    return bytes(message.SerializeToString())


def ends(message: bytes) -> bool:
    """Whether a run ends with this message; RuntimeError where it did not end well."""
    if len(message) > SMALL:
        return False
    read = ForwardMsg.FromString(message)
    if read.WhichOneof("type") != "script_finished":
        return False
    if read.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
        raise RuntimeError(f"A run of the page ended with status {read.script_finished}.")
    return True


def trouble(message: bytes) -> str | None:
    """The exception that a message shows on the page, if it does."""
    read = ForwardMsg.FromString(message)
    element = read.delta.new_element
    if read.WhichOneof("type") == "delta" and element.WhichOneof("type") in ("exception", "alert"):
        return str(element)[:500]
    return None


class Visit:
    """One session; `rerun` gives the messages of a run, up to its end."""

    def __init__(self, port: int) -> None:
        self._socket = connect(
            f"ws://127.0.0.1:{port}{PATH}", subprotocols=["streamlit"], compression=None, max_size=None,  # type: ignore[list-item]
        )  # fmt: skip
        for message in self.rerun():
            said = trouble(message)
            if said is not None:
                raise RuntimeError(f"The page does not come up: {said}")

    def rerun(self, query: str = "") -> list[bytes]:
        self._socket.send(rerun(query))
        received: list[bytes] = []
        while not received or not ends(received[-1]):
            message = self._socket.recv(LONGEST)
            assert isinstance(message, bytes)
            received.append(message)
        return received

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
