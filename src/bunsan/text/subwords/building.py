"""Tokenizers of the Rust library from vocabulary files that came without a tokenizer.json."""

from pathlib import Path

from tokenizers import Tokenizer as RustTokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.subwords.settings import Settings
from bunsan.text.subwords.template import FIRST, SECOND, Template
from bunsan.text.subwords.vocab_files import read_merges, read_vocab_json, read_vocab_txt


def from_tokenizer_json(path: Path) -> RustTokenizer:
    """A tokenizer.json.

    Raises
    ------
    BadInput : the library does not understand it; its message has line and column.
    """
    try:
        return RustTokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing more exact
        raise BadInput(
            tr(
                f"is no tokenizer that can be opened ({error}).",
                f"トークナイザーとして開けません({error})。",
            ),
            file=path,
            remedy=tr(
                "Fetch the file again, or upgrade the package tokenizers.",
                "ファイルを取り直すか、パッケージ tokenizers を更新してください。",
            ),
        ) from error


def bert(path: Path, settings: Settings) -> RustTokenizer:
    """vocab.txt as BERT reads it: text cleaned, cut at spaces and punctuation, WordPiece."""
    tokenizer = _wordpiece(path, settings)
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=bool(settings.get("clean_text", True)),
        handle_chinese_chars=bool(settings.get("tokenize_chinese_chars", True)),
        strip_accents=settings.get("strip_accents"),
        lowercase=bool(settings.get("do_lower_case", True)),
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def segmented(path: Path, settings: Settings) -> RustTokenizer:
    """vocab.txt for text that is cut into words by spaces already; nothing else is done to it."""
    tokenizer = _wordpiece(path, settings)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def _wordpiece(path: Path, settings: Settings) -> RustTokenizer:
    vocabulary = read_vocab_txt(path)
    unknown = settings.roles("bert").get("unk", "[UNK]")
    tokenizer = RustTokenizer(
        models.WordPiece(vocabulary, unk_token=unknown, max_input_chars_per_word=100)
    )
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    return tokenizer


def bpe(vocab: Path, merges: Path, settings: Settings) -> RustTokenizer:
    """vocab.json and merges.txt: of bytes (GPT-2, RoBERTa, BART) or of characters (GPT).

    Raises
    ------
    BadInput : a merge makes or takes a piece that the vocabulary lacks.
    """
    vocabulary = read_vocab_json(vocab)
    pairs = read_merges(merges)
    if _of_bytes(vocabulary):
        tokenizer = RustTokenizer(_bpe_model(vocabulary, pairs, merges))
        prefix = bool(settings.get("add_prefix_space", False))
        trim = settings.family != "gpt2"
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
            add_prefix_space=prefix, trim_offsets=trim
        )
        tokenizer.decoder = decoders.ByteLevel()
        return tokenizer
    unknown = settings.roles().get("unk", "<unk>")
    end = "</w>" if any(token.endswith("</w>") for token in vocabulary) else None
    going_on = "@@" if not end and any(token.endswith("@@") for token in vocabulary) else None
    if going_on:
        # subword-nmt marks what does not end a word, the library what does.
        raise BadInput(
            tr(
                "marks pieces with a trailing @@, which cannot be opened.",
                "末尾の @@ で区切りを表す形式で、開けません。",
            ),
            file=vocab,
            remedy=tr(
                "Convert it to tokenizer.json first.", "先に tokenizer.json に変換してください。"
            ),
        )
    tokenizer = RustTokenizer(_bpe_model(vocabulary, pairs, merges, unknown, end))
    if settings.family == "gpt":
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.BPEDecoder(suffix=end or "")
    return tokenizer


def _of_bytes(vocabulary: dict[str, int]) -> bool:
    letters = pre_tokenizers.ByteLevel.alphabet()
    return sum(letter in vocabulary for letter in letters) > len(letters) * 3 // 4


def _bpe_model(
    vocabulary: dict[str, int],
    pairs: list[tuple[str, str]],
    file: Path,
    unknown: str | None = None,
    end: str | None = None,
) -> models.BPE:
    for left, right in pairs:
        for token in (left, right, left + right):
            if token not in vocabulary:
                raise BadInput(
                    tr(
                        f"joins “{left}” and “{right}”, but the vocabulary has no “{token}”.",
                        f"「{left}」と「{right}」の結合がありますが、語彙に「{token}」がありません。",
                    ),
                    file=file,
                    remedy=tr(
                        "Fetch vocab.json and merges.txt again, both from one place.",
                        "vocab.json と merges.txt を同じ配布元から取り直してください。",
                    ),
                )
    options = {"unk_token": unknown, "end_of_word_suffix": end}
    given = {name: value for name, value in options.items() if value is not None}
    return models.BPE(vocab=vocabulary, merges=pairs, fuse_unk=False, **given)


def template(family: str, ids: dict[str, int], roles: dict[str, str]) -> Template:
    """The special tokens a family puts around texts.

    BERT and ALBERT [CLS] a [SEP] b [SEP] with types 0 and 1; RoBERTa, BART and XLM-RoBERTa
    <s> a </s></s> b </s>; T5 a </s> b </s>; Marian a b </s>; the GPTs nothing.
    """

    def of(role: str) -> int | None:
        return ids.get(roles.get(role, "\0"))

    cls, sep, eos = of("cls"), of("sep"), of("eos")
    if family in ("bert", "albert") and cls is not None and sep is not None:
        single = ((cls, 0), (FIRST, 0), (sep, 0))
        return Template(single, (*single, (SECOND, 1), (sep, 1)))
    if family in ("roberta", "xlm-roberta") and cls is not None and sep is not None:
        single = ((cls, 0), (FIRST, 0), (sep, 0))
        return Template(single, (*single, (sep, 0), (SECOND, 0), (sep, 0)))
    if family == "t5" and eos is not None:
        return Template(((FIRST, 0), (eos, 0)), ((FIRST, 0), (eos, 0), (SECOND, 0), (eos, 0)))
    if family == "marian" and eos is not None:
        return Template(((FIRST, 0), (eos, 0)), ((FIRST, 0), (SECOND, 0), (eos, 0)))
    return Template()
