"""`cnnlab release`: the notebooks as students get them, blanks in place of solutions and nothing run.

The plain install is enough: clearing is done here, on nbformat, and a test holds it equal to nbgrader's.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cnnlab.whole_file import whole_file

BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
MISSPELT = re.compile(
    r"#.*(\b(begin|end)[\W_]*sol|\bsolution[\W_]*(begin|end))", re.IGNORECASE
)  # a marker, or meant for one
STUB = "# your code here"
KEPT = {"kernelspec", "language_info"}  # of the metadata of a notebook
STAMP = "cnnlab"  # metadata by which a later release knows its own files: a hash of all the rest


class ReleaseError(ValueError):
    """Students' copies cannot be written; the message says why, and what to do."""


@dataclass(frozen=True)
class Released:
    """What happened to one notebook."""

    path: Path
    exercises: int  # answers that students give in it
    written: bool  # False: the same was there already

    def __str__(self) -> str:
        many = {0: "no exercises", 1: "1 exercise"}.get(self.exercises, f"{self.exercises} exercises")
        return f"{self.path}: {many}{'' if self.written else ', was there already'}"


def clear_solution(source: str) -> str:
    """A cell's code with each solution replaced by one comment, as far to the right as its marker.

    Raises:
        ValueError: a marker stands alone, or is misspelt.

    >>> print(clear_solution("a = ...\\n### BEGIN SOLUTION\\na = 1\\n### END SOLUTION"))
    a = ...
    # your code here
    """
    lines, inside = [], False
    for line in source.split("\n"):
        if MISSPELT.search(line) and BEGIN not in line and END not in line:
            raise ValueError(f'"{line.strip()}" is no marker: write "### {BEGIN}" and "### {END}".')
        if BEGIN in line:
            if inside:
                raise ValueError(f'a second "{BEGIN}" before "{END}".')
            inside = True
            lines.append(line[: len(line) - len(line.lstrip())] + STUB)
        elif END in line:
            if not inside:
                raise ValueError(f'"{END}" without "{BEGIN}" before it.')
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        raise ValueError(f'"{BEGIN}" without "{END}" after it.')
    return "\n".join(lines)


def student_copy(notebook: NotebookNode) -> NotebookNode:
    """A notebook with blanks in place of solutions, without outputs, answers locked against deletion.

    Args:
        notebook: an instructor's; it stays as it is.
    Raises:
        ReleaseError: a solution stands in a cell that is not marked as an answer, or has no end, or two
            cells have the same name, which nbgrader does not take.
    """
    cells, named = [], dict[str | int, int]()
    for number, cell in enumerate(notebook.cells, start=1):
        mark = cell.metadata.get("nbgrader", {})
        name = mark.get("grade_id", number)
        if name in named:
            raise ReleaseError(f"cell {number} is {name!r}, as cell {named[name]} is: take one of them out.")
        named[name] = number
        new = NotebookNode(
            cell_type=cell.cell_type, metadata=_metadata_for_students(cell), source=cell.source
        )
        new.update({key: cell[key] for key in ("id", "attachments") if key in cell})
        if cell.cell_type == "code":
            new.update(outputs=[], execution_count=None)
        try:
            cleared = clear_solution(cell.source)
        except ValueError as error:
            raise ReleaseError(
                f"cell {number}: {error} Mend it in the script, and build it again."
            ) from error
        if mark.get("solution"):  # without markers all of it is the answer
            new.source = STUB if cleared == cell.source else cleared
        elif cleared != cell.source:
            raise ReleaseError(
                f'cell {number} holds a solution, but no answer="NAME" marks it in the script.'
            )
        cells.append(new)
    metadata = NotebookNode({key: notebook.metadata[key] for key in KEPT & set(notebook.metadata)})
    return NotebookNode(
        nbformat=notebook.nbformat, nbformat_minor=notebook.nbformat_minor, metadata=metadata, cells=cells
    )


def _metadata_for_students(cell: NotebookNode) -> NotebookNode:
    """What grading needs of a cell's metadata, and its tags, but for nbval's; locked as nbgrader does."""
    kept = NotebookNode()
    if mark := cell.metadata.get("nbgrader"):
        kept.nbgrader = mark
        if mark.get("solution") or mark.get("grade"):
            kept.deletable = False
        if mark.get("grade") and not mark.get("solution"):
            kept.editable = False
    if tags := [tag for tag in cell.metadata.get("tags", []) if not tag.startswith("nbval")]:
        kept.tags = tags
    return kept


def release(out: Path, notebooks: Path = Path("notebooks"), replace: bool = False) -> list[Released]:
    """Write the students' copies of all notebooks of a folder.

    Args:
        out: the folder for them; it is made.
        notebooks: the folder of the instructor's notebooks.
        replace: write also into a folder that holds notebooks, over copies that nobody changed.
    Raises:
        ReleaseError: there is nothing to release, a solution cannot be taken out, or a notebook in `out`
            would be lost or mixed up with the copies. Nothing is written then.
        OSError: a file cannot be read or written; each file is there as a whole or not at all.
    """
    texts = {path.name: _text_for_students(path) for path in _sources(notebooks)}
    if out.exists() and not out.is_dir():
        raise ReleaseError(f"{out} is a file: name a folder.")
    there = {path.name: path for path in sorted(out.glob("*.ipynb"))}
    different = [name for name in texts if name in there and there[name].read_bytes() != texts[name][0]]
    theirs = [name for name in different if not _unchanged_since_release(there[name])]
    if theirs:
        raise ReleaseError(
            f"{_names(theirs)} in {out} would be lost: not written by this command, or changed since. Choose "
            "another folder, or move the notebooks away."
        )
    others = sorted(set(there) - set(texts))
    if (different or others) and not replace:
        what = (
            f"holds other notebooks ({_names(others)})"
            if others
            else f"holds older copies ({_names(different)})"
        )
        raise ReleaseError(
            f"{out} {what}: choose another folder, or --replace, which writes over copies that nobody "
            "changed, and over nothing else."
        )
    out.mkdir(parents=True, exist_ok=True)
    done = []
    for name, (text, exercises) in texts.items():
        write = name not in there or name in different
        if write:
            with whole_file(out / name) as file:
                file.write(text)
        done.append(Released(out / name, exercises, write))
    return done


def _sources(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ReleaseError(
            f"there is no folder {folder}: name the one with the notebooks, --notebooks FOLDER."
        )
    found = sorted(folder.glob("*.ipynb"))
    if not found:
        raise ReleaseError(f"there are no notebooks in {folder}: name another folder, --notebooks FOLDER.")
    return found


def _text_for_students(path: Path) -> tuple[bytes, int]:
    """What is written for a notebook, and how many answers it asks for."""
    try:
        copy = student_copy(nbformat.read(path, as_version=4))
        nbformat.validate(copy)
    except ReleaseError as error:
        raise ReleaseError(f"{path}: {error}") from error
    except (ValueError, AttributeError, nbformat.ValidationError) as error:
        raise ReleaseError(f"{path} is no notebook that can be read: {error}") from error
    copy.metadata[STAMP] = NotebookNode(released=_hash(copy))
    exercises = sum(bool(cell.metadata.get("nbgrader", {}).get("solution")) for cell in copy.cells)
    return (nbformat.writes(copy) + "\n").encode(), exercises


def _hash(notebook: NotebookNode) -> str:
    return hashlib.sha256(nbformat.writes(notebook).encode()).hexdigest()


def _unchanged_since_release(path: Path) -> bool:
    """Whether the command wrote this file and nobody has changed it since."""
    try:
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        stamp = notebook.metadata.pop(STAMP)
        return bool(stamp["released"] == _hash(notebook))
    except (OSError, KeyError, TypeError, ValueError, AttributeError, nbformat.ValidationError):
        return False


def _names(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
