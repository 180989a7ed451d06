"""What a person wrote under the tables outlives the next measurement."""

from cnnlab.benchmark import BY_HAND, with_words


def test_a_new_file_has_a_place_for_the_words(tmp_path):
    text = with_words(tmp_path / "new.md", "| table |\n", "(to be written)")
    assert text == f"| table |\n\n{BY_HAND}\n\n(to be written)\n"


def test_words_written_by_hand_are_kept(tmp_path):
    file = tmp_path / "results.md"
    file.write_text(with_words(file, "old table", "(to be written)").replace("(to be written)", "Because."))
    file.write_text(with_words(file, "new table", "(to be written)"))
    assert file.read_text() == f"new table\n\n{BY_HAND}\n\nBecause.\n"


def test_a_file_without_the_line_is_written_anew(tmp_path):
    file = tmp_path / "results.md"
    file.write_text("an older table")
    assert "older" not in with_words(file, "new table", "place")
