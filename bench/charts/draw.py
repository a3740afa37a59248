"""Draws what bench/run.py measured, as SVG.

    bench/charts.sh MEASURED.json ... FOLDER

Files of several runs may be given; of a section that is in more than one, the last counts. Medians,
with the least and the most as whiskers.
"""

import json
import pathlib
import statistics
import sys
from collections.abc import Callable, Iterable

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {
    "svg.hashsalt": "ringsync",  # the same figures make the same file
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
}

from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

OURS, THEIRS = "#1f6f8b", "#b0b7bd"
Runs = list[dict]


def chosen(runs: Runs, **where: object) -> Runs:
    return [run for run in runs if all(run.get(name) == value for name, value in where.items())]


def middle(runs: Runs, figure: str) -> tuple[float, float, float]:
    """The median, and how far it is down to the least and up to the most."""
    values = [run[figure] for run in runs]
    median = statistics.median(values)
    return median, median - min(values), max(values) - median


def line(axes, groups: dict[object, Runs], figure: str, label: str) -> None:
    points = [middle(runs, figure) for runs in groups.values()]
    medians, down, up = zip(*points, strict=True)
    axes.errorbar(list(groups), medians, yerr=[down, up], label=label, marker="o", capsize=3)


def save(figure, folder: pathlib.Path, name: str) -> None:
    figure.tight_layout()
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    pyplot.close(figure)


def plain_numbers(axis) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def label_curves(axes, title: str, along: str, **scale: object) -> None:
    """`scale`: of the axis that goes along, matplotlib's arguments."""
    if scale:
        axes.set_xscale(**scale)
    axes.set_ylim(bottom=0)
    axes.set_title(title)
    axes.set_xlabel(along)
    plain_numbers(axes.xaxis)
    plain_numbers(axes.yaxis)
    axes.legend()


def panels(count: int, height: float = 3.4):
    figure, axes = pyplot.subplots(1, count, figsize=(4.6 * count, height), squeeze=False)
    return figure, axes[0]


def peers(measured: dict, folder: pathlib.Path) -> None:
    runs = measured["peers"]["runs"]
    largest = max(run["copies"] for run in runs)
    names = list(dict.fromkeys(run["contender"] for run in runs))
    of = {name: chosen(runs, contender=name, copies=largest) for name in names}
    of = {name: found or chosen(runs, contender=name) for name, found in of.items()}
    figure, axes = panels(3, 4)
    for axis, (key, title) in zip(
        axes,
        {
            "rows_s": "rows a second",
            "cpu_s_per_million": "CPU-seconds per million rows",
            "peak_mib": "peak memory, MiB",
        }.items(),
        strict=True,
    ):
        points = [middle(of[name], key) for name in names]
        colours = [OURS if name.startswith(("→", "drain")) else THEIRS for name in names]
        axis.barh(
            names,
            [point[0] for point in points],
            xerr=[[point[1] for point in points], [point[2] for point in points]],
            color=colours,
            capsize=2,
        )
        axis.set_xscale("log")
        axis.invert_yaxis()
        axis.set_title(title)
        plain_numbers(axis.xaxis)
    for axis in axes[1:]:
        axis.set_yticklabels([])
    save(figure, folder, "peers")


def in_flight(measured: dict, folder: pathlib.Path) -> None:
    runs = measured["in_flight"]["runs"]
    figure, (rates, memory) = panels(2)
    for name in dict.fromkeys(run["contender"] for run in runs):
        of = by(chosen(runs, contender=name), "scans")
        line(rates, of, "rows_s", name)
        line(memory, of, "peak_mib", name)
    for axes, title in ((rates, "rows a second"), (memory, "peak memory, MiB")):
        label_curves(axes, title, "scans in flight", value="log", base=2)
    save(figure, folder, "in_flight")


def first_load(measured: dict, folder: pathlib.Path) -> None:
    runs = measured["first_load"]["runs"]
    figure, (cpu, memory) = panels(2)
    for name in dict.fromkeys(run["contender"] for run in runs):
        of = by(chosen(runs, contender=name), "copies")
        line(cpu, of, "cpu_s_per_million", name)
        line(memory, of, "peak_mib", name)
    for axes, title in ((cpu, "CPU-seconds per million rows"), (memory, "peak memory, MiB")):
        label_curves(axes, title, "times 336,776 rows")
    save(figure, folder, "first_load")


def incremental(measured: dict, folder: pathlib.Path) -> None:
    runs = measured["incremental"]["shares"]
    figure, (seconds, cpu) = panels(2)
    for read, label in (("scan", "not indexed"), ("index", "indexed (SAI)")):
        of = by(chosen(runs, read=read), "changed")
        line(seconds, of, "sync_s", label)
        line(cpu, of, "cpu_s", label)
    for axes, title in ((seconds, "seconds of the sync"), (cpu, "CPU-seconds")):
        label_curves(axes, title, "changed rows", value="log")
    save(figure, folder, "incremental")


def replay(measured: dict, folder: pathlib.Path) -> None:
    runs = measured["replay"]["runs"]
    figure, (columns, rows, checkpoints) = panels(3)
    for to in ("null:", "fivetran:", "duckdb:"):
        of = by(chosen(runs, curve="columns", to=to), "shape")
        cells = {
            next(iter(group))["columns"]: [
                {"cost": run["cpu_s_per_million"] / run["columns"]} for run in group
            ]
            for group in of.values()
        }
        line(columns, cells, "cost", f"→ {to[:-1]}")
        first = chosen(runs, curve="rows", to=to, sync="first")
        line(rows, by(first, "rows"), "cpu_s_per_million", f"→ {to[:-1]}")
        if of := by(chosen(runs, curve="checkpoints", to=to), "interval"):
            line(checkpoints, of, "cpu_s_per_million", f"→ {to[:-1]}")
    upserts = chosen(runs, curve="rows", to="duckdb:", sync="incremental")
    line(rows, by(upserts, "rows"), "cpu_s_per_million", "a tenth upserted into DuckDB")
    titles = {
        columns: ("CPU-seconds per million cells", "columns"),
        rows: ("CPU-seconds per million rows", "flights"),
        checkpoints: ("CPU-seconds per million rows", "rows a checkpoint"),
    }
    for axes, (title, along) in titles.items():
        label_curves(axes, title, along, value="log")
    save(figure, folder, "replay")


def by(runs: Iterable[dict], name: str) -> dict[object, Runs]:
    groups: dict[object, Runs] = {}
    for run in sorted(runs, key=lambda run: run[name]):
        groups.setdefault(run[name], []).append(run)
    return groups


CHARTS: tuple[Callable[[dict, pathlib.Path], None], ...] = (
    peers, in_flight, first_load, incremental, replay,
)  # fmt: skip


def main() -> int:
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    *files, folder = map(pathlib.Path, sys.argv[1:])
    measured = {}
    for file in files:
        measured |= json.loads(file.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [draw for draw in CHARTS if draw.__name__ in measured]
    for draw in drawn:
        draw(measured, folder)
        print(f"{folder / draw.__name__}.svg")
    return 0 if drawn else 1


if __name__ == "__main__":
    sys.exit(main())
