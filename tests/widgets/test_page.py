from __future__ import annotations

import base64
import json
import re

import torch

from cnnlab.widgets import ConvolutionExplorer
from cnnlab.widgets.page import Part, page, part
from tests.widgets.node import run

RENDER = "function render() {}\nexport default { render };\n"


def test_a_page_holds_every_script_and_each_style_once() -> None:
    one = Part(RENDER + "// first", ".a {}", {"x": 1}, heading="One & only")
    two = Part(RENDER + "// second", ".a {}", {"x": 2}, text="<p>words</p>")
    text = page("Two", [one, two], "<p>below</p>")
    assert text.count('<script type="module">') == 2
    assert text.count(".a {}") == 1
    assert "<h2>One &amp; only</h2>" in text
    assert "<p>words</p>" in text
    assert "export" not in text.split("<script", 1)[1], "nothing on a page can be imported"
    assert [json.loads(found) for found in re.findall(r"new PageModel\((.*?)\);", text)] == [
        {"x": 1},
        {"x": 2},
    ]


def test_a_state_cannot_end_the_script_that_holds_it() -> None:
    text = page("", [Part(RENDER, "", {"words": "</script><b>"})])
    assert text.count("</script>") == 1


def test_bytes_arrive_as_they_were_sent() -> None:
    state = {"numbers": bytes([0, 1, 254, 255]), "list": [{"deep": b"\7"}]}
    text = page("", [Part(RENDER, "", state)])
    (found,) = re.findall(r"new PageModel\((.*?)\);", text)
    assert base64.b64decode(json.loads(found)["numbers"]["bytes"]) == state["numbers"]
    read = run(
        '{ PageModel } from "page_model.js"',
        """
        const model = new PageModel(given);
        const view = model.get("numbers");
        return [[...new Uint8Array(view.buffer)], model.get("list")[0].deep.getUint8(0)];
        """,
        json.loads(found),
    )
    assert read == [[0, 1, 254, 255], 7]


def test_the_page_model_tells_each_listener_of_a_change_once_and_no_longer_when_it_left() -> None:
    said = run(
        '{ PageModel } from "page_model.js"',
        """
        const model = new PageModel({ x: 1 });
        const said = [];
        const hear = () => said.push(model.get("x"));
        model.on("change:x", hear);
        model.set("x", 2);
        model.set("x", 2);
        model.off("change:x", hear);
        model.set("x", 3);
        return said;
        """,
    )
    assert said == [2]


def test_a_part_takes_the_explorer_as_it_stands_and_leaves_ipywidgets_own_state_out() -> None:
    taken = part(ConvolutionExplorer(torch.zeros(5, 5), size=2), "Here").state
    assert taken["size"] == 2
    assert len(taken["pixels"]) == 100
    assert not {"layout", "tabbable", "tooltip"} & set(taken)
    assert not [name for name in taken if name.startswith("_")]
