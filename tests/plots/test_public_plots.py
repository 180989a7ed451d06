import inspect

from cnnlab import plots


def test_the_docstring_lists_every_plot():
    assert all(name in plots.__doc__ for name in plots.__all__)


def test_no_plot_shows_itself_or_trains():
    for name in plots.__all__:
        source = inspect.getsource(inspect.getmodule(inspect.unwrap(getattr(plots, name))))
        assert ".show(" not in source
        assert "fit(" not in source
