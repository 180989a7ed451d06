"""`answer="NAME"` and `check="NAME"` in a script become what nbgrader grades by, or a clear refusal."""

from __future__ import annotations

import pytest

from cnnlab.checks import EXERCISES
from tests.lesson import SCRIPT, instructors_notebook, marked, notebook_of
from tools.build_notebooks import BuildError

ANSWER = '# %% answer="output_size"\n### BEGIN SOLUTION\nsize = 1\n### END SOLUTION\n'
CHECK = '# %% check="output_size"\nchecks.output_size(size)\n'


def test_an_answer_and_its_check_carry_nbgraders_metadata_and_no_key_of_ours() -> None:
    notebook = instructors_notebook()
    shared = {"schema_version": 3, "task": False}
    assert marked(notebook, "output_size").metadata == {
        "nbgrader": {"grade_id": "output_size", "grade": False, "locked": False, "solution": True, **shared}
    }
    check = {"grade_id": "output_size-check", "grade": True, "locked": True, "solution": False, **shared}
    points = EXERCISES["output_size"].marks
    assert marked(notebook, "output_size-check").metadata == {"nbgrader": {**check, "points": points}}
    assert marked(notebook, "explain_320-check").metadata.nbgrader.points == 25
    assert [cell.metadata for cell in notebook.cells[:2]] == [{}, {}]


def test_nbgrader_accepts_the_metadata() -> None:
    formats = pytest.importorskip("nbgrader.nbgraderformat", reason="needs the extra [grading]")
    formats.MetadataValidator().validate_nb(instructors_notebook())


def test_a_key_beside_a_tag_keeps_the_tag() -> None:
    script = SCRIPT.replace('check="output_size"', 'check="output_size" tags=["hide-input"]')
    assert marked(notebook_of(script), "output_size-check").metadata.tags == ["hide-input"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (ANSWER, "cell 1 (answer='output_size'): no later cell has check=\"output_size\""),
        (CHECK + ANSWER, "cell 2 (answer='output_size'): no later cell has check=\"output_size\""),
        (ANSWER + ANSWER + CHECK, "cell 2 (answer='output_size'): cell 1 has the same"),
        (ANSWER + CHECK + CHECK, "cell 3 (check='output_size'): cell 2 has the same"),
        (ANSWER.replace("_size", "_sise"), "is no exercise of cnnlab.checks: did you mean 'output_size'?"),
        ('# %% answer="output_size"\nsize = 1\n' + CHECK, "has no solution"),
        (ANSWER.replace("### END SOLUTION\n", "") + CHECK, 'without "END SOLUTION" after it'),
        (ANSWER.replace(' answer="output_size"', ""), 'cell 1 holds "BEGIN SOLUTION": give it answer="NAME"'),
        (ANSWER.replace("%% ", "%% [markdown] "), "cell 1 (answer='output_size') is text: only code"),
        ('# %% answer="cnn" check="cnn"\n1\n', "cell 1 is both answer and check: make two cells of it"),
    ],
)
def test_what_cannot_be_graded_is_refused_with_script_cell_and_remedy(script: str, words: str) -> None:
    with pytest.raises(BuildError, match=r"^01_lesson\.py: cell ") as error:
        notebook_of(script)
    assert words in str(error.value)
