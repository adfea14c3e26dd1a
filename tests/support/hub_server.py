"""A Hugging Face Hub on 127.0.0.1, as far as its client calls it for models: files, commits, hashes and access are real.

Large files travel by Git LFS, as they do between the client and the Hub where Xet is disabled.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

LFS_SUFFIXES = (".safetensors", ".pt", ".bin")
USERS = {"hf_writer": "ann", "hf_reader": "bob"}
"""The user of each token. `hf_reader` may write nothing."""


@dataclass(frozen=True)
class Stored:
    """A file of a commit."""

    content: bytes
    lfs: bool

    @property
    def etag(self) -> str:
        """SHA-256 of a large file, Git's object name of another."""
        if self.lfs:
            return hashlib.sha256(self.content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(self.content) + self.content).hexdigest()


@dataclass
class Repository:
    """A model: its commits by hash, each the files by path, and its branches."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, Stored]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, branch: str, files: dict[str, Stored], message: str = "initial commit") -> str:
        """Put files onto a branch; the hash of the new commit."""
        parent = self.branches.get(branch, "")
        content = {**self.commits.get(parent, {}), **files}
        listed = [parent, message, *(f"{path} {file.etag}" for path, file in sorted(content.items()))]
        name = hashlib.sha1("\n".join(listed).encode()).hexdigest()
        self.commits[name], self.branches[branch] = content, name
        return name

    def find(self, revision: str) -> str | None:
        """The commit of a branch or hash."""
        return self.branches.get(revision) or (revision if revision in self.commits else None)

    def card(self, commit: str) -> dict[str, Any]:
        """The metadata of the model card."""
        readme = self.commits[commit].get("README.md", Stored(b"", False)).content.decode()
        match = re.match(r"---\n(.*?)\n---", readme, re.S)
        return yaml.safe_load(match[1]) if match else {}


@dataclass
class Hub:
    """The state of the server, and the faults that a test switches on.

    Attributes:
        url: the address of the Hub.
        storage: the address of the large files, which has another host name, as that of the Hub has.
        repositories: by "owner/name".
        objects: uploaded large files by SHA-256.
        requests: the method and path of each request.
        failing: answer each request with this status.
        cut_uploads: close the connection in the middle of an upload.
        spoil: change the bytes that a download sends.
    """

    url: str = ""
    storage: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    failing: int | None = None
    cut_uploads: bool = False
    spoil: Callable[[bytes], bytes] = bytes

    def add(self, name: str, files: dict[str, bytes], private: bool = False, gated: bool = False) -> str:
        """Add a model that somebody else uploaded; the hash of its commit."""
        self.repositories[name] = Repository(private, gated)
        stored = {path: Stored(content, path.endswith(LFS_SUFFIXES)) for path, content in files.items()}
        self.objects |= {file.etag: file.content for file in stored.values() if file.lfs}
        return self.repositories[name].commit("main", stored)


class Refusal(Exception):
    """A status with the Hub's error headers."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        self.status, self.code, self.message = status, code, message


class Handler(BaseHTTPRequestHandler):
    """Answers one request. The routes are the methods below, by method and pattern in `ROUTES`."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:
        """Print nothing."""

    def handle_request(self) -> None:
        address = urlsplit(self.path)
        self.query = parse_qs(address.query)
        self.hub.requests.append((self.command, address.path))
        self.body = b""
        if self.hub.cut_uploads and self.command == "PUT":
            self.rfile.read(10)
            self.close_connection = True
            return
        if "Content-Length" in self.headers:
            self.body = self.rfile.read(int(self.headers["Content-Length"]))
        elif "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                self.body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        try:
            if self.hub.failing:
                raise Refusal(self.hub.failing)
            for method, pattern, answer in ROUTES:
                match = re.fullmatch(pattern, address.path)
                if match and self.command in method.split():
                    answer(self, *map(unquote, match.groups()))
                    return
            raise Refusal(404, message=f"no route {self.command} {address.path}")
        except Refusal as refusal:
            self.send(b"", refusal.status, {"X-Error-Code": refusal.code, "X-Error-Message": refusal.message})

    do_GET = do_HEAD = do_POST = do_PUT = handle_request

    def send(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        length = {} if "Content-Length" in (headers or {}) else {"Content-Length": str(len(content))}
        for name, value in ({k: v for k, v in (headers or {}).items() if v} | length).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def json(self, value: Any, status: int = 200) -> None:
        self.send(json.dumps(value).encode(), status, {"Content-Type": "application/json"})

    def user(self) -> str | None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in USERS:
            raise Refusal(401, message="Invalid credentials in Authorization header")
        return USERS.get(token)

    def repository(self, name: str, write: bool = False) -> Repository:
        """The repository, if the user may read or write it. A stranger does not learn whether a private one exists."""
        user, found = self.user(), self.hub.repositories.get(name)
        owns = user == name.split("/")[0]
        if found is None or (found.private and not owns):
            raise Refusal(404 if user else 401, "RepoNotFound", "Repository not found")
        if found.gated and not owns:
            raise Refusal(403, "GatedRepo", f"Access to model {name} is restricted.")
        if write and not owns:
            raise Refusal(403, message="You don't have the required permissions")
        return found

    def commit_of(self, name: str, revision: str) -> tuple[Repository, str]:
        repository = self.repository(name)
        commit = repository.find(revision)
        if commit is None:
            raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return repository, commit

    def whoami(self) -> None:
        user = self.user()
        if user is None:
            raise Refusal(401, message="Invalid credentials in Authorization header")
        self.json({"type": "user", "name": user, "orgs": []})

    def create(self) -> None:
        wanted, user = json.loads(self.body), self.user()
        name = f"{wanted['organization'] or user}/{wanted['name']}"
        if user is None:
            raise Refusal(401, message="Invalid username or password.")
        if user != name.split("/")[0]:
            raise Refusal(403, message=f"You don't have the rights to create a model under the namespace {name}")
        status = 409 if name in self.hub.repositories else 200
        if status == 200:
            private = wanted.get("private") or wanted.get("visibility") == "private"
            self.hub.repositories[name] = Repository(private=bool(private))
            self.hub.repositories[name].commit("main", {".gitattributes": Stored(b"*.safetensors filter=lfs\n", False)})
        self.json({"url": f"{self.hub.url}/{name}", "name": name}, status)

    def info(self, name: str, revision: str = "main") -> None:
        self.json(self.describe(name, *self.commit_of(name, revision)))

    def describe(self, name: str, repository: Repository, commit: str) -> dict[str, Any]:
        card = repository.card(commit)
        return {
            "id": name,
            "sha": commit,
            "private": repository.private,
            "gated": "manual" if repository.gated else False,
            "lastModified": "2026-01-02T03:04:05.000Z",
            "downloads": 7,
            "tags": [*card.get("tags", ()), card.get("library_name", "")],
            "library_name": card.get("library_name"),
            "cardData": card,
            "siblings": [{"rfilename": path} for path in repository.commits[commit]],
        }

    def models(self) -> None:
        user, found = self.user(), []
        for name, repository in self.hub.repositories.items():
            owner = name.split("/")[0]
            entry = self.describe(name, repository, repository.branches["main"])
            hidden = repository.private and owner != user
            if not hidden and owner in self.query.get("author", [owner]):
                found += [entry] if set(self.query.get("filter", ())) <= set(entry["tags"]) else []
        self.json(found)

    def tree(self, name: str, revision: str) -> None:
        repository, commit = self.commit_of(name, revision)
        self.json(
            [
                {"type": "file", "path": path, "oid": file.etag, "size": len(file.content)}
                for path, file in repository.commits[commit].items()
            ]
        )

    def branch(self, name: str, branch: str) -> None:
        repository = self.repository(name, write=True)
        if branch in repository.branches:
            raise Refusal(409, message="Reference already exists")
        repository.branches[branch] = repository.branches["main"]
        self.json({})

    def validate(self) -> None:
        content = json.loads(self.body)["content"]
        match = re.match(r"---\n(.*?)\n---", content, re.S)
        try:
            metadata = yaml.safe_load(match[1]) if match else {}
            bad = not isinstance(metadata.get("license", ""), str)
        except yaml.YAMLError:
            bad = True
        self.json({"errors": [{"message": "invalid metadata"}] if bad else [], "warnings": []}, 400 if bad else 200)

    def preupload(self, name: str, revision: str) -> None:
        repository = self.repository(name, write=True)
        known = repository.commits[repository.find(revision) or self.no_branch(revision)]
        self.json(
            {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(LFS_SUFFIXES) else "regular",
                        "shouldIgnore": False,
                        "oid": known[file["path"]].etag if file["path"] in known else None,
                    }
                    for file in json.loads(self.body)["files"]
                ]
            }
        )

    def no_branch(self, revision: str) -> str:
        raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")

    def batch(self, name: str) -> None:
        self.repository(name, write=True)
        objects: list[dict[str, Any]] = json.loads(self.body)["objects"]
        for entry in objects:
            if entry["oid"] not in self.hub.objects:
                entry["actions"] = {"upload": {"href": f"{self.hub.storage}/lfs/{entry['oid']}"}}
        self.json({"transfer": "basic", "objects": objects})

    def upload(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            raise Refusal(400, message="the content has another SHA-256")
        self.hub.objects[oid] = self.body
        self.send(b"")

    def commit(self, name: str, revision: str) -> None:
        repository = self.repository(name, write=True)
        if revision not in repository.branches:
            self.no_branch(revision)
        files, message = {}, ""
        for line in self.body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "header":
                message = value["summary"]
            elif item["key"] == "file":
                files[value["path"]] = Stored(base64.b64decode(value["content"]), False)
            elif item["key"] == "lfsFile":
                files[value["path"]] = Stored(self.hub.objects[value["oid"]], True)
        commit = repository.commit(revision, files, message)
        self.json({"commitUrl": f"{self.hub.url}/{name}/commit/{commit}", "commitOid": commit})

    def resolve(self, name: str, revision: str, path: str) -> None:
        repository, commit = self.commit_of(name, revision)
        file = repository.commits[commit].get(path)
        if file is None:
            headers = {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found", "X-Repo-Commit": commit}
            self.send(b"", 404, headers)
        elif file.lfs:
            headers = {
                "X-Linked-Etag": f'"{file.etag}"',
                "X-Linked-Size": str(len(file.content)),
                "X-Repo-Commit": commit,
            }
            self.send(b"", 302, headers | {"Location": f"{self.hub.storage}/lfs/{file.etag}"})
        else:
            headers = {"ETag": f'"{file.etag}"', "X-Repo-Commit": commit, "Content-Length": str(len(file.content))}
            self.send(file.content, 200, headers)

    def large(self, oid: str) -> None:
        self.send(self.hub.spoil(self.hub.objects[oid]), 200, {"ETag": f'"{oid}"'})


REPO = r"([^/]+/[^/]+?)"
ROUTES: list[tuple[str, str, Callable[..., None]]] = [
    ("GET", "/api/whoami-v2", Handler.whoami),
    ("GET", "/api/models", Handler.models),
    ("POST", "/api/repos/create", Handler.create),
    ("POST", "/api/validate-yaml", Handler.validate),
    ("GET", f"/api/models/{REPO}", Handler.info),
    ("GET", f"/api/models/{REPO}/revision/([^/]+)", Handler.info),
    ("GET", f"/api/models/{REPO}/tree/([^/]+)", Handler.tree),
    ("POST", f"/api/models/{REPO}/branch/([^/]+)", Handler.branch),
    ("POST", f"/api/models/{REPO}/preupload/([^/]+)", Handler.preupload),
    ("POST", f"/api/models/{REPO}/commit/([^/]+)", Handler.commit),
    ("POST", rf"/{REPO}\.git/info/lfs/objects/batch", Handler.batch),
    ("PUT", "/lfs/([0-9a-f]{64})", Handler.upload),
    ("GET HEAD", "/lfs/([0-9a-f]{64})", Handler.large),
    ("GET HEAD", f"/{REPO}/resolve/([^/]+)/(.+)", Handler.resolve),
]
"""Methods, the pattern of the path, and what answers."""


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A server on a free port."""
    hub = Hub()
    handler = type("HubHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    hub.storage = hub.url.replace("127.0.0.1", "localhost")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
