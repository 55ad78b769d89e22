"""BART (Lewis et al. 2020, "BART: Denoising Sequence-to-Sequence Pre-training for Natural Language
Generation, Translation, and Comprehension") and mBART (Liu et al. 2020, "Multilingual Denoising
Pre-training for Neural Machine Translation"), which puts norms before branches.
"""

from dataclasses import replace

from torch import nn

from bunsan.models.checks import Part
from bunsan.models.encoder_decoder import EncoderDecoder, EncoderDecoderWithHead
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.models.text import TextModel
from bunsan.nn.config import StackConfig
from bunsan.nn.embeddings import TokenEmbeddings
from bunsan.nn.heads import PositionHead, VectorHead, WordScores
from bunsan.nn.table import FIRST, Row, Table, into, linear, per_block, row
from bunsan.nn.transformer import Stack

FIRST_POSITION = 2  # the tables of positions begin with two rows that none uses


def _architectures(name: str) -> dict[str, str]:
    return {
        "sequence-to-sequence": f"{name}ForConditionalGeneration",
        "base": f"{name}Model",
        "classification": f"{name}ForSequenceClassification",
        "spans": f"{name}ForQuestionAnswering",
    }


HEADS = {"bart": _architectures("Bart"), "mbart": _architectures("MBart")}


def stack_configs(s: Settings, pre_norm: bool) -> tuple[StackConfig, StackConfig]:
    """The encoder's stack and the decoder's."""
    encoder = StackConfig(
        width=s.size("d_model"),
        depth=s.size("encoder_layers"),
        heads=s.size("encoder_attention_heads"),
        inner=s.size("encoder_ffn_dim"),
        activation=s.activation("activation_function", "gelu"),
        norm_position="pre" if pre_norm else "post",
        dropout=s.rate("dropout", 0.1),
        attention_dropout=s.rate("attention_dropout", 0.0),
        inner_dropout=s.rate("activation_dropout", 0.0),
    )
    decoder = replace(
        encoder,
        depth=s.size("decoder_layers"),
        heads=s.size("decoder_attention_heads"),
        inner=s.size("decoder_ffn_dim"),
        causal=True,
        cross=True,
    )
    return encoder, decoder


def build(s: Settings, head: str) -> nn.Module:
    """The model with one of `HEADS`, its parameters not yet set."""
    pre_norm = s.get("model_type") == "mbart"
    s.demand(
        normalize_before=pre_norm,
        add_final_layer_norm=pre_norm,
        normalize_embedding=True,
        static_position_embeddings=False,
        add_bias_logits=False,
    )
    read, write = stack_configs(s, pre_norm)
    width, vocabulary = read.width, s.size("vocab_size")

    def embeddings() -> TokenEmbeddings:
        return TokenEmbeddings(
            vocabulary,
            width,
            positions=s.size("max_position_embeddings") + FIRST_POSITION,
            first_position=FIRST_POSITION,
            scale=width**0.5 if s.flag("scale_embedding", False) else 1.0,
            norm_eps=1e-5,
            dropout=read.dropout,
        )

    encoder = TextModel(embeddings(), Stack(read))
    decoder = TextModel(embeddings(), Stack(write))
    decoder.embeddings.tokens = encoder.embeddings.tokens
    if head == "base":
        return EncoderDecoder(encoder, decoder)
    if head == "sequence-to-sequence":
        own = not s.flag("tie_word_embeddings", True)
        scores = WordScores(width, vocabulary, own=own, bias="fixed")
        return EncoderDecoder(encoder, decoder, scores)
    if head == "classification":
        dropout = s.rate("classifier_dropout", 0.0)
        read_end: nn.Module = VectorHead(
            width,
            len(s.labels(default=3)),
            vector="end",
            hidden="tanh",
            dropout=dropout,
            dropout_before=dropout,
            end=s.index("eos_token_id", 2),
        )
    else:
        read_end = PositionHead(width, 2)
    # mBART begins with the token of the language, which is the last of the text.
    start = None if pre_norm else s.index("decoder_start_token_id", 2)
    return EncoderDecoderWithHead(EncoderDecoder(encoder, decoder), read_end, start)


def _attention(theirs: str, ours: str) -> list[Row]:
    names = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "out_proj": "output"}
    return [one for a, b in names.items() for one in linear(f"{theirs}.{a}", f"{ours}.{b}")]


def side_rows(side: str, depth: int, *, cross: bool) -> list[Row]:
    """The blocks of the encoder or the decoder, in the layout of the BART family."""
    theirs, ours = f"model.{side}.layers.{{}}", f"{side}.stack.blocks.{{}}"
    rows = [
        *_attention(f"{theirs}.self_attn", f"{ours}.self_attention"),
        *linear(f"{theirs}.self_attn_layer_norm", f"{ours}.self_attention_norm"),
        *linear(f"{theirs}.fc1", f"{ours}.feed_forward.up"),
        *linear(f"{theirs}.fc2", f"{ours}.feed_forward.down"),
        *linear(f"{theirs}.final_layer_norm", f"{ours}.feed_forward_norm"),
    ]
    if cross:
        rows += _attention(f"{theirs}.encoder_attn", f"{ours}.cross_attention")
        rows += linear(f"{theirs}.encoder_attn_layer_norm", f"{ours}.cross_attention_norm")
    return per_block(rows, depth)


def table(s: Settings, head: str) -> Table:
    """Which tensor of a published checkpoint is which parameter of `build(s, head)`."""
    rows = [row("model.shared.weight", "encoder.embeddings.tokens.weight")]
    for side in ("encoder", "decoder"):
        rows.append(
            row(f"model.{side}.embed_positions.weight", f"{side}.embeddings.positions.weight")
        )
        rows += linear(f"model.{side}.layernorm_embedding", f"{side}.embeddings.norm")
        rows += side_rows(side, s.size(f"{side}_layers"), cross=side == "decoder")
        if s.get("model_type") == "mbart":
            rows += linear(f"model.{side}.layer_norm", f"{side}.stack.norm")
    copies: dict[str, str | None] = {
        f"model.{side}.embed_tokens.weight": "model.shared.weight"
        for side in ("encoder", "decoder")
    }
    return finished(s, head, rows, copies)


def finished(s: Settings, head: str, rows: list[Row], copies: dict[str, str | None]) -> Table:
    """The table with a head on the two sides."""
    if head == "base":
        alone = [Row(one.theirs.removeprefix("model."), one.ours, one.form) for one in rows]
        bare = {
            name.removeprefix("model."): repeated and repeated.removeprefix("model.")
            for name, repeated in copies.items()
        }
        aliases = {f"model.{name}": name for name in [*(r.theirs for r in alone), *bare]}
        return Table(alone, bare, aliases)
    tied = s.flag("tie_word_embeddings", True)
    # Where nothing is tied, other libraries look for every table of tokens.
    repeats = [] if tied else [name for name in copies if name.endswith("embed_tokens.weight")]
    if head == "sequence-to-sequence":
        rows.append(row("final_logits_bias", "scores.bias", FIRST))
        if tied:
            copies["lm_head.weight"] = "model.shared.weight"
        else:
            rows.append(row("lm_head.weight", "scores.weight"))
    else:
        rows = into("backbone.", rows)
        if head == "classification":
            rows += linear("classification_head.dense", "head.dense")
            rows += linear("classification_head.out_proj", "head.output")
        else:
            rows += linear("qa_outputs", "head.output")
    names = [*(one.theirs for one in rows), *copies]
    aliases = {name.removeprefix("model."): name for name in names if name.startswith("model.")}
    return Table(rows, copies, aliases, repeats)


KEYS = {
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "width": "d_model",
    "outputs": "id2label",
}


def parts(s: Settings) -> list[Part]:
    """What dimensions are called in config.json."""
    return [
        Part(
            s, {**KEYS, "inner": f"{side}_ffn_dim"}, f"{side}.layers.{{}}.", f"{side}_layers", ours
        )
        for side in ("encoder", "decoder")
        for ours in (f"{side}.", f"backbone.{side}.")
    ] + [Part(s, KEYS, "encoder.layers.{}.", "encoder_layers")]


def _bart(
    width: int, depth: int, heads: int, vocabulary: int, kind: str = "bart", **others: object
) -> dict[str, object]:
    sides = {
        f"{side}_{key}": value
        for side in ("encoder", "decoder")
        for key, value in (
            ("layers", depth),
            ("attention_heads", heads),
            ("ffn_dim", 4 * width),
        )
    }
    return {
        "model_type": kind,
        "vocab_size": vocabulary,
        "d_model": width,
        **sides,
        "max_position_embeddings": 1024,
        "is_encoder_decoder": True,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "decoder_start_token_id": 2,
        **others,
    }


SIZES = {
    "bart-base": Size(_bart(768, 6, 12, 50265), 139_420_416),
    "bart-large": Size(_bart(1024, 12, 16, 50265), 406_291_456),
    "mbart-large": Size(_bart(1024, 12, 16, 250027, "mbart", scale_embedding=True), 610_851_840),
}
