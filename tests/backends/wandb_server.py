"""Stands in for W&B's server, as far as `wandb sync` asks one; there is none to be installed.

    wandb_server.py PORT

It answers the questions of the GraphQL interface, takes the streams of files and the uploads, and
gives back at /seen what came, as one JSON object:

    {"runs": [variables of UpsertBucket], "streams": {run: {file: [lines]}},
     "uploads": {path: sha256}, "unknown": [operations that it could not answer]}
"""

import gzip
import hashlib
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

PORT = int(sys.argv[1])
seen = {"runs": [], "streams": {}, "uploads": {}, "unknown": []}
lock = threading.Lock()


def viewer(_):
    return {"viewer": {"id": "U1", "entity": "me", "username": "me", "flags": "{}", "teams": {"edges": []}}}


def upsert_bucket(variables):
    seen["runs"].append(variables)
    project = {"id": "P1", "name": variables.get("project") or "uncategorized"}
    project["entity"] = {"id": "E1", "name": variables.get("entity") or "me"}
    run = {"id": "UnVuOjE=", "historyLineCount": 0, "sweepName": None, "description": None}
    run |= {"name": variables.get("name"), "displayName": variables.get("displayName")}
    run |= {"config": variables.get("config"), "project": project}
    return {"upsertBucket": {"bucket": run, "inserted": True}}


def create_run_files(variables):
    url = f"http://127.0.0.1:{PORT}/upload/"
    files = [{"name": name, "uploadUrl": url + quote(name)} for name in variables.get("files") or []]
    return {"createRunFiles": {"runID": "1", "uploadHeaders": [], "files": files}}


ANSWERS = {
    "ServerFeaturesQuery": lambda _: {"serverInfo": {"features": []}},
    "Viewer": viewer,
    "UpsertBucket": upsert_bucket,
    "CreateRunFiles": create_run_files,
}


def graphql(request):
    operation = re.search(r"(?:query|mutation)\s+(\w+)", request["query"])
    operation = operation.group(1) if operation else request["query"][:80]
    answer = ANSWERS.get(operation)
    if answer is None:
        seen["unknown"].append(operation)
        return {"data": {}}
    return {"data": answer(request.get("variables") or {})}


def file_stream(run, request):
    streams = seen["streams"].setdefault(run, {})
    for name, chunk in (request.get("files") or {}).items():
        lines = streams.setdefault(name, [])
        lines[chunk["offset"]:] = chunk["content"]
    return {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        with lock:
            if self.path == "/seen":
                answer = seen
            elif self.path.startswith("/upload/"):
                path = unquote(self.path.removeprefix("/upload/"))
                seen["uploads"][path] = hashlib.sha256(body).hexdigest()
                answer = {}
            elif self.path.startswith("/graphql"):
                answer = graphql(json.loads(body))
            elif self.path.endswith("/file_stream"):
                answer = file_stream(self.path.split("/")[-2], json.loads(body))
            else:
                answer = {}
            answer = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = answer


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """Clients that are done hang up; that is no error."""


Server(("127.0.0.1", PORT), Handler).serve_forever()
