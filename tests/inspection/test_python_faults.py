import numpy as np
import pytest
import torch
from torch import nn

from cnnlab import models
from cnnlab.inspection import explain
from cnnlab.inspection.python_faults import is_shape, no_image, no_network, stopped
from cnnlab.inspection.tracing import trace
from cnnlab.training.guards import check_model


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.fc1 = nn.Linear(5760, 10)


class ForgetsReturn(Base):
    def forward(self, x):
        self.fc1(self.conv1(x).flatten(1))


class Misspelt(Base):
    def foward(self, x):
        return x


class UnknownLayer(Base):
    def forward(self, x):
        return self.fc3(self.conv1(x).flatten(1))


class NoImport(Base):
    def forward(self, x):
        return F.relu(self.conv1(x))  # noqa: F821


class NoArgument(Base):
    def forward(self):
        return self.conv1


class OwnError(Base):
    def forward(self, x):
        x = self.conv1(x)
        raise KeyError("my own")


@pytest.mark.parametrize(
    ("model", "headline", "remedy"),
    [
        (
            ForgetsReturn,
            "forward() of ForgetsReturn returns nothing: it should return one row of numbers for each image.",
            "end forward() with return x",
        ),
        (Misspelt, "Misspelt has no forward(); it has foward().", "write def forward(self, x): in the class"),
        (
            UnknownLayer,
            "forward() of UnknownLayer stops with AttributeError: "
            "'UnknownLayer' object has no attribute 'fc3'.",
            "another name in forward(): did you mean 'fc1'? There are: conv1, fc1",
        ),
        (
            NoImport,
            "forward() of NoImport stops with NameError: name 'F' is not defined.",
            "import torch.nn.functional as F",
        ),
        (
            NoArgument,
            "forward() of NoArgument stops with TypeError: "
            "NoArgument.forward() takes 1 positional argument but 2 were given.",
            "write def forward(self, x):",
        ),
        (OwnError, "forward() of OwnError stops with KeyError: 'my own'.", "look at that line of forward()"),
    ],
)
def test_mistakes_of_python_keep_their_message_and_get_advice(model, headline, remedy):
    found = explain(model())
    assert found.headline == headline
    assert remedy in found.remedies
    assert len(found.remedies) == 2
    assert found.heading == "What to try:"


def test_the_line_and_the_sizes_before_it_are_shown():
    found = explain(OwnError())
    assert found.line.endswith(': raise KeyError("my own")')
    assert found.chain == ("conv1  10 × 24 × 24  floor((28 + 2·0 − 5)/1) + 1 = 24",)
    assert found.error == "'my own'"


def test_a_class_is_told_to_make_a_network():
    found = explain(Base)
    assert found.headline == "Base is a class: the plan of a network, not yet a network."
    assert found.remedies == ("explain(Base())", "model = Base(), then explain(model)")


def test_things_that_are_no_network_are_named():
    assert no_network(print).headline == (
        "This is a builtin_function_or_method, not a network: explain needs an nn.Module."
    )


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("28", "The input is '28': neither a tensor of images nor the shape of one."),
        (
            np.zeros((2, 1, 28, 28)),
            "The input is of the type ndarray: neither a tensor of images nor the shape of one.",
        ),
        (torch.zeros(0, 1, 28, 28), "The input is empty: its shape is (0, 1, 28, 28)."),
        ((1, 28, -28), "The input is (1, 28, -28): neither a tensor of images nor the shape of one."),
    ],
)
def test_inputs_that_are_no_images_are_named(given, what):
    found = explain(models.build("cnn_320"), given)
    assert found.headline == what
    assert found.remedies[0] == "explain(model, (1, 28, 28))"


def test_shapes_and_tensors_are_let_through():
    assert is_shape((1, 28, 28))
    assert is_shape([784])
    assert not is_shape("28")
    assert no_image((1, 28, 28)) is None
    assert no_image(torch.zeros(2, 1, 28, 28)) is None


def test_an_output_that_is_no_tensor_is_named():
    class Gives(Base):
        def forward(self, x):
            return {"logits": x}

    made = trace(Gives(), torch.zeros(2, 1, 28, 28))
    assert stopped(Gives(), made).headline == (
        "forward() of Gives returns a dict: it should return one row of numbers for each image."
    )


def test_numpys_whole_numbers_make_a_shape():
    assert is_shape(tuple(np.array([1, 28, 28])))
    assert explain(models.build("cnn_320"), tuple(np.array([1, 28, 28]))).works
    assert not is_shape((True, 28, 28))


def test_a_batch_with_its_labels_is_named():
    found = explain(models.build("cnn_320"), [torch.zeros(2, 1, 28, 28), torch.zeros(2)])
    assert found.headline.startswith("The input is a list of tensors, such as a batch with its labels")
    assert found.remedies[0] == "explain(model, batch[0])"


def test_a_list_of_layers_is_no_network_by_itself():
    found = explain(nn.ModuleList([nn.Linear(784, 10)]))
    assert found.headline == "An nn.ModuleList has no forward(): it keeps layers and calls none of them."
    assert found.remedies[0] == "nn.Sequential(…), which calls its layers one after another"


def test_an_exit_that_was_left_in_forward_does_not_end_the_program():
    class Leaves(Base):
        def forward(self, x):
            raise SystemExit

    found = explain(Leaves())
    assert found.headline == "forward() of Leaves stops with RuntimeError: exit() is called here."
    assert found.line.endswith("raise SystemExit")


class CallsItsList(Base):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Flatten(), nn.Linear(784, 10)])

    def forward(self, x):
        return self.layers(x)


def test_a_list_of_layers_that_is_called_is_told_from_a_missing_forward():
    found = explain(CallsItsList())
    assert found.headline == (
        "forward() of CallsItsList calls an nn.ModuleList, which keeps layers and calls none of them."
    )
    assert found.remedies[0] == "for layer in self.name: x = layer(x)"


@pytest.mark.parametrize(
    ("forward", "remedy"),
    [
        (lambda x: torch.nn.functional.max_pool2(x, 2), "max_pool2d in place of max_pool2"),
        (lambda x: torch.nn.functional.RELU(x), "relu in place of RELU"),
        (lambda x: torch.flaten(x, 1), "flatten in place of flaten"),
        (lambda x: x.flaten(1), "flatten in place of flaten"),
    ],
)
def test_a_misspelt_function_gets_the_nearest_name(forward, remedy):
    class Misspells(Base):
        def forward(self, x):
            return forward(self.conv1(x))

    found = explain(Misspells())
    assert found.remedies[0] == remedy
    assert len(found.remedies) == 2


def test_a_function_that_is_like_none_keeps_the_general_advice():
    class Invents(Base):
        def forward(self, x):
            return torch.qqqqqqqq(x)

    assert explain(Invents()).remedies[0] == "look at that line of forward()"


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_picture_gets_advice_that_works(mode):
    from PIL import Image
    from torchvision import transforms

    image, model = Image.new(mode, (28, 28)), models.build("cnn_320")
    found = explain(model, image)
    assert found.headline == "The input is a picture, of the type Image: explain needs a tensor of images."
    assert len(found.remedies) == 2
    for remedy in found.remedies:
        known = {"model": model, "image": image, "transforms": transforms, "torch": torch, "np": np}
        assert eval(remedy, known | {"explain": explain}).works, remedy


def test_images_without_numbers_are_asked_for_as_real_ones():
    found = explain(models.build("cnn_320"), torch.zeros(2, 1, 28, 28, device="meta"))
    assert found.headline == "The images are on the device meta, which holds shapes but no numbers."
    assert found.remedies == (
        "explain(model, (1, 28, 28))",
        "give real images, such as load_data().train.normalised()[:2]",
    )


def test_a_network_without_numbers_is_asked_for_as_a_real_one():
    with torch.device("meta"):
        model = models.build("cnn_320")
    found = explain(model, torch.zeros(2, 1, 28, 28))
    assert found.headline == "The weights are on the device meta, which holds shapes but no numbers."
    assert found.remedies == (
        'build the model anew, outside of torch.device("meta")',
        "explain(model, (1, 28, 28)), for the sizes alone",
    )
    assert explain(model, (1, 28, 28)).works


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning")
@pytest.mark.parametrize(
    ("make", "how"),
    [
        (
            lambda model: torch.jit.trace(model, torch.zeros(1, 1, 28, 28)),
            "traced network, made by torch.jit.trace",
        ),
        (torch.jit.script, "scripted network, made by torch.jit.script"),
    ],
)
def test_a_network_that_torch_made_of_another_is_not_taken_for_an_unfinished_one(make, how):
    made = make(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))
    found = explain(made)
    assert found.headline == (
        f"This is a {how}, and its steps cannot be followed: explain the module that it was made from."
    )
    assert len(found.remedies) == 2
    check_model(made)  # it can be trained all the same


def test_a_network_without_its_super_init_is_still_told():
    class Forgets(nn.Module):
        def __init__(self):
            pass

    assert "does not call super().__init__()" in explain(Forgets()).headline
    with pytest.raises(TypeError, match="not a network yet"):
        check_model(Forgets())


def test_a_function_without_its_number():
    class NoSize(Base):
        def forward(self, x):
            return self.fc1(nn.functional.max_pool2d(self.conv1(x)).flatten(1))

    found = explain(NoSize())
    assert found.remedies == (
        "give F.max_pool2d its kernel_size, as in F.max_pool2d(x, 2)",
        "help(F.max_pool2d) tells what it takes",
    )


def test_a_float_where_a_tensor_is_made_points_at_the_division():
    class Half(Base):
        def forward(self, x):
            return self.fc1(torch.zeros(len(x), 784 / 2) + x.sum())

    assert explain(Half()).remedies == (
        "// in place of / in that line: a result of / is always a float, 14.0 as well, and 28 // 2 is 14",
        "int(…) round the number that must be whole",
    )
