"""The server as a process: how it starts, what it survives, how it ends."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.builders import Built, a_wheel
from tests.conftest import basic
from tests.journeys.server import ROOT, Index, environment_of_the_machine, serving

PATIENCE = 30.0


def upload(index: Index, built: Built) -> requests.Response:
    return requests.post(
        index.at("legacy/"),
        auth=index.auth,
        data={":action": "file_upload"},
        files={"content": (built.filename, built.content)},
        timeout=PATIENCE,
    )


def listed(index: Index, project: str) -> dict[str, str]:
    response = requests.get(
        index.at(f"simple/{project}/"),
        auth=index.auth,
        headers={"Accept": "application/vnd.pypi.simple.v1+json"},
        timeout=PATIENCE,
    )
    return {file["filename"]: file["hashes"]["sha256"] for file in response.json()["files"]} if response.ok else {}


def connect(index: Index) -> http.client.HTTPConnection:
    address = urlsplit(index.root)
    return http.client.HTTPConnection(str(address.hostname), address.port, timeout=PATIENCE)


class TestStart:
    def test_the_first_start_makes_an_account_and_says_so_once(self, tmp_path: Path) -> None:
        with serving(tmp_path, password="") as index:
            said = index.log.read_text()
            (password,) = re.findall(r"password  ([A-Za-z0-9]{32})\n", said)
            assert f"pip install --index-url http://admin:{password}@" in said
            assert f"uv pip install --index-url http://admin:{password}@" in said
            assert f"twine upload --repository-url {index.at('legacy/')} -u admin -p {password} dist/*" in said
            simple = index.at("simple/")
            assert requests.get(simple, auth=("admin", password), timeout=PATIENCE).status_code == 200
            assert requests.get(simple, auth=("admin", "guess"), timeout=PATIENCE).status_code == 401
        # Secrets are for their owner alone, and the password is kept nowhere.
        data = tmp_path / "data"
        assert [oct(path.stat().st_mode & 0o777) for path in (data, data / "secret-key")] == ["0o700", "0o600"]
        assert all(password.encode() not in path.read_bytes() for path in data.rglob("*") if path.is_file())
        with serving(tmp_path, password="") as index:
            assert password not in index.log.read_text()
            assert requests.get(index.at("simple/"), auth=("admin", password), timeout=PATIENCE).status_code == 200

    @pytest.mark.parametrize(
        ("variables", "sentence"),
        [
            ({"PORT": "eighty"}, "PORT is 'eighty'; it takes a whole number from 0 to 65535."),
            ({"OVERWRITE": "perhaps"}, "OVERWRITE is 'perhaps'; it takes true or false"),
            ({"USERS": "alice"}, "USERS takes name:password pairs"),
            ({"BUCKET": "only"}, "BUCKET and TABLE go together"),
            ({"PUBLIC_URL": "packages.example"}, "PUBLIC_URL is 'packages.example'; it takes an address such as"),
            ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR '/dev/null/data' cannot be written (Not a directory)"),
            ({"DATA_DIR": "/dev/null/data", "SECRET_KEY": "x" * 40}, "DATA_DIR '/dev/null/data' cannot be written"),
            ({"HOST": "256.256.256.256"}, "Cannot listen on HOST '256.256.256.256'"),
        ],
    )
    def test_refuses_to_start_in_one_sentence(self, tmp_path: Path, variables: dict[str, str], sentence: str) -> None:
        done = start_in_vain(tmp_path, **variables)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1

    def test_a_start_that_fails_makes_no_account(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "storage").write_text("in the way")
        done = start_in_vain(tmp_path)
        assert done.returncode == 1
        assert "DATA_DIR" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert "password" not in done.stdout

    def test_a_broken_index_is_one_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "data" / "index.sqlite3").mkdir(parents=True)
        done = start_in_vain(tmp_path)
        assert done.returncode == 1
        assert "The index file cannot be used right now" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1

    def test_refuses_a_port_in_use(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = start_in_vain(tmp_path, PORT=str(port))
        assert done.returncode == 1
        assert f"Port {port} on 127.0.0.1 is in use by another program" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def start_in_vain(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**environment_of_the_machine(), "PORT": "0", "DATA_DIR": str(folder / "data"), **variables}
    command = [sys.executable, "manage.py", "serve"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


class TestEnd:
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
    def test_stops_within_two_seconds_whatever_goes_on(self, tmp_path: Path, how: signal.Signals) -> None:
        with serving(tmp_path) as index:
            big = a_wheel(files={"noise.bin": os.urandom(8_000_000)})
            assert upload(index, big).ok
            idle = connect(index)
            idle.request("GET", "/health/")
            idle.getresponse().read()
            # A client that reads nothing of its download, and one that never ends its upload.
            slow = connect(index)
            slow.request("GET", f"/packages/demo-pkg/{big.filename}", headers={"Authorization": basic(*index.auth)})
            half = connect(index)
            half.putrequest("POST", "/legacy/")
            half.putheader("Content-Length", "1000000")
            half.endheaders(b"half of it")
            started = time.monotonic()
            index.process.send_signal(how)
            assert index.process.wait(PATIENCE) == 0
            assert time.monotonic() - started < 2
            for connection in (idle, slow, half):
                connection.close()
            assert "Traceback" not in index.log.read_text()

    def test_kill_loses_no_acknowledged_upload(self, tmp_path: Path) -> None:
        acknowledged: dict[str, str] = {}

        def publish_on_and_on(index: Index, name: str) -> None:
            for number in range(1000):
                wheel = a_wheel(name, f"{number}.0", files={"noise.bin": os.urandom(2000)})
                try:
                    if upload(index, wheel).status_code == 200:
                        acknowledged[wheel.filename] = wheel.sha256
                except requests.RequestException:
                    return

        for round_ in range(3):
            with serving(tmp_path) as index:
                names = [f"killed-{round_}-{number}" for number in range(4)]
                publishers = [threading.Thread(target=publish_on_and_on, args=(index, name)) for name in names]
                for publisher in publishers:
                    publisher.start()
                before = len(acknowledged)
                deadline = time.monotonic() + PATIENCE
                while len(acknowledged) < before + 20 and time.monotonic() < deadline:
                    time.sleep(0.01)
                index.process.kill()
                index.process.wait(PATIENCE)
                for publisher in publishers:
                    publisher.join()
        assert len(acknowledged) >= 60
        with serving(tmp_path) as index:
            projects = {
                filename.rpartition("-py3")[0].rpartition("-")[0].replace("_", "-") for filename in acknowledged
            }
            found = {name: sha for project in projects for name, sha in listed(index, project).items()}
            assert acknowledged.items() <= found.items()
            for filename, sha256 in found.items():
                project = filename.partition("-")[0].replace("_", "-")
                response = requests.get(index.at(f"packages/{project}/{filename}"), auth=index.auth, timeout=PATIENCE)
                assert response.headers["ETag"] == f'"{sha256}"'
                assert Built(filename, response.content, b"").sha256 == sha256


class TestConnections:
    def test_one_connection_serves_every_kind_of_answer(self, index: Index) -> None:
        wheel = a_wheel()
        assert upload(index, wheel).ok
        connection = connect(index)
        headers = {"Authorization": basic(*index.auth)}
        connection.request("GET", "/simple/demo-pkg/", headers=headers)
        first = connection.getresponse()
        first.read()
        socket_used = connection.sock
        for method, path, extra, status in (
            ("GET", "/simple/demo-pkg/", {"If-None-Match": str(first.headers["ETag"])}, 304),
            ("HEAD", "/simple/demo-pkg/", {}, 200),
            ("HEAD", f"/packages/demo-pkg/{wheel.filename}", {}, 200),
            ("HEAD", "/simple/nobody/", {}, 404),
            ("GET", f"/packages/demo-pkg/{wheel.filename}", {"Range": "bytes=3-9"}, 206),
            ("GET", f"/packages/demo-pkg/{wheel.filename}", {}, 200),
            ("GET", "/simple/Demo_Pkg/", {}, 301),
            ("GET", "/simple/nobody/", {}, 404),
            ("POST", "/legacy/", {"Content-Type": "text/plain"}, 400),
            ("GET", "/health/", {}, 200),
        ):
            connection.request(method, path, headers={**headers, **extra}, body=b"body" if method == "POST" else None)
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == status, path
            if status == 206:
                assert content == wheel.content[3:10]
            assert connection.sock is socket_used, f"the connection was closed after {method} {path}"
        connection.close()

    def test_readers_do_not_wait_for_slow_or_silent_ones(self, index: Index) -> None:
        big = a_wheel(files={"noise.bin": os.urandom(8_000_000)})
        assert upload(index, big).ok
        others = [connect(index) for _ in range(120)]
        for number, connection in enumerate(others):
            connection.connect()
            if number % 3 == 1:
                connection.sock.sendall(b"POST /legacy/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n")
            elif number % 3 == 2:
                headers = {"Authorization": basic(*index.auth)}
                connection.request("GET", f"/packages/demo-pkg/{big.filename}", headers=headers)
        started = time.monotonic()
        assert listed(index, "demo-pkg") == {big.filename: big.sha256}
        assert time.monotonic() - started < 5
        for connection in others:
            connection.close()

    def test_an_error_comes_after_the_whole_upload(self, index: Index) -> None:
        wheel = a_wheel(files={"noise.bin": os.urandom(30_000_000)})
        response = requests.post(
            index.at("legacy/"),
            auth=("carol", "wrong"),
            files={"content": (wheel.filename, wheel.content)},
            timeout=PATIENCE,
        )
        assert response.status_code == 401
        assert response.reason == "Invalid or non-existent authentication information."

    @pytest.mark.parametrize("line", [b"GET http://[ HTTP/1.1", b"nonsense", b"GET / HTTP/9.9", b"\x00\xff\x00"])
    def test_a_line_that_is_no_request_is_answered(self, index: Index, line: bytes) -> None:
        address = urlsplit(index.root)
        with socket.create_connection((str(address.hostname), address.port or 0), timeout=PATIENCE) as raw:
            raw.sendall(line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert raw.recv(1000).split(b" ")[1][:1] in {b"4", b"5"}
        assert "Traceback" not in index.log.read_text()
        assert requests.get(index.at("health/"), timeout=PATIENCE).ok

    def test_a_strangers_body_is_kept_nowhere(self, index: Index) -> None:
        if not Path("/proc/self/fd").exists():
            pytest.skip("the files of another process are read from /proc")
        connections = []
        for authorization in (basic("carol", "wrong"), basic(*index.auth)):
            connection = connect(index)
            connection.putrequest("POST", "/legacy/")
            connection.putheader("Authorization", authorization)
            connection.putheader("Content-Length", str(20_000_000))
            connection.endheaders(os.urandom(5_000_000))
            connections.append(connection)
            assert bodies_kept(index, wanted=len(connections) - 1)
        for connection in connections:
            connection.close()

    def test_a_browsers_large_form_is_kept_only_of_who_has_logged_in(self, index: Index) -> None:
        if not Path("/proc/self/fd").exists():
            pytest.skip("the files of another process are read from /proc")
        cookie = log_in(index)
        name, _, value = cookie.partition("=")
        forged = ["", "x" * 200, value[:-1] + ("A" if value[-1] != "A" else "B"), "\\999;{}\xff=;;", ":" * 5000]
        connections = []
        for number, sent in enumerate([*(f"{name}={text}" for text in forged), f"other={value}", cookie]):
            for framing in ("Content-Length: 20000000", "Transfer-Encoding: chunked"):
                raw = a_socket(index)
                head = f"POST /account/password/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {sent}\r\n{framing}\r\n\r\n"
                body = os.urandom(3_000_000)
                raw.sendall(head.encode("latin-1") + (b"2dc6c0\r\n" if "chunked" in framing else b"") + body)
                connections.append(raw)
            assert bodies_kept(index, wanted=2 if sent == cookie else 0), number
        for raw in connections:
            raw.close()
        assert "Traceback" not in index.log.read_text()

    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_browsers_large_form_gets_through_by_its_session(self, index: Index, chunked: bool) -> None:
        cookie = log_in(index)
        page = requests.get(index.at("account/tokens/"), headers={"Cookie": cookie, **AS_A_BROWSER}, timeout=PATIENCE)
        cookie = cookies_after(page, cookie)
        form = {"csrfmiddlewaretoken": csrf_token_in(page.text), "description": "x" * 700_000}
        body = requests.Request("POST", index.at(""), data=form).prepare().body
        assert isinstance(body, str)
        headers = {"Content-Type": "application/x-www-form-urlencoded", **AS_A_BROWSER}

        def post(path: str, cookie: str) -> requests.Response:
            return requests.post(
                index.at(path),
                data=iter([body.encode()]) if chunked else body,
                headers={**headers, "Cookie": cookie},
                allow_redirects=False,
                timeout=PATIENCE,
            )

        response = post("account/tokens/", cookie)
        assert response.status_code == 400
        assert "at most 200 characters (it has 700000)" in response.text
        # By the same cookie tools' addresses take nothing.
        assert post("legacy/", cookie).status_code == 401
        ended = requests.post(
            index.at("account/sessions/"),
            data={"csrfmiddlewaretoken": form["csrfmiddlewaretoken"]},
            headers={"Cookie": cookie},
            allow_redirects=False,
            timeout=PATIENCE,
        )
        assert (ended.status_code, ended.headers["Location"]) == (302, "/login/")
        # Whoever is out is sent to the login form, which the old cookie does not keep from them.
        assert post("account/tokens/", cookie).headers["Location"] == "/login/"
        assert log_in(index, cookie)

    def test_a_body_of_unknown_length_is_read_too(self, index: Index) -> None:
        wheel = a_wheel()
        prepared = requests.Request(
            "POST", index.at("legacy/"), files={"content": (wheel.filename, wheel.content)}
        ).prepare()
        assert isinstance(prepared.body, bytes)
        body = prepared.body
        response = requests.post(
            index.at("legacy/"),
            auth=index.auth,
            data=(body[start : start + 100] for start in range(0, len(body), 100)),
            headers={"Content-Type": prepared.headers["Content-Type"]},
            timeout=PATIENCE,
        )
        assert response.status_code == 200
        assert listed(index, "demo-pkg") == {wheel.filename: wheel.sha256}


def bodies_kept(index: Index, *, wanted: int) -> bool:
    """Whether so many bodies wait on the disk, once it is known who sends them."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        # What was sent has to arrive first.
        time.sleep(0.5)
        files = [Path(path).resolve() for path in Path(f"/proc/{index.process.pid}/fd").iterdir()]
        if sum("incoming" in str(file) for file in files) == wanted:
            return True
    return False


AS_A_BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def a_socket(index: Index) -> socket.socket:
    address = urlsplit(index.root)
    return socket.create_connection((str(address.hostname), address.port or 0), timeout=PATIENCE)


def csrf_token_in(page: str) -> str:
    return re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]


def cookies_after(response: requests.Response, before: str = "") -> str:
    """The cookies that a browser sends after an answer to which it has sent ``before``."""
    kept = dict(pair.split("=", 1) for pair in before.split("; ") if pair)
    for header in response.raw.headers.getlist("Set-Cookie"):
        name, _, value = header.partition(";")[0].partition("=")
        kept[name] = value
    return "; ".join(f"{name}={value}" for name, value in kept.items() if value.strip('"'))


def log_in(index: Index, cookie: str = "", *, home: str = "/", **headers: str) -> str:
    """Log in as a browser does, which may have a cookie already; gives the cookie of the session."""
    sent = {**AS_A_BROWSER, **headers}
    form = requests.get(index.at("login/"), headers={**sent, "Cookie": cookie}, timeout=PATIENCE)
    username, password = index.auth
    response = requests.post(
        index.at("login/"),
        data={"csrfmiddlewaretoken": csrf_token_in(form.text), "name": username, "password": password},
        headers={**sent, "Cookie": cookies_after(form, cookie)},
        allow_redirects=False,
        timeout=PATIENCE,
    )
    assert (response.status_code, response.headers["Location"]) == (302, home)
    given = response.headers["Set-Cookie"]
    assert "HttpOnly" in given
    assert "SameSite=Lax" in given
    assert ("Secure" in given) is ("Origin" in headers)
    return cookies_after(response, cookie)


def test_a_browser_logs_in_behind_a_proxy_that_ends_tls(tmp_path: Path) -> None:
    public = "https://packages.example.org"
    with serving(tmp_path, PUBLIC_URL=f"{public}/") as index:
        for host in ("packages.example.org", "127.0.0.1"):
            cookie = log_in(index, Host=host, Origin=public)
            headers = {"Host": host, "Cookie": cookie, **AS_A_BROWSER}
            page = requests.get(index.at("account/"), headers=headers, timeout=PATIENCE)
            assert page.status_code == 200
            forged = requests.post(
                index.at("logout/"),
                data={"csrfmiddlewaretoken": csrf_token_in(page.text)},
                headers={**headers, "Cookie": cookies_after(page, cookie), "Origin": "https://evil.example"},
                timeout=PATIENCE,
            )
            assert forged.status_code == 403


def test_all_addresses_begin_with_the_path_that_a_proxy_takes_away(tmp_path: Path) -> None:
    public = "https://packages.example.org/pypi/"
    origin = public.removesuffix("/pypi/")
    with serving(tmp_path, PUBLIC_URL=public) as index:
        # What the proxy hands on has no path before it.
        wheel = a_wheel()
        assert upload(index, wheel).status_code == 200
        cookie = log_in(index, home="/pypi/", Host="packages.example.org", Origin=origin)
        headers = {"Host": "packages.example.org", "Cookie": cookie, **AS_A_BROWSER}

        def get(path: str, **more: str) -> requests.Response:
            return requests.get(index.at(path), headers={**headers, **more}, allow_redirects=False, timeout=PATIENCE)

        for path in ("", "project/demo-pkg/", "account/tokens/", "manage/", "upload/", "project/unknown/"):
            addresses = re.findall(r' (?:href|src|action)="([^"]*)"', get(path).text)
            inside = [one for one in addresses if not one.startswith(("#", "?", public))]
            assert [one for one in inside if not one.startswith("/pypi/")] == []
            for static in (one for one in inside if "/static/" in one):
                assert get(static.removeprefix("/pypi/")).status_code == 200
        asked = get("account/", Cookie="")
        assert (asked.status_code, asked.headers["Location"]) == (302, "/pypi/login/?next=%2Fpypi%2Faccount%2F")
        assert "Path=/pypi/" in get("login/", Cookie="").headers["Set-Cookie"]
        assert get("login").headers["Location"] == "/pypi/login/"
        assert get("project/Demo_Pkg/").headers["Location"] == "/pypi/project/demo-pkg/"
        # Tools are told relative addresses, and whole ones.
        assert f'href="../../packages/demo-pkg/{wheel.filename}' in get("simple/demo-pkg/").text
        assert get("simple/Demo_Pkg/").headers["Location"] == "../demo-pkg/"
        told = get("pypi/demo-pkg/json").json()
        assert [one["url"] for one in told["urls"]] == [f"{public}packages/demo-pkg/{wheel.filename}"]
        assert f"The index itself is at {'/pypi/simple/'}." in get("nothing", Accept="text/plain").text
        assert get("health/").ok
        assert get("api/projects/demo-pkg").json()["name"] == "demo-pkg"


def test_memory_stays_flat_when_a_large_wheel_comes_and_goes(index: Index, tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("the memory of another process is read from /proc")
    assert upload(index, a_wheel("small")).ok
    path = tmp_path / "large-1.0-py3-none-any.whl"
    _write_large_wheel(path, megabytes=500)
    before = peak_memory(index)
    assert upload_file(index, path) == 200
    with requests.get(
        index.at(f"packages/large/{path.name}"), auth=index.auth, stream=True, timeout=PATIENCE
    ) as response:
        assert sum(len(chunk) for chunk in response.iter_content(1 << 20)) == path.stat().st_size
    assert peak_memory(index) - before < 50


def upload_file(index: Index, path: Path) -> int:
    """Send a file as a form, without holding it in memory here either; gives the status."""
    head = (
        "--limit\r\nContent-Disposition: form-data; "
        f'name="content"; filename="{path.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    ).encode()
    tail = b"\r\n--limit--\r\n"
    connection = connect(index)
    connection.putrequest("POST", "/legacy/")
    connection.putheader("Authorization", basic(*index.auth))
    connection.putheader("Content-Type", "multipart/form-data; boundary=limit")
    connection.putheader("Content-Length", str(len(head) + path.stat().st_size + len(tail)))
    connection.endheaders(head)
    with path.open("rb") as file:
        connection.send(file)
    connection.send(tail)
    status = connection.getresponse().status
    connection.close()
    return status


def peak_memory(index: Index) -> float:
    """In megabytes."""
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{index.process.pid}/status").read_text())
    return int(peak) / 1024


def _write_large_wheel(path: Path, *, megabytes: int) -> None:
    small = a_wheel("large")
    path.write_bytes(small.content)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive, archive.open("large/data.bin", "w") as member:
        block = os.urandom(1 << 20)
        for _ in range(megabytes):
            member.write(block)
