import torch
from torch import nn

from cnnlab.inspection.tracing import trace
from cnnlab.inspection.workbench import Change, Remedies, Workbench, assigned, call, fits, named
from tests.inspection import student_models


def bench_for(model, batch=2):
    images = torch.zeros(batch, 1, 28, 28)
    made = trace(model, images)
    return Workbench(model, images, made, len(made.steps) - 1)


BROKEN = student_models.Flattening(padding=2)


def test_a_trial_runs_on_a_copy():
    bench = bench_for(BROKEN)
    assert fits(bench.trial(Change("", {"fc1": nn.Linear(980, 50)})))
    assert not fits(bench.trial(Change("", {"fc1": nn.Linear(981, 50)})))
    assert BROKEN.fc1.in_features == 320
    assert bench.trial(Change("", {"no such.layer": nn.Linear(1, 1)})) is None


def test_a_trial_can_change_what_happens_inside_forward():
    bench = bench_for(BROKEN)
    flatten = next(n for n, s in enumerate(bench.broken.steps) if s.name == "flatten")
    made = bench.trial(Change("", instead={flatten: lambda x, *_: x[:, :, :4, :4].flatten(1)}))
    assert fits(made)
    assert [s.name for s in made.steps].count("flatten") == 1
    made = bench.trial(Change("", before={len(bench.broken.steps) - 1: lambda x: x[:, :320]}))
    assert fits(made)


def test_choose_takes_the_first_change_of_each_idea_that_works():
    bench = bench_for(BROKEN)
    wrong, right = Change("wrong", {"fc1": nn.Linear(3, 50)}), Change("right", {"fc1": nn.Linear(980, 50)})
    assert bench.choose([wrong, right, right], [wrong], []) == Remedies(("right",), "all")


def test_choose_changes_the_linear_layer_that_follows_from_a_change():
    model = nn.Sequential(nn.Conv2d(3, 4, 5), nn.Flatten(), nn.Linear(10, 10))
    bench = bench_for(model)
    chosen = bench.choose([Change("gray", {"0": nn.Conv2d(1, 4, 5)})])
    assert chosen == Remedies(("gray, and layer 2: nn.Linear(2304, 10)",), "all")
    lazily = bench.choose([Change("gray", {"0": nn.Conv2d(1, 4, 5)}, lazily=True)])
    assert lazily.texts == ("gray, and layer 2: nn.LazyLinear(10)",)


def test_choose_is_content_with_getting_past_the_step_if_there_is_another_mistake():
    model = nn.Sequential(nn.Conv2d(3, 4, 5), nn.Conv2d(7, 4, 5))
    chosen = bench_for(model).choose([Change("gray", {"0": nn.Conv2d(1, 4, 5)})])
    assert chosen == Remedies(("gray",), "part")


def test_advice_stands_in_only_where_no_remedy_was_found():
    assert Remedies(("a",)).or_else("b").texts == ("a",)
    assert Remedies().or_else("b", "c") == Remedies(("b", "c"), "untried")


def test_a_change_must_work_with_another_batch_too():
    class OfTwo(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(700, 10)

        def forward(self, x):
            return self.fc(x.reshape(2, -1))

    found = bench_for(OfTwo()).choose([Change("wider", {"fc": nn.Linear(784, 10)})])
    assert (found.texts, found.mend) == (("wider",), "part")


def test_a_layer_with_two_names_is_changed_under_both():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.flat, self.b = nn.Flatten(), nn.Linear(700, 784)
            self.c = self.b

        def forward(self, x):
            return self.c(self.b(self.flat(x)))

    found = bench_for(Tied()).choose([Change("square", {"b": nn.Linear(784, 784)})])
    assert (found.texts, found.mend) == (("square",), "all")


def test_layers_before_a_step_are_listed_in_order():
    bench = bench_for(BROKEN)
    assert [name for name, _ in bench.convolutions()] == ["conv1", "conv2"]
    assert [name for name, _ in bench.poolings()] == ["pool"]
    assert bench.before(0) == []
    assert bench.layer(bench.step) is BROKEN.fc1


def test_fits_wants_one_row_for_each_image():
    images = torch.zeros(2, 1, 28, 28)
    assert fits(trace(nn.Flatten(), images))
    assert not fits(trace(nn.Flatten(0), images))
    assert not fits(trace(nn.Linear(3, 3), images))


def test_names_calls_and_assignments_read_like_code():
    assert (named("conv1"), named("3")) == ("conv1", "layer 3")
    assert assigned("features.0", "nn.ReLU()") == "layer features.0: nn.ReLU()"
    calls = [
        call(step)
        for step in trace(student_models.Lab002(), torch.zeros(2, 1, 28, 28)).steps
        if step.function
    ]
    assert calls[0].startswith("F.max_pool2d(x, 2")
    assert "x.view(-1, 320)" in calls
