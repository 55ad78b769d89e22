"""What a model puts in the place of a masked word (Devlin et al. 2019, §3.1)."""

from dataclasses import dataclass
from pathlib import Path

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.optional import needs_models

MASK = "[MASK]"  # what people type, whatever the model's own token is


@dataclass(frozen=True)
class Guesses:
    """The likeliest pieces for one masked place, (piece, probability), likeliest first."""

    guesses: tuple[tuple[str, float], ...]


class MaskedWords:
    """A model with a head that guesses masked words, or the generator beside an ELECTRA that has one.

    Raises
    ------
    Missing : the extra `models` is not installed, or the model is not here.
    BadInput : its file has no such head, or its tokenizer no mask.
    """

    def __init__(self, model: str | Path) -> None:
        needs_models(en="Guessing words", ja="語の推測")
        from bunsan.base.hub import local_folder
        from bunsan.models.open import open_model
        from bunsan.text.subwords.opening import open_tokenizer

        folder = local_folder(model)
        # ELECTRA's discriminator guesses nothing; the generator that was trained with it does.
        generator = folder / "generator"
        guessing = generator if (generator / "config.json").is_file() else folder
        self.opened = open_model(guessing, head="masked-words")
        self.tokenizer = open_tokenizer(folder)
        if self.tokenizer.mask_id is None:
            raise BadInput(
                tr("The tokenizer has no mask.", "トークナイザーにマスクがありません。"),
                file=folder,
            )

    def guess(self, text: str, *, k: int = 10) -> list[Guesses]:
        """For every `[MASK]` of a text the k likeliest pieces.

        Raises
        ------
        BadInput : nothing is masked.
        """
        import torch

        mask = self.tokenizer.mask_id
        assert mask is not None
        own = text.replace(MASK, self.tokenizer.id_to_token(mask))
        ids = torch.from_numpy(
            self.tokenizer.encode(own, max_length=self.tokenizer.max_length).ids
        ).long()
        places = torch.nonzero(ids == mask).ravel()
        if not len(places):
            raise BadInput(
                tr("Nothing is masked.", "マスクされた語がありません。"),
                remedy=tr(f"Write {MASK} for a word.", f"語の代わりに {MASK} と書いてください。"),
            )
        with torch.inference_mode():
            logits = self.opened.module(ids[None]).logits[0, places].float()
        best = logits.softmax(-1).topk(min(k, logits.shape[-1]), dim=-1)
        return [
            Guesses(
                tuple(
                    (self.tokenizer.id_to_token(i), p)
                    for i, p in zip(some, probabilities, strict=True)
                )
            )
            for some, probabilities in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
