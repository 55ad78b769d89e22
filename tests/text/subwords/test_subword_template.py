"""What stands around texts and what is cut, against both of the peer's ways."""

import pytest
from tokenizers import Tokenizer as RustTokenizer
from tokenizers import models, pre_tokenizers, processors

from bunsan.text.subwords.rust import RustSegmenter, processor_of, template_of
from bunsan.text.subwords.template import FIRST, SECOND, Template
from bunsan.text.subwords.tokenizer import Special, Tokenizer

VOCABULARY = {"[CLS]": 0, "[SEP]": 1, "a": 2, "b": 3, "[UNK]": 4}
BERT = Template(((0, 0), (FIRST, 0), (1, 0)), ((0, 0), (FIRST, 0), (1, 0), (SECOND, 1), (1, 1)))


def rust() -> RustTokenizer:
    tokenizer = RustTokenizer(models.WordLevel(VOCABULARY, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


PROCESSORS = {
    "none": None,
    "template": processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 0), ("[SEP]", 1)],
    ),
    "end": processors.TemplateProcessing(
        single="$A [SEP]", pair="$A [SEP] $B [SEP]", special_tokens=[("[SEP]", 1)]
    ),
    "bert": processors.BertProcessing(("[SEP]", 1), ("[CLS]", 0)),
    "roberta": processors.RobertaProcessing(("[SEP]", 1), ("[CLS]", 0)),
    "sequence": processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.BertProcessing(("[SEP]", 1), ("[CLS]", 0)),
        ]
    ),
}


@pytest.mark.parametrize("name", list(PROCESSORS))
@pytest.mark.parametrize("side", ["left", "right"])
def test_every_length_is_cut_as_the_library_does(name: str, side: str) -> None:
    peer, plain = rust(), rust()
    if PROCESSORS[name] is not None:
        peer.post_processor = plain.post_processor = PROCESSORS[name]
    template = template_of(plain)
    template = Template(template.single, template.pair, side)  # type: ignore[arg-type]
    own = Tokenizer(RustSegmenter(plain), template, Special({}, frozenset({0, 1})))
    for first in range(8):
        one = " ".join("ab"[i % 2] for i in range(first))
        for most in (None, *range(4, 12)):
            limit(peer, most, side)
            check(own, peer, one, None, most)
            for second in range(8):
                check(own, peer, one, " ".join("ba"[i % 2] for i in range(second)), most)


def limit(peer: RustTokenizer, most: int | None, side: str) -> None:
    if most is None:
        peer.no_truncation()
    else:
        peer.enable_truncation(most, strategy="longest_first", direction=side)


def check(
    own: Tokenizer, peer: RustTokenizer, text: str, pair: str | None, most: int | None
) -> None:
    encoding = own.encode(text, pair, max_length=most)
    expected = peer.encode(text, pair)
    assert encoding.ids.tolist() == expected.ids
    assert encoding.type_ids.tolist() == expected.type_ids
    assert encoding.special.tolist() == [bool(i) for i in expected.special_tokens_mask]
    assert [tuple(pair) for pair in encoding.offsets.tolist()] == expected.offsets
    assert encoding.tokens == expected.tokens
    which = [-1 if i is None else i for i in expected.sequence_ids]
    assert encoding.sequence.tolist() == which


def test_a_template_becomes_a_processor_and_comes_back() -> None:
    tokenizer = rust()
    tokenizer.post_processor = processor_of(BERT, {i: token for token, i in VOCABULARY.items()})
    assert template_of(tokenizer) == BERT


def test_a_template_that_says_the_text_twice() -> None:
    tokenizer = rust()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A $A", special_tokens=[])
    with pytest.raises(ValueError):
        template_of(tokenizer)


def test_the_odd_piece_goes_to_the_first_or_to_the_longer() -> None:
    longer = Template(odd="longer")
    first = Template(odd="first")
    assert longer.fit(10, 10, 15) == (7, 8)
    assert first.fit(10, 10, 15) == (8, 7)
    assert longer.fit(10, 4, 9) == first.fit(10, 4, 9) == (5, 4)
    assert longer.fit(3, 10, 8) == first.fit(3, 10, 8) == (3, 5)
    assert longer.fit(5, None, 3) == (3, None)
