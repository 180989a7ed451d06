"""A layer's settings: written as code, and built anew with some of them changed."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from cnnlab.inspection.windows import is_conv

PADS = (
    nn.modules.padding._ConstantPadNd,
    nn.modules.padding._ReflectionPadNd,
    nn.modules.padding._ReplicationPadNd,
    nn.modules.padding._CircularPadNd,
)
_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)


def code(module: nn.Module) -> str:
    """A layer as a student writes it, with the settings that are not the usual ones.

    >>> code(nn.Conv2d(10, 20, (5, 5), padding=2))
    'nn.Conv2d(10, 20, 5, padding=2)'
    """
    given, extra = _settings(module)
    return f"nn.{_kind(module).__name__}({_arguments(list(given.values()), extra)})"


def rebuilt(module: nn.Module, **changes: Any) -> nn.Module:
    """A new layer with the settings of this one, except those that are given.

    Args:
        module: a convolution, pooling, fully connected or batch-norm layer.
        changes: such as in_features=980 or padding=0.
    """
    given, extra = _settings(module)
    settings = {**given, **{key: value for key, (value, _) in extra.items()}, **changes}
    weight = next(module.parameters(), torch.empty(0))
    made: nn.Module = _kind(module)(**settings)
    return made.to(weight.device, weight.dtype).train(module.training)


def lazy(module: nn.Module) -> nn.Module | None:
    """The layer that takes its input size from the first batch; None where PyTorch has none."""
    kind = getattr(nn, f"Lazy{_kind(module).__name__}", None)
    if kind is None:
        return None
    given, extra = _settings(module)
    settings = {**given, **{key: value for key, (value, _) in extra.items()}}
    for known_later in ("in_features", "in_channels", "num_features"):
        settings.pop(known_later, None)
    made: nn.Module = kind(**settings)
    return made


def with_sides(module: nn.Module, sides: int) -> nn.Module | None:
    """The same convolution for maps with another number of sides; None where PyTorch has none."""
    kind = getattr(nn, f"Conv{sides}d", None)
    if kind is None or not is_conv(module) or "Transpose" in _kind(module).__name__:
        return None
    given, extra = _settings(module)
    weight = next(module.parameters())
    made: nn.Module = kind(**given, **{key: value for key, (value, _) in extra.items()})
    return made.to(weight.device, weight.dtype)


def lazy_code(module: nn.Module) -> str:
    """The lazy layer as a student writes it.

    >>> lazy_code(nn.Linear(320, 50))
    'nn.LazyLinear(50)'
    """
    given, extra = _settings(module)
    return f"nn.Lazy{_kind(module).__name__}({_arguments(list(given.values())[1:], extra)})"


def _kind(module: nn.Module) -> type[nn.Module]:
    """PyTorch's own class behind a layer, also behind a student's subclass or a lazy layer."""
    return next(
        c
        for c in type(module).__mro__
        if c.__module__.startswith("torch.nn.modules") and "Lazy" not in c.__name__
    )


def _settings(module: nn.Module) -> tuple[dict[str, Any], dict[str, tuple[Any, Any]]]:
    """Settings given by place, and those given by name with their usual values."""
    if is_conv(module):
        extra: dict[str, Any] = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
        if "Transpose" in _kind(module).__name__:
            extra["output_padding"] = 0
        else:
            extra["padding_mode"] = "zeros"
        named = {key: (_single(getattr(module, key)), usual) for key, usual in extra.items()}
        given = {key: _single(getattr(module, key)) for key in ("in_channels", "out_channels", "kernel_size")}
        return given, {**named, "bias": (module.bias is not None, True)}
    if isinstance(module, nn.Linear):
        given = {"in_features": module.in_features, "out_features": module.out_features}
        return given, {"bias": (module.bias is not None, True)}
    if isinstance(module, nn.Bilinear):
        given = {key: getattr(module, key) for key in ("in1_features", "in2_features", "out_features")}
        return given, {"bias": (module.bias is not None, True)}
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        return {"num_features": module.num_features}, {}
    if isinstance(module, nn.modules.instancenorm._InstanceNorm):
        return {"num_features": module.num_features}, {"affine": (module.affine, False)}
    if isinstance(module, PADS):
        named = {"value": (module.value, 0)} if "Constant" in _kind(module).__name__ else {}
        return {"padding": _single(module.padding)}, named
    if isinstance(module, _POOLS):
        k = _single(module.kernel_size)
        named = {"stride": (_single(module.stride), k), "padding": (_single(module.padding), 0)}
        if hasattr(module, "dilation"):
            named["dilation"] = (_single(module.dilation), 1)
        return {"kernel_size": k}, {**named, "ceil_mode": (module.ceil_mode, False)}
    if isinstance(module, nn.RNNBase):
        return _of_a_recurrent_layer(module)
    if isinstance(module, nn.MultiheadAttention):
        given = {"embed_dim": module.embed_dim, "num_heads": module.num_heads}
        bias = (module.in_proj_bias is not None, True)
        usual = {"dropout": (module.dropout, 0.0), "bias": bias, "batch_first": (module.batch_first, False)}
        return given, usual
    if isinstance(module, nn.PReLU):
        return {"num_parameters": module.num_parameters}, {}
    if isinstance(module, nn.PixelShuffle):
        return {"upscale_factor": module.upscale_factor}, {}
    if isinstance(module, nn.Unflatten):
        return {"dim": module.dim, "unflattened_size": tuple(module.unflattened_size)}, {}
    return {}, {}


def _of_a_recurrent_layer(module: nn.RNNBase) -> tuple[dict[str, Any], dict[str, tuple[Any, Any]]]:
    usual: dict[str, Any] = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
    usual["bidirectional"] = False
    if isinstance(module, nn.RNN):
        usual["nonlinearity"] = "tanh"
    if isinstance(module, nn.LSTM):
        usual["proj_size"] = 0
    given = {"input_size": module.input_size, "hidden_size": module.hidden_size}
    return given, {key: (getattr(module, key), value) for key, value in usual.items()}


def _arguments(given: list[Any], extra: dict[str, tuple[Any, Any]]) -> str:
    named = [f"{key}={_written(value)}" for key, (value, usual) in extra.items() if value != usual]
    return ", ".join([*map(_written, given), *named])


def _single(value: Any) -> Any:
    """(5, 5) as 5."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def _written(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
