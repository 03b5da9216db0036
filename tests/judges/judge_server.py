"""A real small server that speaks OpenAI's protocol, in a thread of its own."""

import json
import math
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server:
    """Answers `good` or `bad` as the text says, else `unclear`; tests change how.

    Attributes:
        asked: Every request that was read.
        has_logs: Whether it tells log-probabilities, or refuses to.
        busy: How many calls are refused first, as by a server that is busy.
        status: What every call is answered with, where that is not 200.
        fails_from: Number of the call from which on `status` holds.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.keys: set[str | None] = set()
        self.has_logs, self.busy, self.status, self.fails_from = True, 0, 200, 0
        self.most_at_once, self._now, self._lock = 0, 0, threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(0.01)
        try:
            return self._reply(request)
        finally:
            with self._lock:
                self._now -= 1

    def _reply(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            self.asked.append(request)
            if self.busy > 0:
                self.busy -= 1
                return 429, {"error": {"message": "busy"}}
        if "logprobs" in request and not self.has_logs:
            return 400, {"error": {"message": "logprobs are not supported"}}
        text = request["messages"][-1]["content"].split("Text: ")[1].split("\n")[0]
        with self._lock:
            if self.status != 200 and len(self.texts) >= self.fails_from:
                return self.status, {"error": {"message": "no"}}
            self.texts.append(text)
        word = "good" if "good" in text else "bad" if "bad" in text else "I cannot tell."
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": f'"{word}".'}}
        if "logprobs" in request:
            choice["logprobs"] = {
                "content": [token('"', {'"': 1.0}), token(word[:3], {word[:3]: 0.7, "ba": 0.1, "Bad": 0.1})]
            }
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        common = {"id": "1", "object": "chat.completion", "created": 0, "model": request["model"]}
        return 200, {**common, "choices": [choice], "usage": usage}


def token(text: str, among: dict[str, float]) -> dict[str, Any]:
    top = [{"token": each, "logprob": math.log(share), "bytes": None} for each, share in among.items()]
    return {"token": text, "logprob": top[0]["logprob"], "bytes": None, "top_logprobs": top}


class _Handler(BaseHTTPRequestHandler):
    owner: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # noqa: N802 - http.server calls it so
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.owner.keys.add(self.headers.get("Authorization"))
        status, values = self.owner.reply(request)
        content = json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("retry-after-ms", "5")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
