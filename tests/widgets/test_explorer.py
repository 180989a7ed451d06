from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
import traitlets

from cnnlab.widgets import explorer
from cnnlab.widgets.explorer import Explorer, Number, Whole, bundle


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three modules: top imports left and right, and both import bottom."""
    (tmp_path / "bottom.js").write_text("export const depth = 3;\n")
    (tmp_path / "left.js").write_text(
        'import { depth } from "./bottom.js";\nexport function left() { return depth; }\n'
    )
    (tmp_path / "right.js").write_text('import { depth } from "./bottom.js";\nexport const right = depth;\n')
    (tmp_path / "top.js").write_text(
        'import { left } from "./left.js";\nimport { right } from "./right.js";\n'
        "export default { render: left };\n"
    )
    monkeypatch.setattr(explorer, "FOLDER", tmp_path)
    return tmp_path


def test_a_bundle_holds_every_module_once_and_before_it_is_needed(folder: Path) -> None:
    text = bundle("top.js")
    assert text.count("const depth = 3;") == 1
    assert text.index("depth = 3") < text.index("function left") < text.index("export default")
    assert "import" not in text
    assert text.count("export") == 1, "only the explorer itself is exported"


@pytest.mark.parametrize("file", sorted(explorer.FOLDER.glob("*.js")), ids=lambda file: file.name)
def test_no_import_of_a_real_module_escapes_the_bundle(file: Path) -> None:
    assert not [line for line in bundle(file.name).splitlines() if line.startswith("import ")]


def every_explorer() -> list[type[Explorer]]:
    import cnnlab.widgets

    classes = [getattr(cnnlab.widgets, name) for name in cnnlab.widgets.__all__]
    return [one for one in classes if issubclass(one, Explorer)]


@pytest.mark.parametrize("one", every_explorer(), ids=lambda one: one.__name__)
def test_an_explorer_brings_its_script_and_style_and_asks_for_nothing_elsewhere(one: type[Explorer]) -> None:
    assert str(one._esm).rstrip().endswith("export default { render };")
    assert ".cnnlab" in str(one._css)
    for text in (str(one._esm), str(one._css)):
        assert text.replace("http://www.w3.org/2000/svg", "").count("http") == 0
        assert "@import" not in text


@pytest.mark.parametrize("one", every_explorer(), ids=lambda one: one.__name__)
def test_the_style_of_an_explorer_holds_for_no_other_one(one: type[Explorer]) -> None:
    kind = Path(one.script).stem
    assert f'"{kind}")' in (explorer.FOLDER / one.script).read_text(encoding="utf-8"), (
        "frame() needs the kind"
    )
    shared = (explorer.FOLDER / "explorer.css").read_text(encoding="utf-8")
    own = re.sub(r"/\*.*?\*/", "", str(one._css).removeprefix(shared), flags=re.DOTALL)
    for selectors in re.findall(r"([^{}@;]+)\{", re.sub(r"@[^{]+\{", "", own)):
        for selector in selectors.split(","):
            assert f".cnnlab.{kind}" in selector, selector.strip()


class Lamp(Explorer):
    script = "page_model.js"  # any file will do
    level = Whole(0).tag(sync=True)
    asked = Whole(0).tag(sync=True, aside=True)
    colour = traitlets.Unicode("red").tag(sync=True)
    watts = Number(40.0).tag(sync=True, python_only=True)

    @traitlets.validate("level", "asked")
    def _in_range(self, proposal: dict[str, int]) -> int:
        if not 0 <= proposal["value"] <= 5:
            raise traitlets.TraitError(f"level={proposal['value']} is out of range: use 0 to 5.")
        return proposal["value"]


def test_what_the_browser_sends_out_of_range_is_told_and_the_old_state_stays() -> None:
    lamp = Lamp()
    lamp.set_state({"level": 3})
    sent: list[object] = []
    lamp.send_state = lambda key=None: sent.append(key)
    lamp.set_state({"level": 9})
    assert lamp.level == 3
    assert lamp.problem == "level=9 is out of range: use 0 to 5."
    assert sent[-1] == ["level"], "the browser hears what the state is"
    lamp.set_state({"level": 4})
    assert lamp.problem == ""


def test_what_the_page_asks_by_itself_leaves_what_is_said_to_the_reader() -> None:
    lamp = Lamp()
    lamp.set_state({"level": 9})
    lamp.set_state({"asked": 2})
    lamp.set_state({"asked": 9})
    assert lamp.problem == "level=9 is out of range: use 0 to 5."
    lamp.set_state({"level": 1})
    assert lamp.problem == ""
    lamp.set_state({"asked": 8})
    assert lamp.problem, "a fault of the page's own is told where nothing else is"


@pytest.mark.parametrize("value", [np.int64(3), torch.tensor(3), np.uint8(3), 3.0])
def test_whole_numbers_of_numpy_and_torch_are_taken(value: object) -> None:
    lamp = Lamp()
    lamp.level = value
    assert (lamp.level, type(lamp.level)) == (3, int)


@pytest.mark.parametrize(
    "value", [np.float32(0.5), torch.tensor(0.5), torch.nn.Parameter(torch.tensor([0.5]))]
)
def test_numbers_of_numpy_and_torch_are_taken(value: object) -> None:
    lamp = Lamp()
    lamp.watts = value
    assert (lamp.watts, type(lamp.watts)) == (0.5, float)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("level", 1.5, "level=1.5 is no whole number"),
        ("level", "abc", "level='abc' is no whole number"),
        ("level", torch.ones(2), "is no whole number"),
        ("watts", "abc", "watts='abc' is no number"),
        ("watts", torch.ones(2), "is no number"),
        ("watts", True, "watts=True is no number"),
    ],
)
def test_what_is_no_number_is_refused_by_name(name: str, value: object, says: str) -> None:
    with pytest.raises(traitlets.TraitError, match=re.escape(says)):
        setattr(Lamp(), name, value)


def test_whatever_fails_behind_a_change_is_told_and_the_state_goes_back() -> None:
    lamp = Lamp()
    lamp.observe(lambda change: {}["missing"], names="colour")
    lamp.set_state({"colour": "green", "level": 2})
    assert "missing" in lamp.problem
    assert (lamp.colour, lamp.level) == ("red", 0)


def test_what_python_sets_out_of_range_is_an_error_there() -> None:
    lamp = Lamp()
    with pytest.raises(traitlets.TraitError, match=r"level=-1 is out of range"):
        lamp.level = -1
    assert lamp.problem == ""


@pytest.mark.parametrize("state", [{"colour": 7}, {"level": "high"}, {"level": None}])
def test_a_value_of_another_type_is_told_as_well(state: dict[str, object]) -> None:
    lamp = Lamp()
    lamp.set_state(state)
    assert lamp.problem
    assert (lamp.level, lamp.colour) == (0, "red")


def test_what_only_python_sets_stays_when_the_browser_sends_something_else() -> None:
    lamp = Lamp()
    sent: list[object] = []
    lamp.send_state = lambda key=None: sent.append(key)
    lamp.set_state({"watts": 2000.0, "level": 3})
    assert (lamp.watts, lamp.level) == (40.0, 3)
    assert sent == [["watts"]], "the browser hears what is true"
    lamp.watts = 60.0
    assert lamp.watts == 60.0


# Of each explorer, all that the page may send.
FROM_THE_PAGE = {
    "ActivationBrowser": {"index", "layer", "channel", "unit", "searching"},
    "MistakeBrowser": {"index", "layer", "channel", "unit", "true", "predicted", "confidence", "nearest_of"},
    "ShiftExplorer": {"dx", "dy"},
    "NetworkExplorer": {"settings", "fc1", "asked"},
    "DrawDigit": {"pixels", "asked", "preparation"},
    "TrainingMonitor": {"log_loss", "accuracy_from"},
    "ConvolutionExplorer": {"height", "width", "pixels", "index", "operation", "size", "padding", "stride"}
    | {"dilation", "kernel_name", "weights", "bias", "row", "column", "drawn"},
}


@pytest.mark.parametrize("one", every_explorer(), ids=lambda one: one.__name__)
def test_the_page_of_an_explorer_sets_only_what_is_the_readers_to_choose(one: type[Explorer]) -> None:
    own = set(one.class_trait_names(sync=True)) - set(Explorer.class_trait_names(sync=True))
    assert own - set(one.class_trait_names(python_only=True)) == FROM_THE_PAGE[one.__name__]


def test_who_asks_whether_python_is_there_gets_an_answer() -> None:
    lamp = Lamp()
    sent: list[object] = []
    lamp.send = lambda content, buffers=None: sent.append(content)
    lamp._handle_msg({"content": {"data": {"method": "custom", "content": {"there": True}}}, "buffers": []})
    assert sent == [{"there": True}]


class Kernel:
    """A kernel whose cell is running: what its loop gets waits."""

    def __init__(self) -> None:
        self.waiting: list[tuple[object, ...]] = []
        self.io_loop = self

    def add_callback(self, *call: object) -> None:
        self.waiting.append(call)


@pytest.mark.parametrize("while_cells_run", [False, True])
def test_what_comes_in_another_thread_waits_until_the_cell_has_ended(while_cells_run: bool) -> None:
    lamp = Lamp()
    lamp.comm.kernel = kernel = Kernel()
    lamp.while_cells_run = while_cells_run
    update = {"content": {"data": {"method": "update", "state": {"level": 2}}}}
    other = threading.Thread(target=lamp._handle_msg, args=(update,))
    other.start()
    other.join()
    assert lamp.level == (2 if while_cells_run else 0)
    for deal, message in kernel.waiting:
        deal(message)
    assert lamp.level == 2


def test_the_text_has_no_address() -> None:
    assert repr(Lamp()) == "Lamp()"
