"""The little HTTP that the fake Bot API needs: raw asyncio, so that a fault can hang or cut a connection."""

import asyncio
from dataclasses import dataclass
from email.parser import BytesParser
from urllib.parse import parse_qsl

from tests.fakes.bot_api_schema import Upload


@dataclass(frozen=True)
class Call:
    """One request: path, form fields, files and headers (names in lower case)."""

    path: str
    fields: dict[str, str]
    files: dict[str, Upload]
    headers: dict[str, str]


async def read_call(reader: asyncio.StreamReader) -> Call | None:
    """Read one request; None where the client closed the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    path, _, query = request_line.split(" ")[1].partition("?")
    kind = headers.get("content-type", "")
    fields = dict(parse_qsl(query, keep_blank_values=True))
    files: dict[str, Upload] = {}
    if kind.startswith("multipart/form-data"):
        _read_parts(kind, body, fields, files)
    else:
        fields |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    return Call(path=path, fields=fields, files=files, headers=headers)


def answer(status: int, body: bytes, content_type: str = "application/json") -> bytes:
    """Give a response as it goes over the wire."""
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _read_parts(kind: str, body: bytes, fields: dict[str, str], files: dict[str, Upload]) -> None:
    message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    for part in message.get_payload():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        filename = part.get_filename()
        if filename is None:
            fields[name] = content.decode()
        else:
            files[name] = Upload(filename=filename, content=content)
