"""The growth benchmark: what it makes, what it computes, and that its file holds together."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from benchmarks import growth
from benchmarks.growth import BASE, GROWTH, Setting, augmented, rows_of, settings
from cnnlab import load_data
from cnnlab.data import shift

FEW = load_data("digits").train.take(10)


def test_one_thing_grows_at_a_time():
    made = settings()
    assert len(made) == sum(map(len, GROWTH.values()))
    for name, setting in made:
        changed = {name: getattr(BASE, name), "images": BASE.images}  # as many as make a few steps
        assert dataclasses.replace(setting, **changed) == BASE
    assert all(setting.images <= 600_000 for _, setting in made)


def test_few_images_are_the_first_ones():
    assert torch.equal(augmented(FEW, 4).images, FEW.images[:4])


def test_more_images_are_shifted_by_two_pixels_at_most_and_keep_their_labels():
    many = augmented(FEW, 25)
    assert torch.equal(many.images[:10], FEW.images)
    assert torch.equal(many.labels, FEW.labels.repeat(3)[:25])
    allowed = range(-growth.FARTHEST, growth.FARTHEST + 1)
    for i in range(10, 25):
        source = FEW.images[i % 10 : i % 10 + 1]
        assert any(
            torch.equal(many.images[i : i + 1], shift(source, dx, dy)) for dx in allowed for dy in allowed
        )
    assert torch.equal(many.images, augmented(FEW, 25).images)
    assert not torch.equal(many.images, augmented(FEW, 25, seed=1).images)
    assert (many.mean, many.std) == (FEW.mean, FEW.std)


def test_a_row_says_how_many_times_the_first_it_took_and_what_linear_would_be():
    measured = [
        ("channels", Setting(channels=4), 0.5, 300.0),
        ("channels", Setting(channels=8), 1.5, 400.0),
        ("kernel", Setting(kernel=1), 7.0, 300.0),
    ]
    first, second, other = rows_of(measured)
    assert (first.times, first.linear, first.of) == (1, 1, "a step")
    assert (second.times, second.linear, second.peak) == (3, 2, 400)
    assert (other.times, other.value) == (1, 1)


def test_one_run_prints_its_seconds_and_its_memory(capsys):
    asked = [dataclasses.asdict(Setting(images=60, batch_size=20, channels=2, kernel=1)), "digits", False]
    growth.main(["--one", json.dumps(asked)])
    seconds, peak, imported = json.loads(capsys.readouterr().out)
    assert 0 < seconds < 60
    assert 50 < imported <= peak < 100_000  # MiB


def test_the_command_writes_table_and_chart_and_keeps_the_words(tmp_path, monkeypatch):
    def measure(name, setting, data):
        return getattr(setting, name) / 1e4, 300.0 + setting.channels, 250.0

    monkeypatch.setattr(growth, "measure", measure)
    out = tmp_path / "growth.md"
    growth.main(["--out", str(out)])
    assert out.with_suffix(".png").stat().st_size > 10_000
    text = out.read_text()
    assert growth.PLACE in text
    assert "| images | 600,000 | 60.0000 | an epoch | 600.0 | 600.0 |" in text
    assert "1,536 MiB; all of these runs stay below it. The largest, 428 MiB, has channels 128." in text
    out.write_text(text.replace(growth.PLACE, "Because of the caches."))
    growth.main(["--out", str(out)])
    assert "Because of the caches." in out.read_text()


def test_a_run_that_fails_says_which(monkeypatch):
    with pytest.raises(RuntimeError, match="kernel"):
        growth.measure("kernel", Setting(kernel=0), "digits")


def test_the_stored_table_has_the_settings_of_the_script():
    stored = Path(growth.__file__).with_suffix(".md")
    if not stored.exists():
        pytest.skip("nobody has measured yet")
    text = stored.read_text(encoding="utf-8")
    for name, setting in settings():
        assert f"| {growth.NAMES[name]} | {getattr(setting, name):,} |" in text


def test_a_picture_of_somebody_elses_is_not_drawn_over(tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "measure", None)
    (tmp_path / "growth.png").write_bytes(b"mine")
    for out in ("growth.md", "growth.png"):
        with pytest.raises(SystemExit, match=r"growth\.png would hold the chart, and is taken"):
            growth.main(["--out", str(tmp_path / out)])
    assert [path.name for path in tmp_path.iterdir()] == ["growth.png"]
    (tmp_path / "thesis.md").write_text("My thesis")
    with pytest.raises(ValueError, match="was not written by python -m benchmarks"):
        growth.main(["--out", str(tmp_path / "thesis.md")])
