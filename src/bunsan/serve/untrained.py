"""What is served where no model is named.

There are no shipped models yet, so small ones are made on the spot, with random weights: they show
that everything works, and write nonsense. `models_unasked` is the one place to change when there are.
"""

from pathlib import Path
from typing import Any

DECODER, ENCODER = "untrained-decoder", "untrained-encoder"
_POSITIONS = 512
_SENTENCES = [
    "朝の港に小さな船が戻り、市場では魚を並べる声がした。",
    "坂の上の図書館では、子どもたちが窓のそばで本を読んでいる。",
    "雨が上がると、畑の向こうに山の形がはっきり見えた。",
    "祖母は梅を干しながら、昔の祭りの話をしてくれた。",
    "最終の電車が出たあと、駅には静けさが残った。",
    "A baker opens the shop before the sun is up.",
    "The river is wide here, and the ferry is slow.",
    "She wrote the numbers down and counted them again.",
    "In winter the lighthouse keeper reads long letters.",
    "User: Hello. Assistant: Good morning, how can I help you?",
]


def models_unasked(place: Path) -> list[tuple[str, Path, bool]]:
    """Names and folders of the models that are served unasked, and whether each was trained.

    Parameters
    ----------
    place : an empty folder where models may be made.
    """
    return [
        (DECODER, make_decoder(place / DECODER), False),
        (ENCODER, make_encoder(place / ENCODER), False),
    ]


def make_decoder(folder: Path) -> Path:
    """A tiny GPT-2 with random weights and a byte-level tokenizer."""
    from bunsan.models.open import new_model
    from bunsan.text.subwords.training import train_tokenizer

    tokenizer = train_tokenizer(_SENTENCES * 4, "byte-bpe", 512, max_length=_POSITIONS)
    end = tokenizer.token_to_id("<|endoftext|>")
    changes: dict[str, Any] = {
        "n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": _POSITIONS,
        "bos_token_id": end, "eos_token_id": end,
        # Untrained logits are nearly flat: larger first values give each prompt its own answer.
        "initializer_range": 0.2,
    }  # fmt: skip
    new_model("gpt2", vocabulary=tokenizer.vocab_size, changes=changes).save(folder)
    tokenizer.save(folder)
    return folder


def make_encoder(folder: Path) -> Path:
    """A tiny BERT with random weights, whose vectors are means."""
    from bunsan.models.open import new_model
    from bunsan.text.subwords.training import train_tokenizer

    tokenizer = train_tokenizer(
        _SENTENCES * 4, "wordpiece", 512, min_frequency=1, max_length=_POSITIONS
    )
    changes = {
        "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 128, "max_position_embeddings": _POSITIONS,
    }  # fmt: skip
    new_model("bert-base", vocabulary=tokenizer.vocab_size, changes=changes).save(folder)
    tokenizer.save(folder)
    return folder
