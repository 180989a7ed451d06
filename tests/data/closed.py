"""A folder that the user may not enter, also where the tests run as root, who may enter every folder."""

from __future__ import annotations

import builtins
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def close(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse everything below `folder`, as the system does; the folder itself can still be seen."""
    below = f"{folder}{os.sep}"

    def refusing(function: Any) -> Any:
        def call(path: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(below):
                raise PermissionError(13, "Permission denied", os.fspath(path))
            return function(path, *args, **kwargs)

        return call

    for module, name in (
        *((os, name) for name in ("stat", "lstat", "mkdir", "scandir", "listdir")),
        (builtins, "open"),
        (io, "open"),
        (np, "fromfile"),
    ):
        monkeypatch.setattr(module, name, refusing(getattr(module, name)))
    access = os.access

    def refused(path: Any, mode: int) -> bool:
        closed = os.fspath(path) == str(folder) or os.fspath(path).startswith(below)
        return not closed and access(path, mode)

    monkeypatch.setattr(os, "access", refused)
