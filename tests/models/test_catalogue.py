"""The catalogue of published models: complete, consistent with itself and with what bunsan opens."""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import bunsan.models.catalogue as module
from bunsan.base.hub import CachedModel
from bunsan.base.language import use_language
from bunsan.models.catalogue import TASKS, CatalogueModel, catalogue, look_up, opened_types, search
from bunsan.tasks.models import describe_model, list_models

FILE = Path(module.__file__).with_name("catalogue.toml")
FIELDS = {
    *("name", "on_hub", "where", "called", "family", "type", "size", "layers", "decoder_layers"),
    *("width", "heads", "vocabulary", "length", "tokenizer", "needs", "does", "licence", "by"),
    *("corpus", "note", "verified"),
}


def published() -> list[CatalogueModel]:
    """All but those that come with bunsan."""
    return [model for model in catalogue() if model.by != "bunsan"]


def test_every_model_of_the_survey_is_there() -> None:
    """How many checkpoints each group published, counted by hand in the survey of 2022."""
    counts = Counter((model.by, model.family) for model in published())
    assert counts == {
        ("Tohoku University, Inui lab", "BERT"): 8,
        ("Kyoto University, Kurohashi lab", "BERT"): 2,
        ("NICT", "BERT"): 1,
        ("University of Tokyo, Izumi lab", "BERT"): 1,
        ("NINJAL, Works Tokushima", "BERT"): 1,
        ("Bandai Namco Research", "DistilBERT"): 1,
        ("rinna", "RoBERTa"): 1,
        ("Waseda University, Kawahara lab", "RoBERTa"): 3,
        ("Informatix", "RoBERTa"): 1,
        ("Cinnamon", "ELECTRA"): 2,
        ("Megagon Labs (Recruit)", "ELECTRA"): 1,
        ("University of Tokyo, Izumi lab", "ELECTRA"): 2,
        ("rinna", "GPT-2"): 4,
        ("Waseda University, Kawahara lab", "GPT-2"): 1,
        ("Kyoto University", "BART"): 2,
        ("Megagon Labs", "T5"): 2,
        ("NTT Communication Science Laboratories", "Transformer"): 1,
        ("rinna", "CLIP"): 1,
        ("rinna", "CLOOB"): 1,
    }


def test_the_file_says_nothing_that_is_not_read() -> None:
    with FILE.open("rb") as file:
        entries = tomllib.load(file)["model"]
    names = [entry["name"].lower() for entry in entries]
    assert len(names) == len(set(names))
    for entry in entries:
        assert entry.keys() <= FIELDS, entry["name"]
        assert set(entry["verified"]) <= entry.keys() - {"verified"}, entry["name"]
        assert set(entry["does"]) <= TASKS.keys()
        assert set(entry["needs"]) <= {"mecab", "jumanpp", "spaces"}
        for field in ("called", "by", "corpus", "where", "note"):
            pair = entry.get(field, ["", ""])
            assert len(pair) == 2, (entry["name"], field)
        # On the hub by owner/name, or with a way to get it.
        assert ("/" in entry["name"]) == entry.get("on_hub", True) == ("where" not in entry)
        for word in ("mecab", "juman "):
            if entry.get("tokenizer", "").startswith(word):
                assert entry["needs"], entry["name"]
        if "width" in entry and "heads" in entry:
            assert entry["width"] % entry["heads"] == 0


def test_nothing_from_memory_passes_for_checked() -> None:
    """Names that the survey marks as from memory, licences, and what only config.json can tell."""
    from_memory = re.compile(
        "^(izumi-lab|bandainamco|rinna/japanese-(rob|gpt)|Cinn|megagon|ku-nlp)"
    )
    for model in published():
        assert model.licence is None or "licence" in model.unverified
        assert {"layers", "width", "heads"} & model.unverified
        if from_memory.match(model.name):
            assert "name" in model.unverified, model.name
    assert sum("name" not in model.unverified for model in catalogue()) > 10


def test_types_that_open_are_those_of_the_opening_file() -> None:
    from bunsan.models.open import FAMILIES

    assert opened_types() == {*FAMILIES, "word-vectors"}
    assert {"bert", "roberta"} <= opened_types()
    assert look_up("ntt-japanese-dialog-transformers").opens is False  # type: ignore[union-attr]


def test_looking_up() -> None:
    full = "cl-tohoku/bert-base-japanese-v2"
    for name in (full, full.upper(), "bert-base-japanese-v2"):
        found = look_up(name)
        assert found is not None
        assert found.name == full
    assert look_up("bert-base-japanese-v") is None
    assert look_up("") is None


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["東北大", "LARGE", "char"], ["cl-tohoku/bert-large-japanese-char"]),
        (["早大", "gpt"], ["nlp-waseda/gpt2-small-japanese"]),
        (["Twitter"], ["ntt-japanese-dialog-transformers"]),
        (["対話の応答"], ["ntt-japanese-dialog-transformers"]),
        (["no such thing"], []),
    ],
)
def test_searching(words: list[str], names: list[str]) -> None:
    assert [model.name for model in search(words)] == names


def test_the_reader_chooses_the_language() -> None:
    try:
        use_language("ja")
        assert look_up("kyoto-bert-base").by == "京都大学 黒橋研究室"  # type: ignore[union-attr]
        use_language("en")
        assert look_up("kyoto-bert-base").called == "Kyoto BERT"  # type: ignore[union-attr]
    finally:
        use_language(None)


def test_tables() -> None:
    everything = list_models()
    assert len(everything) == len(catalogue())
    electra = list_models(task="detect", family="electra")
    assert len(electra) == 4
    assert {row["family"] for row in electra} == {"ELECTRA"}


def test_a_folder_tells_its_own_facts(tmp_path: Path) -> None:
    """RoBERTa keeps two positions for itself: 514 in its configuration are 512 tokens."""
    (tmp_path / "config.json").write_text(
        '{"model_type": "roberta", "num_hidden_layers": 3, "hidden_size": 48,'
        ' "num_attention_heads": 4, "vocab_size": 99, "max_position_embeddings": 514}'
    )
    card = describe_model(tmp_path)
    assert card.facts == {
        "type": "roberta",
        "layers": 3,
        "width": 48,
        "heads": 4,
        "vocabulary": 99,
        "length": 512,
    }
    assert card.opens
    assert not card.unverified
    assert isinstance(card.here, CachedModel)


def test_reading_the_catalogue_is_light() -> None:
    code = (
        "import sys; from bunsan.tasks.models import list_models; list_models();"
        "print(sorted({'torch', 'transformers', 'tokenizers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_the_library_of_the_hub() -> None:
    """The catalogue can be read; what is on this machine cannot be told, and that is said."""
    code = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "from bunsan.tasks.models import list_models\n"
        "from bunsan.base.errors import Missing\n"
        "print(len(list_models()))\n"
        "try: list_models(local=True)\n"
        "except Missing as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("37\n")
    assert "bunsan[models]" in done.stdout
