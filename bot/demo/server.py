"""Serve the demonstration news over real HTTP on loopback, as it would stand at the demonstration's own time."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bot.demo.archive import Archive


@contextmanager
def serve(archive: Archive, clock: Callable[[], datetime]) -> Iterator[str]:
    """Serve `archive` until the block ends; yields the server's root address, on a free port of 127.0.0.1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(archive, clock))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(archive: Archive, clock: Callable[[], datetime]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host = self.headers.get("Host", "")
            source_id = self.path.split("?")[0].strip("/")
            found = archive.answer(source_id, root=f"http://{host}", now=clock())
            if found is None:
                self._reply(404, "text/plain", b"not here", "")
                return
            kind, body = found
            etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
            if self.headers.get("If-None-Match") == etag:
                self._reply(304, kind, b"", etag)
            else:
                self._reply(200, kind, body, etag)

        def _reply(self, status: int, kind: str, body: bytes, etag: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if etag:
                self.send_header("ETag", etag)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Stay silent: the demonstration's own output is on the screen."""

    return Handler
