import pytest
import torch
from torch import nn

from cnnlab.inspection.recording import Recorder, is_layer, line_of_error
from tests.inspection import student_models


def recorded(model, images=None, instead=None, before=None):
    images = torch.zeros(2, 1, 28, 28) if images is None else images
    recorder = Recorder(model, images, instead or {}, before or {})
    return recorder, recorder.run(model, images)


def test_hooks_are_gone_after_a_run_and_after_an_error():
    from torch.nn.modules import module

    recorded(nn.Flatten())
    with pytest.raises(RuntimeError):
        recorded(nn.Linear(3, 3))
    assert not module._global_forward_hooks
    assert not module._global_forward_pre_hooks


def test_steps_hold_shapes_and_no_tensors():
    recorder, _ = recorded(student_models.Lab002().eval())
    for step in recorder.steps:
        assert not any(isinstance(value, torch.Tensor) for value in (*step.args, *step.kwargs.values()))
    view = next(step for step in recorder.steps if step.what == "view")
    assert view.args == (torch.Size([2, 20, 4, 4]), -1, 320)


def test_looking_at_a_tensor_is_no_step():
    class Looks(nn.Module):
        def forward(self, x):
            assert (x.size(0), x.dim(), len(x), x.shape[1], x.numel()) == (2, 4, 2, 1, 1568)
            return x.float().contiguous().detach().to(torch.float32)

    recorder, _ = recorded(Looks())
    assert recorder.steps == []


def test_names_of_functions_are_those_a_student_writes():
    class Writes(nn.Module):
        def forward(self, x):
            y = x + x
            y += 1
            z = torch.max_pool2d(y, 2) * 2
            return z.permute(0, 2, 3, 1)[:, :, :, 0].mT

    recorder, _ = recorded(Writes())
    assert recorder.steps[0].name == "add"
    assert [step.what for step in recorder.steps][-3:] == ["permute", "getitem", "mt"]


def test_layers_given_their_input_by_name_are_recorded():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(28, 4)

        def forward(self, x):
            return self.fc(input=x)

    recorder, _ = recorded(Named())
    assert (recorder.steps[0].name, recorder.steps[0].in_shape) == ("fc", (2, 1, 28, 28))


def test_detours_change_one_step_and_are_not_recorded_themselves():
    model = nn.Sequential(nn.Flatten(), nn.ReLU())
    recorder, output = recorded(model, before={1: lambda x: nn.Linear(784, 3)(x)})
    assert [step.name for step in recorder.steps] == ["0", "1"]
    assert output.shape == (2, 3)


def test_is_layer_knows_pytorchs_own_modules_only():
    class Own(nn.Module):
        def forward(self, x):
            return x

    class Sub(nn.Conv2d):
        pass

    assert is_layer(nn.ReLU())
    assert is_layer(Sub(1, 1, 1))
    assert not is_layer(Own())
    assert not is_layer(nn.Sequential())
    assert not is_layer(nn.DataParallel(nn.ReLU()))
    assert not is_layer(nn.Module())


def test_the_line_of_an_error_lies_outside_pytorch():
    class Stops(nn.Module):
        def forward(self, x):
            return x.view(7)

    with pytest.raises(RuntimeError) as caught:
        recorded(Stops())
    assert line_of_error(caught.value).text == "return x.view(7)"


def test_a_network_made_by_exec_is_followed_like_any_other():
    namespace = {"nn": nn}  # without __name__, its functions belong to no module
    exec("class Net(nn.Module):\n    def forward(self, x):\n        return x.flatten(1)", namespace)
    assert not is_layer(namespace["Net"]())
