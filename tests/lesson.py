"""A small notebook with two exercises, written as the authors of the course write theirs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from tools.build_notebooks import read_script

SCRIPT = """# %% [markdown]
# # Sizes
#
# **Exercise: the size of a map** (5 marks). Return the width of the feature map.
#
# <details><summary>Hint 1</summary>
#
# In how many places does the kernel fit?
#
# </details>

# %%
from cnnlab import checks

# %% answer="output_size"
def output_size(w, k, p=0, s=1):
    size = ...  # replace the three dots
    ### BEGIN SOLUTION
    size = (w + 2 * p - k) // s + 1
    ### END SOLUTION
    return size

# %% check="output_size"
verdict = checks.output_size(output_size)
print(verdict)
verdict.points  # of 5

# %% answer="explain_320"
sizes, product, text = ..., ..., ...
### BEGIN SOLUTION
sizes, product = (24, 12, 8, 4), (20, 4, 4)
text = "28 - 5 + 1 = 24, 24 / 2 = 12, 12 - 5 + 1 = 8, 8 / 2 = 4, and 20 * 4 * 4 = 320"
### END SOLUTION

# %% check="explain_320"
verdict = checks.explain_320(sizes, product, text)
print(verdict)
verdict.points  # of 25
"""


def notebook_of(script: str) -> NotebookNode:
    """The notebook that a script stands for, not run."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "01_lesson.py"
        path.write_text(script, encoding="utf-8")
        return read_script(path)


def instructors_notebook() -> NotebookNode:
    return notebook_of(SCRIPT)


def marked(notebook: NotebookNode, name: str) -> NotebookNode:
    """The cell with this name of nbgrader's."""
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)
