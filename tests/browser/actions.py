"""What people do on our pages, and with what these give them."""

import base64
import shlex
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.builders import Built
from tests.journeys.clients import HERE, a_virtualenv, alone, installed, succeed

# What a browser is given when files fall on a page: a drop that has them, after they were dragged over it.
_DROP = """
(target, files) => {
  const moved = new DataTransfer();
  for (const { name, content } of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    moved.items.add(new File([bytes], name, { type: "application/octet-stream" }));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: moved, bubbles: true, cancelable: true }));
  }
}
"""


def log_in(page: Page, name: str, password: str) -> None:
    """Fill in the login form that is shown, and leave it."""
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def drop(page: Page, files: Iterable[Built]) -> None:
    """Drop files on the field of the upload page."""
    given = [{"name": built.filename, "content": base64.b64encode(built.content).decode()} for built in files]
    page.locator(".drop").evaluate(_DROP, given)


def choose(page: Page, folder: Path, files: Iterable[Built]) -> None:
    """Choose files in the browser's own dialogue."""
    page.set_input_files("#files", write(folder, files))


def write(folder: Path, files: Iterable[Built]) -> list[Path]:
    """Put files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for built in files:
        path = folder / built.filename
        path.write_bytes(built.content)
        paths.append(path)
    return paths


def picked(command: str, folder: Path, *, name: str, password: str) -> dict[str, str]:
    """What pip installs by a command that was copied from a page, with somebody's credentials in ~/.netrc."""
    python = a_virtualenv(folder / "venv")
    env = alone(folder / "home")
    netrc = folder / "home" / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {name} password {password}\n")
    netrc.chmod(0o600)
    pip, *arguments = shlex.split(command)
    assert pip == "pip"
    succeed([HERE / "python", "-m", "pip", "--python", python, *arguments], env=env)
    return installed(python)
