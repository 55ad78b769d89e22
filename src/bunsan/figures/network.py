"""Drawing a co-occurrence network: for papers (.png .svg .pdf), to explore (.html), for Gephi."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.figures import fonts
from bunsan.figures.colours import darker, fill
from bunsan.figures.page import Evidence, finite, sentences, write_page
from bunsan.measure.association import MEASURES
from bunsan.words.layout import LABEL_DROP, label_below, label_width, radii
from bunsan.words.network import STABLE, Network

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDTH = 10.0  # inches, if the labels stay readable
_SMALLEST, _LARGEST = 7.0, 11.0  # points
_THIN, _THICK = 0.7, 3.6  # points, the weakest and the strongest line
_SMALL = 0.86  # the legend's text, in em of the labels
_DASH = (0, (2.2, 1.8))


def draw_network(
    network: Network,
    path: str | Path,
    *,
    title: str = "",
    evidence: Evidence | Callable[[], Evidence] | None = None,
) -> None:
    """Write the network to a file, by its suffix.

    Parameters
    ----------
    path : .png, .svg or .pdf for print; .html to explore in a browser, without any connection;
        .graphml for Gephi, Cytoscape and networkx.
    evidence : the sentences a click on a word, key (id,), or a line, key (a, b), shows; or a
        function that finds them, called for .html only.

    Raises
    ------
    BadInput : another suffix.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".html":
        found = evidence() if callable(evidence) else evidence
        _write_page(network, path, title, found or {})
    elif suffix == ".graphml":
        content = io.BytesIO()
        nx.write_graphml_xml(_printable(network.to_networkx()), content)
        with atomic_write(path) as file:
            file.write(content.getvalue())
    else:
        fonts.save(network_figure(network, title=title), path, also=(".html", ".graphml"))


def network_figure(network: Network, *, title: str = "") -> Figure:
    """The network on paper: area of a disc by frequency, colour by community, width by weight.

    Lines that resampling does not confirm (`Edge.stable`) are dashed.
    """
    nodes = network.nodes
    radius = radii([node.frequency for node in nodes])
    x, y = np.array([n.x for n in nodes]), np.array([n.y for n in nodes])
    half = np.array([max(label_width(n.label) / 2, r) for n, r in zip(nodes, radius, strict=True)])
    left, right = float((x - half).min()) - 1.2, float((x + half).max()) + 1.2
    left, right = min(left, -18.0), max(right, 18.0)  # room for the legend below
    legend = _legend(network, right - left - 2)
    below = np.array([_drop(n.label, r) for n, r in zip(nodes, radius.tolist(), strict=True)])
    bottom = float((y - np.maximum(radius, below + 0.6)).min()) - 4.6 - legend[-1].y
    top = float((y + radius).max()) + (4.0 if title else 1.2)
    size = float(np.clip(72 * _WIDTH / (right - left), _SMALLEST, _LARGEST))
    drawing = fonts.figure((right - left) * size / 72, (top - bottom) * size / 72)
    axes = drawing.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)

    at = {node.id: k for k, node in enumerate(nodes)}
    width = _widths(np.array([edge.weight for edge in network.edges]))
    for dashed in (False, True):
        chosen = [k for k, edge in enumerate(network.edges) if edge.stable != dashed]
        ends = [(at[network.edges[k].a], at[network.edges[k].b]) for k in chosen]
        lines = LineCollection(
            [[(x[a], y[a]), (x[b], y[b])] for a, b in ends],
            linewidths=width[chosen],
            colors=[_line(nodes[a].community, nodes[b].community) for a, b in ends],
            linestyles=[_DASH] if dashed else "solid",
            capstyle="round" if not dashed else "butt",
            zorder=1,
        )
        axes.add_collection(lines, autolim=False)
    order = np.argsort(-radius, kind="stable")
    axes.add_collection(
        PatchCollection(
            [Circle((x[k], y[k]), radius[k]) for k in order],
            facecolors=[fill(nodes[k].community) for k in order],
            edgecolors=[darker(fill(nodes[k].community)) for k in order],
            linewidths=0.7,
            zorder=2,
        ),
        autolim=False,
    )
    for node, drop in zip(nodes, below.tolist(), strict=True):
        halo = 2.5 if drop else 0.0
        fonts.label(axes, node.x, node.y - drop, node.label, size=size, halo=halo)
    if title:
        fonts.label(
            axes, left + 1, top - 1.7, title, size=size * 1.3, halo=0, bold=True, align="left"
        )
    for item in legend:
        _explain(axes, item, left + 1.2 + item.x, bottom + 1.9 + legend[-1].y - item.y, size)
    return drawing


def _drop(label: str, radius: float) -> float:
    """How far below the middle of its disc a label is written."""
    return radius + LABEL_DROP if label_below(label, radius) else 0.0


def _widths(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Line widths in points, by weight."""
    spread = float(np.ptp(weight))
    share = (weight - weight.min()) / spread if spread > 0 else np.full(len(weight), 0.3)
    return np.asarray(_THIN + (_THICK - _THIN) * share)


def _line(a: int, b: int) -> str:
    return darker(fill(a), 0.8) if a == b else "#b4b4b4"


@dataclass(frozen=True, slots=True)
class _Item:
    """One sign of the legend and what it says; x from the left and y downwards, in em."""

    text: str
    x: float
    y: float
    radius: float = 0.0
    line: float = 0.0
    dashed: bool = False

    @property
    def sign(self) -> float:
        return 2 * self.radius if self.radius else 2.4 if self.line else 0.0


def _legend(network: Network, room: float) -> list[_Item]:
    """What the signs mean, in lines of at most `room` em, the last item on the last line."""
    largest = max(node.frequency for node in network.nodes)
    sizes = sorted({_round(largest * share) for share in (0.05, 0.2, 0.5)})
    name = MEASURES[network.measure].title
    items = [_Item(tr("Frequency", "出現数"), 0, 0)]
    items += [_Item(f"{f:,}", 0, 0, radius=float(radii([f, largest])[0])) for f in sizes]
    for weight, width in ((network.edges[-1].weight, _THIN), (network.edges[0].weight, _THICK)):
        items.append(_Item(f"{name} {weight:.2g}", 0, 0, line=width))
    if not all(edge.stable for edge in network.edges):
        text = tr(
            f"in under {STABLE:.0%} of {network.resamples} resamples",
            f"再標本化 {network.resamples} 回のうち {STABLE:.0%} 未満で出現",
        )
        items.append(_Item(text, 0, 0, line=1.4, dashed=True))
    placed, x, y = [], 0.0, 0.0
    for item in items:
        width = item.sign + 0.5 + label_width(item.text) * _SMALL
        if x and x + width > room:
            x, y = 0.0, y + 2.4
        placed.append(replace(item, x=x, y=y))
        x += width + 1.3
    return placed


def _explain(axes: Axes, item: _Item, x: float, y: float, size: float) -> None:
    if item.radius:
        disc = Circle((x + item.radius, y), item.radius, facecolor="#eee", edgecolor="#888")
        disc.set_linewidth(0.7)
        axes.add_patch(disc)
    elif item.line:
        style = _DASH if item.dashed else "solid"
        axes.plot([x, x + 2.4], [y, y], color="#909090", linewidth=item.line, linestyle=style)
    at = x + item.sign + (0.5 if item.sign else 0)
    fonts.label(axes, at, y, item.text, size=size * _SMALL, halo=0, align="left")


def _round(value: float) -> int:
    """To one or two leading digits, for a legend."""
    if value < 10:
        return max(1, round(value))
    unit = 10 ** (len(str(int(value))) - 1)
    return int(value // (unit / 2) * (unit / 2))


def _printable(graph: "nx.Graph[int]") -> "nx.Graph[int]":
    """Without the control characters that XML cannot hold."""
    for _, attributes in graph.nodes(data=True):
        for name, value in attributes.items():
            if isinstance(value, str):
                attributes[name] = _CONTROL.sub("", value)
    return graph


def _write_page(network: Network, path: Path, title: str, evidence: Evidence) -> None:
    nodes, edges = network.nodes, network.edges
    at = {node.id: k for k, node in enumerate(nodes)}
    radius = radii([node.frequency for node in nodes]).tolist()
    half = [max(label_width(n.label) / 2, r) for n, r in zip(nodes, radius, strict=True)]
    members: list[list[int]] = [[] for _ in range(1 + max(n.community for n in nodes))]
    for k in sorted(range(len(nodes)), key=lambda k: (-nodes[k].frequency, k)):
        members[nodes[k].community].append(k)
    strength = (_widths(np.array([edge.weight for edge in edges])) - _THIN) / (_THICK - _THIN)
    measure = MEASURES[network.measure].title
    signs = [
        ("disc", tr("area: frequency", "面積: 出現数")),
        ("thick", tr(f"width: {measure}", f"太さ: {measure}")),
    ]
    if network.resamples:
        rule = tr(
            f"among those drawn in under {STABLE:.0%} of {network.resamples} resamples",
            f"再標本化 {network.resamples} 回のうち {STABLE:.0%} 未満で出現",
        )
        signs.append(("dashed", rule))
    data = {
        "measure": measure,
        "signs": signs,
        "communities": members,
        "bounds": [
            min(n.x - h for n, h in zip(nodes, half, strict=True)) - 1,
            max(n.x + h for n, h in zip(nodes, half, strict=True)) + 1,
            min(n.y - r for n, r in zip(nodes, radius, strict=True)) - 2,
            max(n.y + r for n, r in zip(nodes, radius, strict=True)) + 1,
        ],
        "words": [
            {
                "label": node.label,
                "pos": node.pos,
                "frequency": node.frequency,
                "community": node.community,
                "degree": node.degree,
                "betweenness": node.betweenness,
                "x": node.x,
                "y": node.y,
                "r": r,
                "fill": fill(node.community),
                "rim": darker(fill(node.community)),
                "sentences": sentences(evidence, (node.id,)),
            }
            for node, r in zip(nodes, radius, strict=True)
        ],
        "edges": [
            {
                "a": at[edge.a],
                "b": at[edge.b],
                "count": edge.count,
                "weight": finite(edge.weight),
                "strength": float(share),
                "stable": edge.stable,
                "stability": edge.stability,
                "together": edge.together,
                "low": finite(edge.low),
                "high": finite(edge.high),
                "sentences": sentences(evidence, (edge.a, edge.b)),
            }
            for edge, share in zip(edges, strength, strict=True)
        ],
    }
    note = tr(
        f"{len(nodes)} words, {len(edges)} edges ({measure}), {network.units:,} units",
        f"{len(nodes)} 語、{len(edges)} 辺({measure})、{network.units:,} 単位",
    )
    text = {
        "frequency": tr("frequency", "出現数"),
        "pos": tr("part of speech", "品詞"),
        "degree": tr("degree", "次数"),
        "betweenness": tr("betweenness", "媒介中心性"),
        "connected": tr("Connected with", "つながる語"),
        "words": tr("Words", "語"),
        "together": tr("together", "共起"),
        "interval": tr("interval", "区間"),
        "stability": tr("among those drawn", "再標本化での出現"),
        "same": tr("in one community", "同じコミュニティー"),
        "communities": tr("Communities", "コミュニティー"),
        "signs": tr("Signs", "凡例"),
        "hint": tr(
            "Click on a word or a line for its sentences. Scroll or + − to zoom, drag to move.",
            "語や線をクリックすると文を表示します。スクロールや + − で拡大縮小、ドラッグで移動。",
        ),
    }
    shown = title or tr("Co-occurrence network", "共起ネットワーク")
    write_page(path, "network", data, title=shown, note=note, text=text)
