"""What all explorers share: their JavaScript in one piece, and errors that are shown in the widget itself."""

from __future__ import annotations

import numbers
import operator
import re
import threading
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

FOLDER = Path(__file__).resolve().parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
_ROOT = re.compile(r"\.cnnlab(?![\w-])")  # the class of every explorer's frame
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def bundle(name: str) -> str:
    """One JavaScript module, with the modules that it imports written in front of it.

    A notebook's front end loads a widget from a single text. The files keep real imports, so that
    Node can test each of them; here they are joined, every file once.

    Args:
        name: a file of this folder, such as "convolution_explorer.js".
    """
    seen: set[str] = set()

    def with_imports(file: str) -> str:
        if file in seen:
            return ""
        seen.add(file)
        source = (FOLDER / file).read_text(encoding="utf-8")
        before = "".join(with_imports(found) for found in _IMPORT.findall(source))
        return before + _EXPORT.sub("", _IMPORT.sub("", source))

    return with_imports(name)


class Whole(traitlets.Int[Any, Any]):
    """A whole number; Python's, NumPy's and PyTorch's will do."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Take the number as an int, or say what it is."""
        if isinstance(value, bool):  # an int to traitlets; where it makes no sense the explorer says so
            return super().validate(obj, value)
        try:
            whole = isinstance(value, float) and value.is_integer()
            number = int(value) if whole else operator.index(value)
        except TypeError:
            raise traitlets.TraitError(
                f"{self.name}={value!r} is no whole number: give one such as 1."
            ) from None
        return super().validate(obj, number)


class Number(traitlets.Float[Any, Any]):
    """A number; Python's, NumPy's and a tensor of one element will do."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Take the number as a float, or say what it is."""
        one = getattr(value, "numel", lambda: 0)() == 1  # a tensor, such as the bias of a channel
        if isinstance(value, bool) or not (one or isinstance(value, numbers.Real)):
            raise traitlets.TraitError(f"{self.name}={value!r} is no number: give one such as 0.5.")
        return super().validate(obj, float(value))


class Explorer(anywidget.AnyWidget):
    """The base of every explorer.

    A subclass names its files in `script` and `style`; its CSS starts at `.cnnlab` and is bound to its own
    kind, the script's name, which `frame` in dom.js writes beside that class. It checks its traits with
    `traitlets.validate`; a check raises `traitlets.TraitError` with the number and the remedy. Set from
    Python, such an error reaches the caller. Sent by the browser, where no one would see it, it is shown in
    the widget, which goes back to the last good state. A trait tagged `python_only` is not the browser's
    to set: what it sends is dropped. One tagged `aside` is set by the page by itself, after what the reader
    did: the answer to that stays on show.
    """

    script: ClassVar[str]  # the JavaScript file
    style: ClassVar[tuple[str, ...]] = ()  # CSS files besides explorer.css
    while_cells_run: ClassVar[bool] = False  # whether the browser's messages are for a busy kernel, too

    problem = traitlets.Unicode().tag(sync=True)  # shown in the widget; empty if all is well

    def __init_subclass__(cls, **keywords: Any) -> None:
        if "script" in cls.__dict__:  # not in the class that traitlets derives to add a trait
            cls._esm = bundle(cls.script)
            shared, *own = (
                (FOLDER / sheet).read_text(encoding="utf-8") for sheet in ("explorer.css", *cls.style)
            )
            # A notebook holds several explorers, and each brings its CSS to the whole page.
            kind = f".cnnlab.{Path(cls.script).stem}"
            cls._css = "\n".join([shared, *(_ROOT.sub(kind, sheet) for sheet in own)])
        super().__init_subclass__(**keywords)

    def __init__(self, *arguments: Any, **state: Any) -> None:
        super().__init__(*arguments, **state)
        self.on_msg(self._say_there)

    def _say_there(self, _widget: object, content: object, _buffers: object) -> None:
        """Answer the browser, which asks whether there is anybody (kernel_line.js)."""
        if isinstance(content, dict) and content.get("there"):
            self.send({"there": True})

    def _handle_msg(self, message: dict[str, Any]) -> None:
        """Deal with the browser's messages between cells.

        Before version 7.4 ipykernel brings them in another thread while a cell runs. There a network that
        the cell is training would be put into evaluation mode in the middle of a step.
        """
        deal = super()._handle_msg
        kernel_loop = getattr(getattr(self.comm, "kernel", None), "io_loop", None)
        elsewhere = threading.current_thread() is not threading.main_thread()
        if elsewhere and kernel_loop is not None and not self.while_cells_run:
            kernel_loop.add_callback(deal, message)
        else:
            deal(message)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser sends; refuse in words what cannot be, and go back to what was."""
        python_only = [n for n in sync_data if n in self.keys and self.trait_metadata(n, "python_only")]
        if python_only:
            sync_data = {name: value for name, value in sync_data.items() if name not in python_only}
            self.send_state(python_only)  # what it is in truth
        aside = all(self.trait_metadata(name, "aside") for name in sync_data)
        before = {name: getattr(self, name) for name in self.keys if not name.startswith("_")}
        try:
            super().set_state(sync_data)
        except Exception as error:  # whatever it is: nobody would see it elsewhere
            kept = isinstance(error, ValueError)  # a student's model failed: what was drawn or chosen stays
            now = self._trait_values
            spoilt = [n for n, old in before.items() if n in sync_data or now.get(n, old) is not old]
            if not kept:
                now.update(before)
            if not (aside and self.problem):
                self.problem = str(error) or type(error).__name__
            self.send_state([name for name in spoilt if name != "problem"])
        else:
            if "problem" not in sync_data and not aside:
                self.problem = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
