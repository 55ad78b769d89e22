"""ELECTRA (Clark et al. 2020, "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than
Generators").

A BERT whose embeddings may be narrower than its states. The generator fills in masked words; the
discriminator tells which tokens the generator put there, and is the one that is used afterwards.
"""

from torch import nn

from bunsan.models.bert import (
    BERT_KEYS,
    buffers,
    embedding_rows,
    encoder_rows,
    older_names,
    stack_config,
    text_model,
)
from bunsan.models.checks import Part
from bunsan.models.settings import Settings
from bunsan.models.size import Size
from bunsan.models.text import ChoiceModel, TextModelWithHead
from bunsan.nn.heads import MaskedWords, PositionHead, ReplacedTokens, VectorHead
from bunsan.nn.table import Row, Table, into, linear, row, under

HEADS = {
    "electra": {
        "base": "ElectraModel",
        "replaced-tokens": "ElectraForPreTraining",
        "masked-words": "ElectraForMaskedLM",
        "classification": "ElectraForSequenceClassification",
        "labels": "ElectraForTokenClassification",
        "spans": "ElectraForQuestionAnswering",
        "choice": "ElectraForMultipleChoice",
    }
}


def build(s: Settings, head: str) -> nn.Module:
    """The model with one of `HEADS`, its parameters not yet set."""
    config = stack_config(s)
    width, narrow = config.width, s.size("embedding_size", config.width)
    model = text_model(s, config, pooled=False, width=narrow)
    dropout = s.rate("classifier_dropout", config.dropout)
    if head == "base":
        return model
    if head == "choice":
        s.demand(summary_type="first", summary_use_proj=True, summary_activation="gelu")
        last = s.rate("summary_last_dropout", 0.1)
        read = VectorHead(width, 1, vector="first", hidden="gelu", dropout=last)
        return ChoiceModel(model, read)
    heads: dict[str, nn.Module] = {
        "replaced-tokens": ReplacedTokens(width, config.activation),
        "masked-words": MaskedWords(
            width,
            narrow,
            s.size("vocab_size"),
            activation="gelu",
            norm_eps=config.norm_eps,
            own=not s.flag("tie_word_embeddings", True),
        ),
        "classification": VectorHead(
            width,
            len(s.labels()),
            vector="first",
            hidden="gelu",
            dropout=dropout,
            dropout_before=dropout,
        ),
        "labels": PositionHead(width, len(s.labels()), dropout),
        "spans": PositionHead(width, 2),
    }
    return TextModelWithHead(model, heads[head])


def _head_rows(head: str, own: bool) -> tuple[list[Row], dict[str, str | None]]:
    if head == "masked-words":
        rows = [
            *linear("generator_predictions.dense", "head.dense"),
            *linear("generator_predictions.LayerNorm", "head.norm"),
            row("generator_lm_head.bias", "head.scores.bias"),
        ]
        if own:
            return [*rows, row("generator_lm_head.weight", "head.scores.weight")], {}
        return rows, {"generator_lm_head.weight": "electra.embeddings.word_embeddings.weight"}
    theirs: dict[str, tuple[str | None, str]] = {
        "replaced-tokens": (
            "discriminator_predictions.dense",
            "discriminator_predictions.dense_prediction",
        ),
        "classification": ("classifier.dense", "classifier.out_proj"),
        "choice": ("sequence_summary.summary", "classifier"),
        "labels": (None, "classifier"),
        "spans": (None, "qa_outputs"),
    }
    dense, output = theirs[head]
    return [*(linear(dense, "head.dense") if dense else []), *linear(output, "head.output")], {}


def table(s: Settings, head: str) -> Table:
    """Which tensor of a published checkpoint is which parameter of `build(s, head)`."""
    rows = embedding_rows()
    if s.size("embedding_size", s.size("hidden_size")) != s.size("hidden_size"):
        rows += linear("embeddings_project", "embeddings.projection")
    rows += encoder_rows(s)
    if head == "base":
        return Table(rows, buffers("electra."), older_names(rows, "electra.", alone=True))
    head_rows, copies = _head_rows(head, own=not s.flag("tie_word_embeddings", True))
    rows = under("electra.", into("backbone.", rows)) + head_rows
    return Table(rows, buffers("electra.") | copies, older_names(rows, "electra.", alone=False))


def parts(s: Settings) -> list[Part]:
    """What dimensions are called in config.json."""
    keys = {**BERT_KEYS, "embedding": "embedding_size"}
    return [Part(s, keys, "encoder.layer.{}.", "num_hidden_layers")]


def _electra(
    width: int,
    depth: int,
    heads: int,
    narrow: int,
    vocabulary: int = 30522,
    inner: int | None = None,
) -> dict[str, object]:
    return {
        "model_type": "electra",
        "vocab_size": vocabulary,
        "embedding_size": narrow,
        "hidden_size": width,
        "num_hidden_layers": depth,
        "num_attention_heads": heads,
        "intermediate_size": inner or 4 * width,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
    }


SIZES = {
    "electra-small-discriminator": Size(_electra(256, 12, 4, 128), 13_483_008),
    "electra-base-discriminator": Size(_electra(768, 12, 12, 768), 108_891_648),
    "electra-large-discriminator": Size(_electra(1024, 24, 16, 1024), 334_092_288),
    "electra-small-generator": Size(_electra(256, 12, 4, 128), 13_483_008),
    "electra-base-generator": Size(_electra(256, 12, 4, 768), 33_511_168),
    "electra-large-generator": Size(_electra(256, 24, 4, 1024), 50_999_552),
}
