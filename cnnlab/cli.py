"""The `cnnlab` command: look after the set-up and the data, reproduce the labs, measure the machine.

Each command imports what it needs when it runs, so `cnnlab --help` is quick and `cnnlab doctor`
works where PyTorch does not.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cnnlab.errors import CheckpointError, DataError, TrainingError
from cnnlab.whole_file import PARTIAL

app = typer.Typer(
    help="Look after the course: its set-up, its data, its figures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _any_terminal() -> None:
    for stream in (sys.stdout, sys.stderr):  # a code page that lacks a sign shows "?" in its place
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


class DataCommands(TyperGroup):
    """The commands of `cnnlab data`, with a word for what is written in another order."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Say where --root belongs, if it stands in front of the command."""
        if args and args[0].split("=")[0] == "--root":
            ctx.fail("--root belongs behind the command: cnnlab data show --root FOLDER")
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Say which command a data set needs."""
        if args[0] in ("mnist", "fashion_mnist", "kmnist"):
            ctx.fail(f"{args[0]} is a data set: write cnnlab data fetch {args[0]}, or show or verify.")
        return super().resolve_command(ctx, args)


data_app = typer.Typer(
    cls=DataCommands, help="Find, fetch and check the data sets.", invoke_without_command=True
)
app.add_typer(data_app, name="data")

Name = Annotated[str, typer.Argument(help="mnist, fashion_mnist or kmnist")]
Root = Annotated[
    Path | None, typer.Option(help="The folder that holds MNIST/raw, in place of CNNLAB_DATA and the cache.")
]


@contextmanager
def errors_in_words() -> Iterator[None]:
    """End with the message alone where the fault is the user's or the data's, and not ours."""
    try:
        yield
    except (CheckpointError, DataError, TrainingError, ValueError, OSError) as error:
        said: object = error
        if isinstance(error, OSError) and error.strerror and error.filename:  # without its number
            said = f"{str(error.filename).removesuffix(PARTIAL)}: {error.strerror}."
        typer.echo(said, err=True)
        raise typer.Exit(1) from error


@app.command()
def doctor() -> None:
    """Say what of the set-up works, and how to mend what does not."""
    from cnnlab.doctor import FIX, examine

    found = []
    for finding in examine():
        typer.echo(finding)
        found.append(finding.state)
    if FIX in found:
        typer.echo(f"\n{found.count(FIX)} of {len(found)} must be fixed.")
        raise typer.Exit(1)
    typer.echo("\nReady.")


@data_app.callback()
def data(context: typer.Context) -> None:
    """Fetch MNIST where it is missing, and show where it is."""
    if context.invoked_subcommand is None:
        try:
            data_fetch()
        finally:  # without a network the table says what is used instead
            data_show()


@data_app.command("show")
def data_show(name: Name = "mnist", root: Root = None) -> None:
    """Where cnnlab looks for a data set, in its order, and what is there."""
    with errors_in_words():
        from cnnlab.data import describe_sources

        sources = describe_sources(name, root)
        typer.echo(sources)
        if not sources[0].ok:  # the first row is the root, or CNNLAB_DATA
            raise DataError(sources[0].found)


@data_app.command("fetch")
def data_fetch(name: Name = "mnist", root: Root = None) -> None:
    """Download a data set, unless it is there; what is there stays as it is."""
    with errors_in_words():
        from cnnlab.data import fetch

        typer.echo(fetch(name, root))


@data_app.command("verify")
def data_verify(name: Name = "mnist", root: Root = None) -> None:
    """Check size and MD5 of every file of a data set."""
    with errors_in_words():
        from cnnlab.data import describe_sources, verify
        from cnnlab.data.folder import closed, expanded

        if root is None:
            sources = describe_sources(name)
            root = next((Path(s.folder) for s in sources if s.folder and (s.used or not s.ok)), None)
        if root is None:
            typer.echo(f"There is no {name} to check: cnnlab data fetch {name}", err=True)
            raise typer.Exit(1)
        root = expanded(root, "root")
        hidden = closed(root)
        if hidden is not None:
            raise DataError(f"{root} cannot be used: you may not read {hidden}. Change its permissions.")
        if not os.path.isdir(root):
            raise DataError(f"{root} is not a folder: name the one that holds MNIST/raw.")
        checks = verify(root, name)
        typer.echo(checks)
        if not all(check.ok for check in checks):
            raise typer.Exit(1)


@app.command("export-explorer")
def export_explorer(
    out: Annotated[
        Path, typer.Argument(help="The page to write, such as explorer.html; its folder is made.")
    ],
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there.")] = False,
) -> None:
    """Write the explorers as one page that works offline, without a kernel."""
    with errors_in_words():
        from cnnlab.export import export_explorer as export

        size = export(out, replace).stat().st_size
        typer.echo(f"{out}: {size / 1000:.0f} KB. Open it in any browser, or send it to a friend.")


@app.command()
def release(
    out: Annotated[Path, typer.Argument(help="The folder for the students' copies.")],
    notebooks: Annotated[Path, typer.Option(help="The folder of your notebooks.")] = Path("notebooks"),
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over older copies that nobody changed.")
    ] = False,
) -> None:
    """Write the notebooks as students get them: blanks for solutions, no outputs; hints and checks stay."""
    with errors_in_words():
        from cnnlab.release import release as run

        for written in run(out, notebooks, replace):
            typer.echo(written)


@app.command()
def reproduce(
    names: Annotated[list[str] | None, typer.Argument(help="Networks, such as cnn_320; none: all.")] = None,
    seeds: Annotated[int, typer.Option(help="How often each network is trained.")] = 3,
    out: Annotated[Path, typer.Option(help="Where the table is written; its folder is made.")] = Path(
        "reproduce.md"
    ),
    root: Root = None,
    epochs: Annotated[int | None, typer.Option(help="Fewer than the recipe's, for a trial.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
) -> None:
    """Train each lab's network by its own recipe; a stopped command goes on where it was."""
    with errors_in_words():
        from cnnlab.reproduce import all_hold
        from cnnlab.reproduce import reproduce as run

        table = run(names or None, seeds, root, out, epochs=epochs, device=device)
        typer.echo(table)
        if not all_hold(table):
            raise typer.Exit(1)


@app.command()
def bench(
    out: Annotated[Path, typer.Option(help="Where the table is written.")] = Path("results.md"),
    root: Root = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only try it, on the bundled digits.")] = False,
    rounds: Annotated[int, typer.Option(help="Measurements that each median is of, at least 3.")] = 5,
) -> None:
    """Measure what cnnlab costs on this computer, beside the labs' own loops."""
    with errors_in_words():
        from cnnlab.benchmark import benchmark

        typer.echo(benchmark(out, root=root, quick=quick, rounds=rounds))


@app.command("record-gpu")
def record_gpu(
    out: Annotated[Path, typer.Argument(help="The file to write, such as recorded_gpu.json.")],
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there.")] = False,
) -> None:
    """Measure this machine's GPU: a few minutes. Notebook 7 shows the file where it is cnnlab's own."""
    with errors_in_words():
        from cnnlab.timing import record_gpu as run
        from cnnlab.timing.recorded import SHIPPED

        recorded = run(out, replace)
        typer.echo(f"{out}: {recorded.machine}; driver {recorded.driver}")
        if out.resolve() != SHIPPED:
            typer.echo(f"For notebook 7 to show it, put it at {SHIPPED}")


@app.command()
def race(
    out: Annotated[Path, typer.Option(help="Where the table is written.")] = Path("race.md"),
    seeds: Annotated[int, typer.Option(help="Laps, each from other random weights.")] = 10,
    against: Annotated[int, typer.Option(help="Seeds of lab 004's own loop beside it; 0: none.")] = 1,
    root: Root = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    quick: Annotated[bool, typer.Option("--quick", help="Only try it, on the bundled digits.")] = False,
) -> None:
    """From random weights to 99 % of MNIST's test images, in seconds, beside lab 004's loop in minutes."""
    with errors_in_words():
        from cnnlab.race import race as run
        from cnnlab.race import won

        table = run(out, seeds, root=root, device=device, against=against, quick=quick)
        typer.echo(table)
        if not (quick or won(table)):
            raise typer.Exit(1)


@app.command()
def pretrain(
    names: Annotated[list[str] | None, typer.Argument(help="cnn_320 or mlp; none: both.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for weights and recipes; without it, where cnnlab keeps its own."),
    ] = None,
    root: Root = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over files that are there.")] = False,
    epochs: Annotated[int | None, typer.Option(help="Fewer than the recipe's, for a trial.")] = None,
) -> None:
    """Train the networks that ship with cnnlab: minutes on one thread, the same bytes each time."""
    with errors_in_words():
        from cnnlab.models.trained import FOLDER
        from cnnlab.pretrain import pretrain as run

        run(names or None, out or FOLDER, root=root, replace=replace, epochs=epochs)
