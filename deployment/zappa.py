"""Zappa, run with settings that are written for one command and deleted after it."""

import json
import sys
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from deployment.commands import run, tools_environment
from deployment.environment import venv_of
from deployment.stage import Stage

# Zappa leaves docutils out, which Lambda once had itself; READMEs in reStructuredText need it.
_WITH_DOCUTILS = """
import sys
from zappa import cli, core
core.ZIP_EXCLUDES[:] = [pattern for pattern in core.ZIP_EXCLUDES if not pattern.startswith("docutils")]
sys.exit(cli.handle())
"""


def zappa(
    stage: Stage,
    command: str,
    *arguments: str | Path,
    settings: Mapping[str, Any],
    folder: Path | None = None,
    secrets: Collection[str] = (),
) -> str:
    """Run one of Zappa's commands; gives what it wrote, without the secrets. Raises Failed."""
    # A temporary folder is its owner's alone.
    with tempfile.TemporaryDirectory(prefix="elastic-pypi-") as private:
        file = Path(private) / "zappa_settings.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({stage.name: settings}))
        return run(
            [sys.executable, "-c", _WITH_DOCUTILS, command, stage.name, "--settings_file", file, *arguments],
            doing=f"zappa {command} {stage.name}",
            environment=tools_environment(
                # What goes into a package is this environment.
                VIRTUAL_ENV=str(venv_of(stage)),
                AWS_DEFAULT_REGION=stage.region,
                AWS_REGION=stage.region,
            ),
            folder=folder or Path(private),
            secrets=secrets,
        )
