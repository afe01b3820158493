"""A stand-in for Lambda's Runtime API: hands a function its events one after another and collects its answers.

The protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class RuntimeApi:
    """Serves one function process on a free port of this machine.

    The function calls `next` after initialization and after each event. `finished` is set when it calls `next` and no
    event is left, or when it reports an error.
    """

    def __init__(self, events):
        self.answers = []
        self.error = None
        self.finished = threading.Event()
        self._events = queue.SimpleQueue()
        for event in events:
            self._events.put(event)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(api):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                try:
                    event = api._events.get_nowait()
                except queue.Empty:
                    api.finished.set()
                    return time.sleep(3600)  # Lambda would freeze the function. The thread ends with this program.
                self._send(200, json.dumps(event).encode())

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if self.path.endswith("/response"):
                    api.answers.append(body)
                else:
                    api.error = body
                    api.finished.set()
                self._send(202, b"")

            def _send(self, status, body):
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.send_header("lambda-runtime-aws-request-id", "measure")
                self.send_header("lambda-runtime-deadline-ms", str(int((time.time() + 600) * 1000)))
                self.send_header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:1:function:measure")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
