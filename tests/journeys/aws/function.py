"""A Lambda function on this machine: AWS's own runtime client, in processes that live and die as Lambda's do."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from http.client import responses
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from socketserver import ThreadingTCPServer
from tempfile import mkdtemp
from threading import Thread
from typing import Any
from uuid import uuid4

from tests.journeys.clients import PATIENCE_SECONDS, program

REGION = "eu-central-1"
ACCOUNT = "123456789012"
NAME = "elastic-pypi-dev"

# What an event and a result may measure, as JSON.
PAYLOAD_LIMIT = 6_291_556

# Lambda calls an asynchronous event's function again this often when it failed.
RETRIES = 2

_POLLING_SECONDS = 0.02
_ENDING_SECONDS = 10.0

_RUNTIME = f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}"
_NEXT = "/2018-06-01/runtime/invocation/next"
_REPORT = re.compile(r"/2018-06-01/runtime/(?:invocation/(?P<id>[^/]+)/(?P<what>response|error)|(?P<init>init/error))")

# In a mount namespace of the process's own, its task folder is as unwritable as Lambda's, to root too.
_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'


class FunctionFailed(Exception):
    """The invocation ended without a result; its kind and message are those that Lambda reports."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class TooLarge(Exception):
    """The event is more than Lambda accepts: the function was not invoked."""


class Function:
    """A function and its execution environments: as many as it needs, up to a limit; what comes beyond that waits."""

    def __init__(self, start: Callable[[str], "_Environment"], *, log: Path, instances: int, timeout: float) -> None:
        self.log = log
        self.timeout = timeout
        self.invoked: list[str] = []
        self._start = start
        self._numbers = count(1)
        self._environments: dict[str, _Environment] = {}
        self._idle: list[_Environment] = []
        self._workers = ThreadPoolExecutor(instances)

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """The function's result, as a synchronous invocation waits for it."""
        return self.begin(event).result()

    def begin(self, event: Mapping[str, Any]) -> Future[Any]:
        """Invoke without waiting: the function goes on though the caller may give up."""
        payload = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
        if len(payload) > PAYLOAD_LIMIT:
            raise TooLarge(f"Request must be smaller than {PAYLOAD_LIMIT} bytes for the InvokeFunction operation")
        request_id = str(uuid4())
        self.invoked.append(request_id)
        return self._workers.submit(self._run, request_id, payload)

    def invoke_async(self, event: Mapping[str, Any]) -> Any:
        """Invoke as S3 does with its events: again when it fails, but at once instead of after minutes."""
        for _ in range(RETRIES):
            with suppress(FunctionFailed):
                return self.invoke(event)
        return self.invoke(event)

    def peaks(self) -> dict[str, int]:
        """The most memory that each instance ever had resident, in bytes, the ended ones included."""
        return {name: environment.peak for name, environment in self._environments.items()}

    def peak_memory(self) -> int:
        return max(self.peaks().values(), default=0)

    def processes(self) -> list[int]:
        """The process ids of the instances that run."""
        return [each.process.pid for each in list(self._environments.values()) if each.process.poll() is None]

    def end(self) -> None:
        self._workers.shutdown(wait=False, cancel_futures=True)
        for environment in list(self._environments.values()):
            environment.kill()
        self._workers.shutdown()
        for environment in self._environments.values():
            environment.end()

    def _run(self, request_id: str, payload: bytes) -> Any:
        environment = self._an_environment()
        try:
            return json.loads(environment.run(request_id, payload, self.timeout))
        finally:
            if environment.spent:
                environment.end()
            else:
                self._idle.append(environment)

    def _an_environment(self) -> "_Environment":
        # Lambda prefers the one that is warm from the latest request.
        while environment := self._an_idle_one():
            if environment.process.poll() is None:
                return environment
            environment.end()
        name = f"instance-{next(self._numbers)}"
        environment = self._environments[name] = self._start(name)
        return environment

    def _an_idle_one(self) -> "_Environment | None":
        try:
            return self._idle.pop()
        except IndexError:
            return None


@contextmanager
def deployed(
    task: Path,
    *,
    handler: str,
    variables: Mapping[str, str],
    folder: Path,
    instances: int = 2,
    timeout: float = 60,
) -> Iterator[Function]:
    """Run an unzipped deployment package until the block ends; logs and temporary files go to ``folder``."""
    before = _state_of(task)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "function.log"
    log.touch()
    command = [*_read_only(task), sys.executable, "-s", "-S", "-m", "awslambdaric", handler]
    environment = {**_variables_of_lambda(task, handler), **variables}
    start = partial(_Environment, command=command, task=task, variables=environment, folder=folder, log=log)
    function = Function(start, log=log, instances=instances, timeout=timeout)
    try:
        yield function
    finally:
        function.end()
    assert _state_of(task) == before, f"The function changed its task folder, which Lambda forbids: {task}"


class Listener(ThreadingTCPServer):
    """A server on a free port that can end while clients keep their connections open."""

    request_queue_size = 128

    def __init__(self, handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self._connections: set[socket.socket] = set()
        self._thread = Thread(target=self.serve_forever, args=(_POLLING_SECONDS,))
        self._thread.start()

    def end(self) -> None:
        self.shutdown()
        self._thread.join()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, client = super().get_request()
        self._connections.add(connection)
        return connection, client

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Conversation(BaseHTTPRequestHandler):
    """One client's connection, kept alive."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def send(self, status: int, headers: Iterable[tuple[str, str]], body: bytes = b"") -> None:
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = f"HTTP/1.1 {status} {responses.get(status, '')}\r\n{fields}\r\n"
        # One write: a second small one would wait until the client acknowledges the first, 40 ms later.
        self.wfile.write(head.encode() + body)

    def log_message(self, format: str, *args: Any) -> None:
        """What was said is recorded elsewhere."""


class _Environment:
    """An execution environment: one process of the function, and the Runtime API that it alone talks to."""

    def __init__(
        self, name: str, *, command: list[str], task: Path, variables: dict[str, str], folder: Path, log: Path
    ) -> None:
        self.spent = False
        self.peak = 0
        self._invocations: SimpleQueue[tuple[str, bytes] | None] = SimpleQueue()
        self._reports: SimpleQueue[bytes | FunctionFailed] = SimpleQueue()
        self._request_id = ""
        self._timeout = 0.0
        self._deadline = 0.0
        temporary = mkdtemp(prefix=f"{name}-", dir=folder)
        self._api = Listener(partial(_RuntimeApi, self))
        try:
            self.process = self._started(command, task, {"HOME": temporary, "TMPDIR": temporary} | variables, log)
        except OSError:
            self._api.end()
            raise

    def _started(
        self, command: list[str], task: Path, variables: Mapping[str, str], log: Path
    ) -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=task,
                env={**variables, "AWS_LAMBDA_RUNTIME_API": self._api.address},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, request_id: str, payload: bytes, timeout: float) -> bytes:
        """Give one invocation to the process, and wait for what becomes of it."""
        self._request_id = request_id
        self._timeout = timeout
        # Until the process has asked for the invocation it is starting, which does not count as the function's time.
        self._deadline = time.monotonic() + PATIENCE_SECONDS
        self._invocations.put((request_id, payload))
        report = self._report()
        self._note_memory()
        if isinstance(report, FunctionFailed):
            raise report
        if len(report) > PAYLOAD_LIMIT:
            # The runtime client cannot bear the refusal, and exits.
            self.spent = True
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_ENDING_SECONDS)
            raise FunctionFailed(
                "Function.ResponseSizeTooLarge",
                f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes).",
            )
        return report

    def next(self) -> tuple[str, bytes] | None:
        """The next invocation, however long it takes to come; None if none will."""
        invocation = self._invocations.get()
        self._deadline = time.monotonic() + self._timeout
        return invocation

    def milliseconds_of_deadline(self) -> int:
        return int((time.time() + self._deadline - time.monotonic()) * 1000)

    def responded(self, request_id: str, content: bytes) -> int:
        """Take the function's result; gives the status to answer with."""
        if request_id != self._request_id:
            return 400
        self._reports.put(content)
        return 413 if len(content) > PAYLOAD_LIMIT else 202

    def failed(self, content: bytes, *, initially: bool) -> int:
        """Take the function's error; gives the status to answer with."""
        error = json.loads(content)
        # A process that could not start is not asked again; one whose function raised is.
        self.spent = self.spent or initially
        self._reports.put(FunctionFailed(error["errorType"], error["errorMessage"]))
        return 202

    def kill(self) -> None:
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                # The group was made for this process.
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self._note_memory()
        self.kill()
        self._invocations.put(None)
        if self._api.fileno() >= 0:
            self._api.end()

    def _report(self) -> bytes | FunctionFailed:
        while True:
            try:
                return self._reports.get(timeout=_POLLING_SECONDS)
            except Empty:
                self._note_memory()
            if (code := self.process.poll()) is not None:
                self.spent = True
                how = f"signal: {signal.strsignal(-code)}".lower() if code < 0 else f"exit status {code}"
                message = f"RequestId: {self._request_id} Error: Runtime exited with error: {how}"
                return FunctionFailed("Runtime.ExitError", message)
            if time.monotonic() > self._deadline:
                self.spent = True
                message = f"RequestId: {self._request_id} Error: Task timed out after {self._timeout:.2f} seconds"
                return FunctionFailed("Sandbox.Timedout", message)

    def _note_memory(self) -> None:
        # A process that has just exited has no memory to tell of.
        with suppress(OSError):
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                self.peak = max(self.peak, int(found[1]) * 1024)


class _RuntimeApi(Conversation):
    """The Runtime API of one environment."""

    def __init__(self, environment: _Environment, *arguments: Any) -> None:
        self._environment = environment
        super().__init__(*arguments)

    def do_GET(self) -> None:
        if self.path != _NEXT:
            self.send(404, [("Content-Length", "0")])
            return
        invocation = self._environment.next()
        if invocation is None:
            self.close_connection = True
            return
        request_id, payload = invocation
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(payload))),
            ("Lambda-Runtime-Aws-Request-Id", request_id),
            ("Lambda-Runtime-Deadline-Ms", str(self._environment.milliseconds_of_deadline())),
            ("Lambda-Runtime-Invoked-Function-Arn", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}"),
            ("Lambda-Runtime-Trace-Id", f"{a_trace()};Parent={uuid4().hex[:16]};Sampled=0"),
        ]
        self.send(200, headers, payload)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        found = _REPORT.fullmatch(self.path)
        if not found:
            status = 404
        elif found["what"] == "response":
            status = self._environment.responded(found["id"], content)
        else:
            status = self._environment.failed(content, initially=bool(found["init"]))
        self.send(status, [("Content-Type", "application/json"), ("Content-Length", "2")], b"{}")


def a_trace() -> str:
    return f"Root=1-{int(time.time()):08x}-{uuid4().hex[:24]}"


def _variables_of_lambda(task: Path, handler: str) -> dict[str, str]:
    """What Lambda sets; the runtime client lies beside the task folder, as it does there."""
    python = program("awslambdaric", "python")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return {
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLEEXAMPLE00",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": _RUNTIME,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_NAME": NAME,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{NAME}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "[$LATEST]" + uuid4().hex,
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "LAMBDA_TASK_ROOT": str(task),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(python.parents[1] / "lib" / version / "site-packages"),
        "TZ": ":UTC",
        "_HANDLER": handler,
    }


def _read_only(task: Path) -> list[str]:
    """What to put before a command to make the task folder unwritable for it, where this machine allows that."""
    if not shutil.which("unshare"):
        return []
    owner = [] if os.geteuid() == 0 else ["--map-root-user"]
    prefix = ["unshare", *owner, "--mount", "sh", "-c", _READ_ONLY, str(task)]
    tried = subprocess.run([*prefix, "true"], capture_output=True, timeout=PATIENCE_SECONDS)
    return prefix if tried.returncode == 0 else []


def _state_of(task: Path) -> dict[Path, tuple[int, int]]:
    found = ((path, path.stat()) for path in task.rglob("*"))
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found}
