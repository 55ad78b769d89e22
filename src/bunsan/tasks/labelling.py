"""Labels for texts without any training: from the labels' names alone, or from a few examples of each (zero-shot and
few-shot classification). `classify` and `open_labeller`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.base.optional import needs_models
from bunsan.base.shipped import shipped_model
from bunsan.words.vectors.nearest import unit_rows

if TYPE_CHECKING:
    from bunsan.tasks.finetuning.answering import Answering
    from bunsan.tasks.finetuning.base import Prediction

TEMPERATURE = 0.05  # of the softmax over cosines, as sentence models are trained with
_PROMPT = "{text}\n→ "


def classify(
    texts: str | Sequence[str],
    labels: Sequence[str],
    *,
    examples: Sequence[tuple[str, str]] | Mapping[str, Sequence[str]] = (),
    model: str | Path | None = None,
    **options: Any,
) -> "Prediction | list[Prediction]":
    """Which of given labels fits a text, without training.

    Parameters
    ----------
    texts : one, or many. labels : two or more; their names should say what they mean.
    examples, model, options : see `open_labeller`.

    Returns
    -------
    A prediction (`label`, `probability`, `probabilities`), or a list of them.
    """
    labeller = open_labeller(labels, examples=examples, model=model, **options)
    return labeller.predict(texts if isinstance(texts, str) else list(texts))


def open_labeller(
    labels: Sequence[str],
    *,
    examples: Sequence[tuple[str, str]] | Mapping[str, Sequence[str]] = (),
    model: str | Path | None = None,
    label: str = "{label}",
    prompt: str | None = None,
    device: str | None = None,
    threads: int | None = None,
) -> "Answering":
    """What gives labels to texts, tables and files; see `bunsan.open_task` for what it can do.

    An encoder compares vectors: with the labels' own, or, where there are examples, with the mean of each label's
    (prototypes: Snell, Swersky & Zemel 2017, §2.2), from which what all labels share is taken away. A decoder chooses
    the answer that follows most probably, the examples standing before the text (Brown et al. 2020, §2).

    Parameters
    ----------
    examples : pairs of a text and its label, or the texts of every label.
    model : a folder or a name; None: the Japanese encoder that comes with bunsan.
    label : how a label is put: as a text to compare, or as the answer of a decoder; "{label}" stands for it.
    prompt : for a decoder, what comes before the answer; "{text}" stands for the text.

    Raises
    ------
    BadInput : fewer than two labels, one twice, an example of another label, a label without example where others have
        some. Missing : the model is not here.
    """
    needs_models(en="Classification", ja="分類")
    names = [str(name) for name in labels]
    if len(set(names)) != len(names) or len(names) < 2:
        raise BadInput(
            tr("Two or more different labels are needed.", "異なるラベルが二つ以上必要です。"),
            remedy=tr("Give them as --labels A,B.", "--labels A,B のように指定してください。"),
        )
    shown = _examples(names, examples)
    source = model if model is not None else shipped_model("encoder")
    if source is None:
        raise Missing(
            tr(
                "This bunsan comes without an encoder.",
                "この bunsan にはエンコーダーが付属していません。",
            ),
            remedy=tr("Name a model: --model.", "--model でモデルを指定してください。"),
        )
    from bunsan.base.hub import local_folder
    from bunsan.models.open import writes_text

    folder = local_folder(source)
    if not (folder / "modules.json").is_file() and writes_text(folder):
        from bunsan.tasks.complete import open_generator
        from bunsan.tasks.labelling_models import ChosenLabels

        return ChosenLabels(
            open_generator(source, device=device),
            names,
            shown,
            label=label,
            prompt=prompt or _PROMPT,
        )
    from bunsan.tasks.encode import open_encoder
    from bunsan.tasks.labelling_models import NearestLabels

    encoder = open_encoder(source, device=device, threads=threads)
    return NearestLabels(encoder, names, shown, label=label)


def prototypes(
    groups: Sequence[NDArray[np.float32]],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What stands for every label: (n_c, d) unit vectors of its examples -> (C, d) unit vectors, and (d), their common
    part, which is to be taken from a text's vector before it is compared.

    One text a label has no common part that could be told from what the labels mean: it is left in.
    """
    means = np.stack([group.mean(0) for group in groups])
    shared = means.mean(0) if max(map(len, groups)) > 1 else np.zeros_like(means[0])
    return unit_rows(means - shared), shared


def nearness(
    vectors: NDArray[np.float32], centres: NDArray[np.float32], shared: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n, d) unit vectors of texts -> (n, C) cosines with the prototypes, less the shared part."""
    found: NDArray[np.float32] = unit_rows(vectors - shared) @ centres.T
    return found


def _examples(
    names: list[str], given: Sequence[tuple[str, str]] | Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    """Pairs of a text and a label, checked."""
    pairs = (
        [(text, name) for name, texts in given.items() for text in texts]
        if isinstance(given, Mapping)
        else [(str(text), str(name)) for text, name in given]
    )
    for row, (_, name) in enumerate(pairs, 1):
        if name not in names:
            raise BadInput(
                tr(
                    f"Example {row} has the label {name!r}, which is none of those given.",
                    f"例 {row} のラベル {name!r} は、指定したラベルにありません。",
                ),
                remedy=tr(f"Labels: {', '.join(names)}", f"ラベル: {'、'.join(names)}"),
            )
    lacking = sorted(set(names) - {name for _, name in pairs})
    if pairs and lacking:
        raise BadInput(
            tr(
                f"There is no example of {', '.join(lacking)}.",
                f"{'、'.join(lacking)} の例がありません。",
            ),
            remedy=tr(
                "Give one or more of every label.", "どのラベルにも一つ以上の例を用意してください。"
            ),
        )
    return pairs


def read_examples(
    source: Any, *, text: str | None = None, label: str | None = None
) -> list[tuple[str, str]]:
    """Texts and their labels from a table (a file, a pandas, polars or Arrow table, dicts).

    Raises
    ------
    BadInput : a column is missing, there is no row; file, row and remedy are named.
    """
    from bunsan.tasks.finetuning.answering import read_all
    from bunsan.tasks.finetuning.base import Options
    from bunsan.tasks.finetuning.classification import Classification

    task = Classification(Options(columns={"text": text, "label": label}))
    items = read_all(task, source, tr("Reading examples", "例を読み込み中"), truth=True)
    return [(item.texts[0], str(item.truth)) for item in items]
