"""BERT (Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding"), RoBERTa (Liu et al. 2019, "RoBERTa: A Robustly Optimized BERT Pretraining Approach")
and DistilBERT (Sanh et al. 2019, "DistilBERT, a distilled version of BERT").

One encoder with three habits: RoBERTa counts positions over the tokens that are no padding, from the
row after the padding's; DistilBERT has neither segments nor a pooler. Their heads differ in layout.
"""

from collections.abc import Iterable

from torch import nn

from bunsan.models.checks import Part
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.models.text import ChoiceModel, TextModel, TextModelWithHead
from bunsan.nn.config import StackConfig
from bunsan.nn.embeddings import TokenEmbeddings
from bunsan.nn.heads import (
    FirstStatePooler,
    MaskedWords,
    NextSentence,
    PositionHead,
    Pretraining,
    VectorHead,
)
from bunsan.nn.table import Row, Table, into, linear, per_block, row, under
from bunsan.nn.transformer import Stack

ROBERTAS = ("roberta", "xlm-roberta", "camembert")
POOLED = ("base", "classification", "choice", "next-sentence", "pretraining")


def _architectures(name: str, pooled: bool, pairs: bool) -> dict[str, str]:
    found = {"base": f"{name}Model", "masked-words": f"{name}ForMaskedLM"}
    if pooled:
        found["states"] = f"{name}Model"  # without the pooler
    if pairs:
        found["next-sentence"] = f"{name}ForNextSentencePrediction"
        found["pretraining"] = f"{name}ForPreTraining"
    return found | {
        "classification": f"{name}ForSequenceClassification",
        "labels": f"{name}ForTokenClassification",
        "spans": f"{name}ForQuestionAnswering",
        "choice": f"{name}ForMultipleChoice",
    }


HEADS = {
    "bert": _architectures("Bert", pooled=True, pairs=True),
    "roberta": _architectures("Roberta", pooled=True, pairs=False),
    "xlm-roberta": _architectures("XLMRoberta", pooled=True, pairs=False),
    "camembert": _architectures("Camembert", pooled=True, pairs=False),
    "distilbert": _architectures("DistilBert", pooled=False, pairs=False),
}


def family(settings: Settings) -> str:
    """Which of the three layouts a config.json means."""
    kind = str(settings.get("model_type", "bert"))
    return "roberta" if kind in ROBERTAS else kind


def stack_config(s: Settings) -> StackConfig:
    """The stack of a BERT, RoBERTa or ELECTRA."""
    s.demand(
        position_embedding_type="absolute",
        is_decoder=False,
        add_cross_attention=False,
        pruned_heads={},
    )
    return StackConfig(
        width=s.size("hidden_size"),
        depth=s.size("num_hidden_layers"),
        heads=s.size("num_attention_heads"),
        inner=s.size("intermediate_size"),
        activation=s.activation("hidden_act", "gelu"),
        norm_position="post",
        norm_eps=s.number("layer_norm_eps", 1e-12),
        dropout=s.rate("hidden_dropout_prob", 0.1),
        attention_dropout=s.rate("attention_probs_dropout_prob", 0.1),
    )


def distil_config(s: Settings) -> StackConfig:
    """The stack of a DistilBERT.

    In training its attention is followed by a dropout as BERT's is; the published code has none there.
    """
    s.demand(pruned_heads={})
    return StackConfig(
        width=s.size("dim"),
        depth=s.size("n_layers"),
        heads=s.size("n_heads"),
        inner=s.size("hidden_dim"),
        activation=s.activation("activation", "gelu"),
        norm_position="post",
        norm_eps=1e-12,
        dropout=s.rate("dropout", 0.1),
        attention_dropout=s.rate("attention_dropout", 0.1),
    )


def text_model(
    s: Settings, config: StackConfig, *, pooled: bool, width: int | None = None
) -> TextModel:
    """Embeddings, stack and pooler; `width` of the embeddings where it is not the stack's."""
    kind = family(s)
    first = 0
    if kind == "roberta":
        # Padding has the row of its own id, and the first token the one after it.
        first = s.index("position_offset", s.index("pad_token_id", 1) + 1)
    embeddings = TokenEmbeddings(
        s.size("vocab_size"),
        width or config.width,
        positions=s.size("max_position_embeddings"),
        first_position=first,
        types=None if kind == "distilbert" else s.size("type_vocab_size", 2),
        norm_eps=config.norm_eps,
        output_width=config.width,
        dropout=config.dropout,
    )
    pooler = FirstStatePooler(config.width) if pooled else None
    return TextModel(
        embeddings,
        Stack(config),
        pooler,
        places_from_mask=kind == "roberta" and "position_offset" not in s,
    )


def build(s: Settings, head: str) -> nn.Module:
    """The model with one of `HEADS`, its parameters not yet set."""
    kind = family(s)
    config = distil_config(s) if kind == "distilbert" else stack_config(s)
    pooled = head in POOLED and kind != "distilbert"
    if kind == "roberta" and head == "classification":
        pooled = False
    model = text_model(s, config, pooled=pooled)
    if head in ("base", "states"):
        return model
    if head == "choice":
        return ChoiceModel(model, _vector_head(s, config, 1, choice=True))
    return TextModelWithHead(model, _head(s, config, head))


def _head(s: Settings, config: StackConfig, head: str) -> nn.Module:
    kind, width, dropout = family(s), config.width, _head_dropout(s)
    if head == "classification":
        return _vector_head(s, config, len(s.labels()))
    if head == "labels":
        return PositionHead(width, len(s.labels()), dropout)
    if head == "spans":
        return PositionHead(width, 2, s.rate("qa_dropout", 0.1) if kind == "distilbert" else 0.0)
    if head == "next-sentence":
        return NextSentence(width)
    words = MaskedWords(
        width,
        width,
        s.size("vocab_size"),
        activation="gelu" if kind == "roberta" else config.activation,
        norm_eps=config.norm_eps,
        own=not s.flag("tie_word_embeddings", True),
    )
    return Pretraining(words, width) if head == "pretraining" else words


def _vector_head(
    s: Settings, config: StackConfig, outputs: int, choice: bool = False
) -> VectorHead:
    kind, width, dropout = family(s), config.width, _head_dropout(s)
    if kind == "distilbert":
        dropout = s.rate("seq_classif_dropout", 0.2)
        return VectorHead(width, outputs, vector="first", hidden="relu", dropout=dropout)
    if kind == "roberta" and not choice:
        return VectorHead(
            width, outputs, vector="first", hidden="tanh", dropout=dropout, dropout_before=dropout
        )
    return VectorHead(width, outputs, vector="pooled", dropout=dropout)


def _head_dropout(s: Settings) -> float:
    usual = "dropout" if family(s) == "distilbert" else "hidden_dropout_prob"
    return s.rate("classifier_dropout", s.rate(usual, 0.1))


def embedding_rows(types: bool = True) -> list[Row]:
    """The embeddings of the BERT layout."""
    theirs = "embeddings"
    rows = [
        row(f"{theirs}.word_embeddings.weight", "embeddings.tokens.weight"),
        row(f"{theirs}.position_embeddings.weight", "embeddings.positions.weight"),
    ]
    if types:
        rows.append(row(f"{theirs}.token_type_embeddings.weight", "embeddings.types.weight"))
    return rows + linear(f"{theirs}.LayerNorm", "embeddings.norm")


def encoder_rows(s: Settings) -> list[Row]:
    """The encoder of the BERT layout, without embeddings and pooler."""
    theirs, ours = "encoder.layer.{}", "stack.blocks.{}"
    rows = [
        *linear(f"{theirs}.attention.self.query", f"{ours}.self_attention.query"),
        *linear(f"{theirs}.attention.self.key", f"{ours}.self_attention.key"),
        *linear(f"{theirs}.attention.self.value", f"{ours}.self_attention.value"),
        *linear(f"{theirs}.attention.output.dense", f"{ours}.self_attention.output"),
        *linear(f"{theirs}.attention.output.LayerNorm", f"{ours}.self_attention_norm"),
        *linear(f"{theirs}.intermediate.dense", f"{ours}.feed_forward.up"),
        *linear(f"{theirs}.output.dense", f"{ours}.feed_forward.down"),
        *linear(f"{theirs}.output.LayerNorm", f"{ours}.feed_forward_norm"),
    ]
    return per_block(rows, s.size("num_hidden_layers"))


def _distil_rows(s: Settings) -> list[Row]:
    theirs, ours = "transformer.layer.{}", "stack.blocks.{}"
    rows = [
        *linear(f"{theirs}.attention.q_lin", f"{ours}.self_attention.query"),
        *linear(f"{theirs}.attention.k_lin", f"{ours}.self_attention.key"),
        *linear(f"{theirs}.attention.v_lin", f"{ours}.self_attention.value"),
        *linear(f"{theirs}.attention.out_lin", f"{ours}.self_attention.output"),
        *linear(f"{theirs}.sa_layer_norm", f"{ours}.self_attention_norm"),
        *linear(f"{theirs}.ffn.lin1", f"{ours}.feed_forward.up"),
        *linear(f"{theirs}.ffn.lin2", f"{ours}.feed_forward.down"),
        *linear(f"{theirs}.output_layer_norm", f"{ours}.feed_forward_norm"),
    ]
    return embedding_rows(types=False) + per_block(rows, s.size("n_layers"))


def backbone_rows(s: Settings, *, pooled: bool) -> list[Row]:
    """The whole text model, in the names it has when it stands alone."""
    if family(s) == "distilbert":
        return _distil_rows(s)
    rows = embedding_rows() + encoder_rows(s)
    return rows + linear("pooler.dense", "pooler.dense") if pooled else rows


def _head_rows(s: Settings, head: str) -> tuple[list[Row], dict[str, str | None]]:
    """Rows of a head, and the names of theirs that repeat others."""
    kind = family(s)
    if head in ("masked-words", "pretraining"):
        return _word_rows(s, head)
    if head == "next-sentence":
        return linear("cls.seq_relationship", "head.output"), {}
    if head == "spans":
        return linear("qa_outputs", "head.output"), {}
    if head in ("classification", "choice") and kind == "distilbert":
        return linear("pre_classifier", "head.dense") + linear("classifier", "head.output"), {}
    if head == "classification" and kind == "roberta":
        rows = linear("classifier.dense", "head.dense")
        return rows + linear("classifier.out_proj", "head.output"), {}
    return linear("classifier", "head.output"), {}


def _word_rows(s: Settings, head: str) -> tuple[list[Row], dict[str, str | None]]:
    kind = family(s)
    prefix = PREFIXES[kind]
    own = not s.flag("tie_word_embeddings", True)
    ours = "head.words" if head == "pretraining" else "head"
    dense, norm, bias, decoder = {
        "bert": (
            "cls.predictions.transform.dense",
            "cls.predictions.transform.LayerNorm",
            "cls.predictions.bias",
            "cls.predictions.decoder",
        ),
        "roberta": ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias", "lm_head.decoder"),
        "distilbert": (
            "vocab_transform",
            "vocab_layer_norm",
            "vocab_projector.bias",
            "vocab_projector",
        ),
    }[kind]
    rows = [
        *linear(dense, f"{ours}.dense"),
        *linear(norm, f"{ours}.norm"),
        row(bias, f"{ours}.scores.bias"),
    ]
    copies: dict[str, str | None] = {}
    if own:
        rows.append(row(f"{decoder}.weight", f"{ours}.scores.weight"))
    else:
        copies[f"{decoder}.weight"] = f"{prefix}embeddings.word_embeddings.weight"
    if bias != f"{decoder}.bias":
        copies[f"{decoder}.bias"] = bias
    if head == "pretraining":
        rows += linear("cls.seq_relationship", "head.pair")
    return rows, copies


PREFIXES = {"bert": "bert.", "roberta": "roberta.", "distilbert": "distilbert."}


def older_gammas(rows: Iterable[Row]) -> dict[str, str]:
    """Names that the parameters of norms have in files of before 2020."""
    found: dict[str, str] = {}
    for one in rows:
        older = one.theirs.replace("LayerNorm.weight", "LayerNorm.gamma")
        older = older.replace("LayerNorm.bias", "LayerNorm.beta")
        if older != one.theirs:
            found[older] = one.theirs
    return found


def older_names(rows: Iterable[Row], prefix: str, alone: bool) -> dict[str, str]:
    """Names that older files have, each with the backbone's prefix and without it."""
    made = list(rows)
    found = older_gammas(made)
    for name, now in [*((one.theirs, one.theirs) for one in made), *found.items()]:
        if alone:
            found[prefix + name] = now
        elif name.startswith(prefix):
            found[name.removeprefix(prefix)] = now
    return found


def buffers(prefix: str) -> dict[str, str | None]:
    """Constant tensors that older files hold."""
    names = ("embeddings.position_ids", "embeddings.token_type_ids")
    return {f"{before}{name}": None for before in ("", prefix) for name in names}


def table(s: Settings, head: str) -> Table:
    """Which tensor of a published checkpoint is which parameter of `build(s, head)`."""
    kind = family(s)
    prefix = PREFIXES[kind]
    pooled = head in POOLED and not (kind == "roberta" and head == "classification")
    rows = backbone_rows(s, pooled=pooled)
    if head in ("base", "states"):
        return Table(rows, buffers(prefix), older_names(rows, prefix, alone=True))
    head_rows, copies = _head_rows(s, head)
    rows = under(prefix, into("backbone.", rows)) + head_rows
    return Table(rows, buffers(prefix) | copies, older_names(rows, prefix, alone=False))


BERT_KEYS = {
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "types": "type_vocab_size",
    "width": "hidden_size",
    "inner": "intermediate_size",
    "outputs": "id2label",
}
DISTIL_KEYS = {
    "vocabulary": "vocab_size",
    "positions": "max_position_embeddings",
    "width": "dim",
    "inner": "hidden_dim",
    "outputs": "id2label",
}


def parts(s: Settings) -> list[Part]:
    """What dimensions are called in config.json."""
    if family(s) == "distilbert":
        return [Part(s, DISTIL_KEYS, "transformer.layer.{}.", "n_layers")]
    return [Part(s, BERT_KEYS, "encoder.layer.{}.", "num_hidden_layers")]


def _bert(width: int, depth: int, heads: int, vocabulary: int, **others: int) -> dict[str, object]:
    return {
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": depth,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        **others,
    }


def _roberta(
    width: int, depth: int, heads: int, vocabulary: int, positions: int = 514
) -> dict[str, object]:
    return _bert(width, depth, heads, vocabulary) | {
        "model_type": "roberta",
        "max_position_embeddings": positions,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
        "pad_token_id": 1,
    }


def _distil(vocabulary: int) -> dict[str, object]:
    return {
        "model_type": "distilbert",
        "vocab_size": vocabulary,
        "dim": 768,
        "n_layers": 6,
        "n_heads": 12,
        "hidden_dim": 3072,
        "max_position_embeddings": 512,
    }


SIZES = {
    "bert-base": Size(_bert(768, 12, 12, 30522), 109_482_240),
    "bert-large": Size(_bert(1024, 24, 16, 30522), 335_141_888),
    "bert-base-japanese": Size(_bert(768, 12, 12, 32000), 110_617_344),
    "bert-base-japanese-v2": Size(_bert(768, 12, 12, 32768), 111_207_168),
    "bert-base-japanese-char": Size(_bert(768, 12, 12, 4000), 89_113_344),
    "bert-large-japanese": Size(_bert(1024, 24, 16, 32768), 337_441_792),
    "minilm-l6": Size(_bert(384, 6, 12, 30522), 22_713_216),
    "roberta-base": Size(_roberta(768, 12, 12, 50265), 124_645_632),
    "roberta-large": Size(_roberta(1024, 24, 16, 50265), 355_359_744),
    "roberta-base-japanese": Size(_roberta(768, 12, 12, 32000), 110_618_112),
    "distilbert-base": Size(_distil(30522), 66_362_880),
    "distilbert-base-japanese": Size(_distil(32000), 67_497_984),
}
