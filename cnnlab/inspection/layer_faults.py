"""Convolutions and poolings that do not fit what arrives at them."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from cnnlab.inspection import remedies as mend
from cnnlab.inspection import repeated
from cnnlab.inspection.blueprint import code, rebuilt
from cnnlab.inspection.faults import Fault, written
from cnnlab.inspection.tracing import Step, Trace
from cnnlab.inspection.windows import Window, argument, is_conv, weight_shape, windows_of
from cnnlab.inspection.workbench import Change, Workbench, assigned, named
from cnnlab.words import counted


def conv_or_pool(bench: Workbench) -> Fault | None:
    """Wrong channels, a kernel wider than the map, too much padding, no map at all."""
    step, shape = bench.step, bench.shape
    windows = windows_of(step)
    if windows is None:
        return None
    sides = len(windows)
    if isinstance(step.module, nn.Conv3d) and len(shape) == 3:
        return _image_for_volume(bench)
    if len(shape) not in (sides, sides + 1):
        return _no_map(bench, sides)
    channels = _channels_taken(step)
    batched = len(step.in_shape) == sides + 1
    if channels not in (None, *step.in_shape[:1]) and len(shape) == sides < 3 and batched:
        return _no_channel(bench)
    if channels is not None and len(shape) == sides + 1 and shape[0] != channels:
        return _channels(bench, shape[0], channels)
    for window, size in zip(windows, shape[-sides:]):
        if window.pooling and 2 * window.left > window.k:
            return _too_much_padding(bench, window)
        if not window.transposed and window.span > size + window.left + window.right:
            return _too_wide(bench, window, size)
    return None


def with_indices(bench: Workbench) -> Fault | None:
    """A step that gets the numbers of a max pooling and their places at once, in a tuple."""
    step = bench.step
    given = step.args[0] if step.args else None
    if type(given) is not tuple or not step.parents or step.parents[0] < 0:
        return None
    giver = bench.broken.steps[step.parents[0]]
    return _number_and_place(bench, giver, f"{named(step.path)} gets two things")


def places_later(model: nn.Module, images: Tensor, made: Trace) -> Fault | None:
    """An error of Python in a forward() that goes on with both: torch.flatten(self.pool(x), 1)."""
    if not made.steps or "tuple" not in str(made.error):
        return None
    bench = Workbench(model, images, made, len(made.steps) - 1)
    return _number_and_place(bench, bench.step, "forward() goes on with two things")


def _number_and_place(bench: Workbench, giver: Step, who: str) -> Fault | None:
    layer = bench.layer(giver)
    if "pool" not in giver.what or not getattr(giver.module, "return_indices", False) or layer is None:
        return None
    alone, first = rebuilt(layer), nn.Sequential(layer, _First())  # without the places, as usual
    own = named(giver.path) == giver.path
    call = f"x, places = self.{giver.path}(x)" if own else "in a forward() of your own: x, places = pool(x)"
    return Fault(
        f"{who}: {named(giver.path)} returns the largest numbers and their places, "
        "because of return_indices=True.",
        has=2,
        needs=1,
        remedies=bench.choose(
            [Change(assigned(giver.path, code(alone)), {giver.path: alone}, follows=True)],
            [Change(call, {giver.path: first}, follows=True)],
        ).or_else(code(alone), call),
    )


class _First(nn.Module):
    def forward(self, both: tuple[Tensor, ...]) -> Tensor:
        return both[0]


def _channels_taken(step: Step) -> int | None:
    """Input channels that a convolution takes; None for a pooling, which takes any."""
    if step.module is not None:
        return getattr(step.module, "in_channels", None) if is_conv(step.module) else None
    weight = weight_shape(step)
    if weight is None:
        return None
    if "transpose" in step.what:
        return weight[0]
    groups = argument(step, ("weight", "bias", "stride", "padding", "dilation", "groups"), "groups", 1)
    return weight[1] * int(groups)


def _channels(bench: Workbench, has: int, needs: int) -> Fault:
    step = bench.step
    name = named(step.path)
    layer = (
        code(step.module) if step.module is not None else f"its weight {written(weight_shape(step) or ())}"
    )
    known, sizes = bench.layer(step), {"in_channels": has}
    if known is not None and known.groups == needs > 1:  # depthwise: one group for each channel
        each = int(known.out_channels) // needs  # type: ignore[arg-type]
        sizes |= {"groups": has, "out_channels": each * has}
    resized = next(mend.resized(bench, **sizes), None)
    fitting = f"give {name} a kernel for {counted(has, 'channel')}"
    if resized is not None:
        fitting = f"{resized.text}, and then explain again"
    earlier = [bench.broken.steps[number] for number in bench.before(bench.number)]
    nearest = next((s for s in earlier if s.what.startswith(("conv", "lazyconv"))), None)
    made = bench.broken.image_shape(nearest.out_shape or ()) if nearest is not None else ()
    source = named(nearest.path) if nearest is not None and made[:1] == (has,) else ""
    said = f"{source} makes {counted(has, 'channel')}, and {name} must take as many."
    if source == name:
        said = f"{name} is called again, on its own {counted(has, 'channel')}: one layer, with one weight."
    return Fault(
        f"{name} does not fit: it gets {counted(has, 'channel')}, but {layer} takes {needs}.",
        has=has,
        needs=needs,
        details=(said,) if source else (),
        remedies=bench.choose(
            repeated.another_layer(bench, **sizes),
            mend.resized(bench, **sizes),
            mend.channels_before(bench, needs),
            mend.counts_itself(bench),
            repeated.one_call_less(bench),
        ).or_else(fitting, f"give {name} a map of {counted(needs, 'channel')}"),
    )


def _no_channel(bench: Workbench) -> Fault:
    """Images without a channel, (N, H, W), which a convolution takes for one image of N channels."""
    name, sides = named(bench.step.path), len(bench.shape)
    wanted = "height, width" if sides == 2 else "length"
    squeezes = [n for n in bench.before(bench.number) if bench.broken.steps[n].what == "squeeze"]
    # after squeeze(), unsqueeze(1) would be wrong for a batch of one
    added = [] if squeezes else [mend.unsqueezed(bench)]
    return Fault(
        f"{name} needs a map of (channels, {wanted}), but gets {written(bench.shape)}: the channel is gone.",
        has=sides,
        needs=sides + 1,
        details=("squeeze() takes away every side of length 1.",) if squeezes else (),
        remedies=bench.choose(
            mend.without(bench, squeezes),
            _flattened_less(bench) if sides == 1 else [],
            mend.channel_back(bench, bench.number, squeezes) if squeezes or bench.step.line else [],
            *added,
        ).or_else(f"keep the channel: {name} needs (N, C, H, W)", f"x = x.unsqueeze(1) before {name}"),
    )


def _flattened_less(bench: Workbench) -> Iterator[Change]:
    """An earlier flatten that keeps the channel."""
    for number in bench.before(bench.number):
        step = bench.broken.steps[number]
        if step.what == "flatten" and bench.layer(step) is not None:
            yield Change(assigned(step.path, "nn.Flatten(2)"), {step.path: nn.Flatten(2)})


def _as_volume(bench: Workbench) -> Iterator[Change]:
    """The image as a volume of depth 1, with a kernel of depth 1."""
    layer, name = bench.layer(bench.step), named(bench.step.path)
    if not isinstance(layer, nn.Conv3d) or isinstance(layer.padding, str):
        return
    new = rebuilt(layer, kernel_size=(1, *layer.kernel_size[1:]), padding=(0, *layer.padding[1:]))
    how = f"nn.Unflatten(1, ({bench.shape[0]}, 1))" if bench.step.line is None else "x = x[:, :, None]"
    text = f"{how} before {name}, and {assigned(bench.step.path, code(new))}"
    yield Change(text, {bench.step.path: new}, before={bench.number: lambda x: x[:, :, None]})


def _image_for_volume(bench: Workbench) -> Fault:
    name = named(bench.step.path)
    return Fault(
        f"{name} is an nn.Conv3d, which takes volumes (channels, depth, height, width), but gets the image "
        f"{written(bench.shape)}: nn.Conv2d is meant.",
        has=3,
        needs=4,
        remedies=bench.choose(mend.of_other_sides(bench), _as_volume(bench)).or_else(
            f"nn.Conv2d in place of nn.Conv3d for {name}",
            "x = x[:, :, None], an image as a volume of depth 1",
        ),
    )


def _too_wide(bench: Workbench, window: Window, size: int) -> Fault:
    padded = size + window.left + window.right
    what = "window" if window.pooling else "kernel"
    left = f"only {padded} px {'is' if padded == 1 else 'are'} left"
    padding = f" (padding {window.left} included)" if window.left else ""
    poolings = [n for n in bench.before(bench.number) if "pool" in bench.broken.steps[n].what]
    ideas = [mend.without(bench, poolings), mend.more_room(bench, here_too=not window.pooling)]
    if window.pooling:
        ideas.insert(0, mend.without(bench, [bench.number]))
        if padded > 1:
            ideas.append(mend.resized(bench, kernel_size=padded, stride=padded))
    else:
        enough = -((size - window.span) // 2)
        ideas.insert(0, mend.resized(bench, padding=max(enough, window.k // 2)))
        if padded > 0:
            ideas.append(mend.resized(bench, kernel_size=(padded - 1) // window.d + 1))
    return Fault(
        f"{named(bench.step.path)} does not fit: its {what} is {window.span} px wide, but {left}{padding}.",
        has=padded,
        needs=window.span,
        remedies=bench.choose(*ideas).or_else(
            "use fewer poolings before it", "use padding in the convolutions before it"
        ),
    )


def _too_much_padding(bench: Workbench, window: Window) -> Fault:
    most = window.k // 2
    return Fault(
        f"{named(bench.step.path)} pads by {window.left} px, but a window of {window.k} px allows {most}.",
        has=window.left,
        needs=most,
        details=("With more, a window could lie in the padding alone.",),
        remedies=bench.choose(
            mend.resized(bench, padding=most),
            mend.resized(bench, padding=0),
            mend.resized(bench, kernel_size=2 * window.left),
        ).or_else(f"padding={most}", f"a window of {2 * window.left} px"),
    )


def _no_map(bench: Workbench, sides: int) -> Fault:
    wanted = ("channels", "height", "width", "depth")[: sides + 1]
    name = named(bench.step.path)
    sorts = ("flatten", "view", "reshape", "unsqueeze", "squeeze")
    views = [n for n in bench.before(bench.number) if bench.broken.steps[n].what in sorts]
    return Fault(
        f"{name} needs a map of ({', '.join(wanted)}), but gets {written(bench.shape)}.",
        has=len(bench.shape),
        needs=sides + 1,
        remedies=bench.choose(
            mend.without(bench, views),
            mend.of_other_sides(bench),
            mend.folded(bench, _channels_taken(bench.step) or 1, sides),
        ).or_else(
            f"call {name} before the flatten", f"x = x.view(x.size(0), {', '.join(wanted)}) before {name}"
        ),
    )
