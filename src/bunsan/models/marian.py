"""The Transformer (Vaswani et al. 2017, "Attention Is All You Need") as translation models are published
(Junczys-Dowmunt et al. 2018, "Marian: Fast Neural Machine Translation in C++").

Norms come after residuals, positions are sinusoids, tokens' vectors are scaled by the root of the
width, and the output layer is the table of tokens.
"""

from torch import nn

from bunsan.models.bart import KEYS, finished, side_rows, stack_configs
from bunsan.models.checks import Part
from bunsan.models.encoder_decoder import EncoderDecoder
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.models.text import TextModel
from bunsan.nn.embeddings import TokenEmbeddings
from bunsan.nn.heads import WordScores
from bunsan.nn.table import Table, row
from bunsan.nn.transformer import Stack

HEADS = {"marian": {"sequence-to-sequence": "MarianMTModel", "base": "MarianModel"}}


def build(s: Settings, head: str) -> nn.Module:
    """The model with one of `HEADS`, its parameters not yet set."""
    s.demand(
        normalize_before=False,
        add_final_layer_norm=False,
        normalize_embedding=False,
        static_position_embeddings=True,
        add_bias_logits=False,
    )
    read, write = stack_configs(s, pre_norm=False)
    vocabulary = s.size("vocab_size")
    target = vocabulary if _shared(s) else s.size("decoder_vocab_size", vocabulary)

    def embeddings(words: int) -> TokenEmbeddings:
        return TokenEmbeddings(
            words,
            read.width,
            positions=s.size("max_position_embeddings"),
            fixed_positions=True,
            scale=read.width**0.5 if s.flag("scale_embedding", False) else 1.0,
            dropout=read.dropout,
        )

    encoder = TextModel(embeddings(vocabulary), Stack(read))
    decoder = TextModel(embeddings(target), Stack(write))
    if _shared(s):
        decoder.embeddings.tokens = encoder.embeddings.tokens
    if head == "base":
        return EncoderDecoder(encoder, decoder)
    own = not s.flag("tie_word_embeddings", True)
    return EncoderDecoder(encoder, decoder, WordScores(read.width, target, own=own, bias="fixed"))


def _shared(s: Settings) -> bool:
    return s.flag("share_encoder_decoder_embeddings", True)


def table(s: Settings, head: str) -> Table:
    """Which tensor of a published checkpoint is which parameter of `build(s, head)`."""
    sides = ("encoder", "decoder")
    copies: dict[str, str | None] = {f"model.{side}.embed_positions.weight": None for side in sides}
    if _shared(s):
        rows = [row("model.shared.weight", "encoder.embeddings.tokens.weight")]
        copies |= {f"model.{side}.embed_tokens.weight": "model.shared.weight" for side in sides}
    else:
        rows = [
            row(f"model.{side}.embed_tokens.weight", f"{side}.embeddings.tokens.weight")
            for side in sides
        ]
    for side in sides:
        rows += side_rows(side, s.size(f"{side}_layers"), cross=side == "decoder")
    done = finished(s, head, rows, copies)
    if not _shared(s) and "lm_head.weight" in done.copies:
        done.copies["lm_head.weight"] = "model.decoder.embed_tokens.weight"
    return done


def parts(s: Settings) -> list[Part]:
    """What dimensions are called in config.json."""
    keys = {name: key for name, key in KEYS.items() if name != "positions"}
    target = keys if _shared(s) else {**keys, "vocabulary": "decoder_vocab_size"}
    return [
        Part(
            s,
            {**keys, "inner": "encoder_ffn_dim"},
            "encoder.layers.{}.",
            "encoder_layers",
            "encoder.",
        ),
        Part(s, {**target, "inner": "decoder_ffn_dim"}, "decoder.layers.{}.", "decoder_layers"),
    ]


def _marian(vocabulary: int, width: int, inner: int, heads: int) -> dict[str, object]:
    sides = {
        f"{side}_{key}": value
        for side in ("encoder", "decoder")
        for key, value in (("layers", 6), ("attention_heads", heads), ("ffn_dim", inner))
    }
    return {
        "model_type": "marian",
        "vocab_size": vocabulary,
        "d_model": width,
        **sides,
        "activation_function": "relu",
        "max_position_embeddings": 512,
        "scale_embedding": True,
        "is_encoder_decoder": True,
        "pad_token_id": vocabulary - 1,
        "eos_token_id": 0,
        "decoder_start_token_id": vocabulary - 1,
    }


SIZES = {
    # Table 3 of the paper gives 65 and 213 million, with a vocabulary of some 37,000.
    "transformer-base": Size(_marian(37000, 512, 2048, 8), 63_082_496, "sequence-to-sequence"),
    "transformer-big": Size(_marian(37000, 1024, 4096, 16), 214_245_376, "sequence-to-sequence"),
}
