"""How probable texts are by a model, and which of given answers is the most probable."""

from collections.abc import Sequence
from math import exp
from typing import TYPE_CHECKING

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.nn.generation.scoring import score
from bunsan.tasks.completion import Answer, Choice, ScoredText, TokenChoice

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator


def choose_all(
    generator: "TextGenerator", prompts: Sequence[str], answers: Sequence[str], by: str
) -> list[Choice]:
    """See `TextGenerator.choose`."""
    if not answers or len(set(answers)) != len(answers):
        raise BadInput(
            tr("Answers must be given, each once.", "答えの候補を重複なく指定してください。")
        )
    if by not in ("total", "mean"):
        raise BadInput(
            tr(f"Answers cannot be chosen by {by!r}.", f"選び方 {by!r} はありません。"),
            remedy=tr("Use total or mean.", "total か mean を指定してください。"),
        )
    found = []
    with progress(tr("Choosing", "選択中"), len(prompts)) as bar:
        for prompt in prompts:
            found.append(_choice(generator, prompt, answers, by))
            bar.advance()
    return found


def score_text(generator: "TextGenerator", text: str, given: str) -> ScoredText:
    """See `TextGenerator.score`."""
    if generator.model.encodes:
        before = generator.source(given)[0]
        ids = generator.plain(text)
    else:
        whole = generator.decoder_ids(given + text)
        shared = _common(whole, generator.decoder_ids(given)) if given else 0
        shared = max(shared, 1)
        before, ids = generator.bare(whole[:shared]), whole[shared:]
    _check_room(generator, len(before.ids) + len(ids))
    [[scored]] = score(generator.model, [before], [[ids]])
    pairs = zip(scored.tokens, scored.logprobs, strict=True)
    return ScoredText(text, tuple(TokenChoice(generator.spell(i), i, value) for i, value in pairs))


def _choice(generator: "TextGenerator", prompt: str, answers: Sequence[str], by: str) -> Choice:
    if generator.model.encodes:
        before, _ = generator.source(prompt)
        given = [generator.plain(answer) for answer in answers]
    else:
        texts = [generator.decoder_ids(prompt + answer) for answer in answers]
        # Where a token spans the seam, all answers are scored from before it: what is compared
        # must follow the same tokens.
        seam = generator.decoder_ids(prompt)
        shared = max(1, min(_common(seam, ids) for ids in texts))
        longest = max(len(ids) for ids in texts) - shared
        most = generator.model.max_positions
        skip = 0 if most is None else max(0, shared + longest - most)
        if skip >= shared:
            _check_room(generator, shared + longest)
        before = generator.bare(texts[0][skip:shared])
        given = [ids[shared:] for ids in texts]
    store = None if generator.model.encodes else generator.store
    [scored] = score(generator.model, [before], [given], store=store)
    weights = [one.total if by == "total" else one.mean for one in scored]
    best = max(weights)
    shares = [exp(weight - best) for weight in weights]
    found = [
        Answer(answer, share / sum(shares), one.total, len(one.tokens))
        for answer, share, one in zip(answers, shares, scored, strict=True)
    ]
    return Choice(prompt, tuple(sorted(found, key=lambda answer: -answer.probability)))


def _check_room(generator: "TextGenerator", tokens: int) -> None:
    most = generator.model.max_positions
    if most is not None and tokens > most:
        raise BadInput(
            tr(
                f"A text of {tokens} tokens does not fit into {most}.",
                f"{tokens} トークンの文は上限 {most} に収まりません。",
            ),
            remedy=tr("Shorten it.", "短くしてください。"),
        )


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n
