"""What a stage is built from: a clean environment, and a copy of the source that runs."""

import shutil
import sys
from collections.abc import Collection
from pathlib import Path

from deployment.commands import run, tools_environment
from deployment.stage import ROOT, Stage

# What has compiled code that cannot be left out, wherever it is deployed from: Lambda's own build of it
# (x86-64; its oldest Python runs on Amazon Linux 2, whose C library takes manylinux2014).
COMPILED = ("cffi", "comrak", "cryptography", "nh3", "rpds-py")
LAMBDAS_PLATFORM = "manylinux2014_x86_64"

# Names the modules of Pygments that colour the code in READMEs: a fifth of what it has.
_LEXERS = """
import sys
from pygments.lexers import get_lexer_by_name
from packages.readmes.rendering import LANGUAGES
for language in LANGUAGES.split():
    list(get_lexer_by_name(language).get_tokens("x"))
print(*(name.rpartition(".")[2] for name in sys.modules if name.startswith("pygments.lexers")))
"""

# All that the index needs to run; nothing else of the working tree can get into the zip.
SOURCE = ("manage.py", "packages", "pypi_project", "templates")


def source_of(stage: Stage) -> Path:
    """Where the copy of the source lies."""
    return stage.folder / "source"


def venv_of(stage: Stage) -> Path:
    """Where the clean environment lies."""
    return stage.folder / "venv"


def python_of(stage: Stage) -> Path:
    """The Python of the clean environment."""
    return venv_of(stage) / "bin" / "python"


def packages_of(stage: Stage) -> Path:
    """Where its packages lie."""
    return venv_of(stage) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"


def pinned(names: Collection[str]) -> list[str]:
    """The requirements of requirements.txt for these packages."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [line.partition(";")[0].strip() for line in lines if line.partition("==")[0] in names]


def prepare(stage: Stage) -> None:
    """Make both anew: what an earlier run left there, whole or half, is gone. Raises Failed."""
    if stage.folder.exists():
        shutil.rmtree(stage.folder)
    source = source_of(stage)
    source.mkdir(parents=True)
    for name in SOURCE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, source / name)
    environment = tools_environment()
    run(
        [sys.executable, "-m", "venv", venv_of(stage)],
        doing="Making a virtual environment",
        environment=environment,
    )
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    run(
        [python_of(stage), *pip, "-r", ROOT / "requirements.txt"],
        doing="Installing requirements.txt",
        environment=environment,
    )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    lambdas = ("--only-binary", ":all:", "--python-version", version, "--platform", LAMBDAS_PLATFORM)
    into = ("--upgrade", "--no-deps", "--target", packages_of(stage))
    run(
        [python_of(stage), *pip, *into, *lambdas, *pinned(COMPILED)],
        doing="Installing what is compiled for Lambda",
        environment=environment,
    )
    _thin(stage)


def _thin(stage: Stage) -> None:
    """Take out of Pygments the languages that no README is coloured in."""
    shown = run(
        [python_of(stage), "-B", "-c", _LEXERS],
        doing="Looking for the lexers that are needed",
        environment=tools_environment(),
        folder=source_of(stage),
    )
    needed = {"__init__", *shown.split()}
    for module in (packages_of(stage) / "pygments" / "lexers").glob("*.py"):
        if module.stem not in needed:
            module.unlink()


def compile_all(stage: Stage) -> None:
    """Compile every module so that Lambda need not. Raises Failed.

    Zappa dates the files in a zip 1980. Byte code that remembers its source's date would be
    stale there, and Lambda would compile everything again at every cold start.
    """
    run(
        [
            *(python_of(stage), "-m", "compileall", "-q", "-f", "-j", "0", "--invalidation-mode", "unchecked-hash"),
            *(venv_of(stage) / "lib", source_of(stage)),
        ],
        doing="Compiling",
        environment=tools_environment(),
    )
