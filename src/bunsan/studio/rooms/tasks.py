"""Tasks: which representation tells a column best, a model trained for it, and what a model answers."""

from bunsan.base.language import tr
from bunsan.studio.desk import Desk
from bunsan.studio.rooms import comparing, training, using
from bunsan.studio.toolkit import gr


def build(desk: Desk) -> None:
    """Lay the room out and join its deeds."""
    with gr.Tabs(elem_classes="b-inner") as views:
        with gr.Tab(tr("Compare", "比べる"), id="compare"):
            comparing.build(desk)
        with gr.Tab(tr("Train a model", "モデルを学習"), id="train", elem_id="b-train") as train:
            use = training.build(desk, train)
        with gr.Tab(tr("Use a model", "モデルを使う"), id="use", elem_id="b-use") as tab:
            using.build(desk, tab, views, use)
