"""Models that give labels without training: an encoder by nearness, a decoder by what follows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bunsan.base.progress import Progress
from bunsan.tasks.complete import TextGenerator
from bunsan.tasks.finetuning.answering import Answering
from bunsan.tasks.finetuning.base import Item, Options, Prediction
from bunsan.tasks.finetuning.classification import Classification
from bunsan.tasks.finetuning.softmax import softmax
from bunsan.tasks.labelling import TEMPERATURE, nearness, prototypes

if TYPE_CHECKING:
    from bunsan.models.encoding.encoder import Encoder


class _Told(Answering):
    """One of the labels that it was told, for every text."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.names = list(labels)
        self.task = Classification(Options())
        self.task.restore({"labels": self.names})

    def _predicted(self, shares: Sequence[float]) -> Prediction:
        best = self.names[int(np.argmax(shares))]
        named = dict(zip(self.names, map(float, shares), strict=True))
        return Prediction(best, named[best], named)


class NearestLabels(_Told):
    """The label whose prototype lies nearest. Made by `open_labeller`."""

    def __init__(
        self,
        encoder: "Encoder",
        labels: Sequence[str],
        examples: Sequence[tuple[str, str]],
        *,
        label: str,
    ) -> None:
        super().__init__(labels)
        self.encoder = encoder
        texts = [text for text, _ in examples] or [label.replace("{label}", n) for n in labels]
        of = [name for _, name in examples] or self.names
        vectors = encoder.encode(texts, normalize=True)
        groups = [vectors[[i for i, o in enumerate(of) if o == name]] for name in self.names]
        self.centres, self.shared = prototypes(groups)

    def answers(self, items: Sequence[Item], bar: Progress | None = None) -> list[Prediction]:
        """See `Answering`; probabilities are a softmax over cosines, and no calibrated ones."""
        if not items:
            return []
        vectors = self.encoder.encode([item.texts[0] for item in items], normalize=True)
        shares = softmax(nearness(vectors, self.centres, self.shared) / TEMPERATURE)
        if bar is not None:
            bar.advance(len(items))
        return [self._predicted(row) for row in shares.tolist()]


class ChosenLabels(_Told):
    """The label that most probably follows. Made by `open_labeller`."""

    def __init__(
        self,
        generator: TextGenerator,
        labels: Sequence[str],
        examples: Sequence[tuple[str, str]],
        *,
        label: str,
        prompt: str,
    ) -> None:
        super().__init__(labels)
        self.generator, self.prompt = generator, prompt
        self._answers = [label.replace("{label}", name) for name in self.names]
        put = dict(zip(self.names, self._answers, strict=True))
        shown = [f"{prompt.replace('{text}', text)}{put[name]}\n" for text, name in examples]
        self.before = "".join(shown)

    def answers(self, items: Sequence[Item], bar: Progress | None = None) -> list[Prediction]:
        """See `Answering`."""
        prompts = [self.before + self.prompt.replace("{text}", item.texts[0]) for item in items]
        found = []
        for choice in self.generator.choose_all(prompts, self._answers):
            share = {answer.answer: answer.probability for answer in choice.answers}
            found.append(self._predicted([share[answer] for answer in self._answers]))
        return found
