"""Run a widget's JavaScript in Node, as a module; without Node the test is skipped with the reason."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from cnnlab.widgets.explorer import FOLDER


def run(imports: str, body: str, given: object = None) -> Any:
    """What a piece of JavaScript returns.

    Args:
        imports: what to import, such as `{ wOut } from "sizes.js"`.
        body: statements that end in `return …`; `given` is at hand there.
        given: anything that JSON can hold.
    """
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed: the JavaScript of the explorers is not tested")
    names, _, file = imports.rpartition(" from ")
    script = (
        f"import {names} from {json.dumps((FOLDER / json.loads(file)).as_uri())};\n"
        "import { readFileSync } from 'node:fs';\n"
        "const given = JSON.parse(readFileSync(0, 'utf8'));\n"
        f"const result = (() => {{ {body} }})();\n"
        "process.stdout.write(JSON.stringify(result ?? null));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "--no-warnings", "-e", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return json.loads(done.stdout)
