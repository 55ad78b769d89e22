"""Train a model from texts by a recipe."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from bunsan._version import __version__
from bunsan.base.errors import BadInput
from bunsan.base.files import replaced_folder, write_json
from bunsan.base.language import tr
from bunsan.base.progress import Progress, progress
from bunsan.models.open import open_model
from bunsan.models.opened import OpenedModel, check_replaceable
from bunsan.text.documents import ReadReport, bytes_total, read_documents
from bunsan.text.readers.opening import locate
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.initial_tokens import begin_from, token_embeddings, token_vectors
from bunsan.training.loop import Loop
from bunsan.training.objective import Objective
from bunsan.training.processes import Processes, join_processes, leave_processes
from bunsan.training.recipe import Recipe, make_objective, open_start, read_recipe
from bunsan.training.reports import OnStep, StepReport, Trained
from bunsan.training.tokenizing import tokenize_corpus
from bunsan.training.tokens import TokenCorpus, open_tokens
from bunsan.training.windows import Windows


@dataclass(frozen=True)
class Pretrained:
    """What a training made.

    Attributes
    ----------
    folder : of the model and its tokenizer. parameters : of the model. documents, corpus_tokens : of
    the texts. trained : steps, tokens, seconds, loss, evaluation. reading : what was odd in the texts.
    """

    folder: Path
    parameters: int
    documents: int
    corpus_tokens: int
    trained: Trained
    reading: ReadReport


def pretrain(
    recipe: str | Path | Recipe,
    corpus: Any,
    *,
    to: str | Path,
    tokenizer: str | Path | Tokenizer | None = None,
    start: str | Path | None = None,
    teacher: str | Path | None = None,
    text: str | None = None,
    encoding: str | None = None,
    unit: str | None = None,
    threads: int | None = None,
    device: str | None = None,
    curves: bool = False,
    keep: bool = False,
    on_step: OnStep | None = None,
    **settings: Any,
) -> Pretrained:
    """Train a model and save it with its tokenizer where `open_model` and other libraries open it.

    Interrupted, the same call goes on from where it stopped. Started several times by torchrun, the
    processes share the work.

    Parameters
    ----------
    recipe : the name of a recipe of `learn.recipe.recipes()`, or a TOML file.
    corpus, text, encoding : what `read_documents` reads, of any size.
    to : the folder to make; a model that stands there is replaced.
    tokenizer : a folder with one; None: that of `start`, or one learned from the texts as the recipe
        says.
    start : a model to go on from, by folder or name. teacher : for a distillation.
    unit : what a document is in plain text: line, paragraph, file.
    threads : None for as many as torch chooses. device : "cpu", "cuda", ...
    curves : also write curves for TensorBoard. keep : leave the folder of the training, with tokens
        and the last checkpoint.
    settings : of the recipe's [training], to be changed.

    Raises
    ------
    BadInput : recipe, texts, tokenizer or a checkpoint cannot be used. Missing : a part is not there.
    Interrupted : stopped by the person.
    """
    plan = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    plan = plan.with_training(**settings)
    target = Path(to)
    check_replaceable(target)
    if threads is not None:
        torch.set_num_threads(threads)
    where = torch.device(device or "cpu")
    processes = join_processes(where)
    try:
        return _pretrain(
            plan,
            corpus,
            target,
            tokenizer,
            start,
            teacher,
            {"text": text, "encoding": encoding, "unit": unit or plan.unit},
            where,
            processes,
            curves,
            keep,
            on_step,
        )
    finally:
        leave_processes(processes)


def _pretrain(
    plan: Recipe,
    sources: Any,
    target: Path,
    tokenizer: str | Path | Tokenizer | None,
    start: str | Path | None,
    teacher: str | Path | None,
    reading: Mapping[str, Any],
    device: torch.device,
    processes: Processes,
    curves: bool,
    keep: bool,
    on_step: OnStep | None,
) -> Pretrained:
    work = target.with_name(target.name + ".training")
    opened = None if start is None else open_start(plan, start)
    pieces, own = _tokenizer(plan, sources, tokenizer, opened, reading, work, processes)
    taught = None if teacher is None else open_model(teacher, head="masked-words")
    objective = make_objective(plan, pieces, start=opened, teacher=taught)
    report = ReadReport()
    tokens = _tokens(sources, pieces, objective, reading, work / "tokens", processes, report)
    if plan.tokens == "skip-gram" and opened is None:
        _begin_tokens(objective, tokens, pieces, plan, work, processes)
    windows, evaluation = _windows(tokens, objective, plan, processes)
    mark = _mark(plan, tokens, pieces, start, teacher)
    folder = work / mark
    if processes.leads:
        folder.mkdir(parents=True, exist_ok=True)
    processes.wait()
    with _shown(plan, processes, on_step) as show:
        loop = Loop(
            objective,
            windows,
            plan.training,
            evaluation=evaluation,
            folder=folder,
            mark=mark,
            device=device,
            processes=processes,
            curves=curves,
            on_step=show,
        )
        trained = loop.run()
    objective.module.to("cpu")
    if processes.leads:
        about = {
            "made by": f"bunsan {__version__}",
            "recipe": plan.name,
            **plan.about(),
            "training": asdict(plan.training),
            "documents": tokens.documents,
            "corpus_tokens": tokens.tokens,
            "processes": processes.world,
            **asdict(trained),
        }
        _save(objective, None if own else pieces, about, folder / "log.csv", target)
        if not keep:
            shutil.rmtree(work, ignore_errors=True)
    processes.wait()
    parameters = sum(p.numel() for p in objective.module.parameters())
    return Pretrained(target, parameters, tokens.documents, tokens.tokens, trained, report)


def _tokenizer(
    plan: Recipe,
    sources: Any,
    given: str | Path | Tokenizer | None,
    start: OpenedModel | None,
    reading: Mapping[str, Any],
    work: Path,
    processes: Processes,
) -> tuple[Tokenizer, bool]:
    """The tokenizer, and whether it is the one that `start` came with."""
    if isinstance(given, Tokenizer):
        return given, False
    if given is not None:
        return open_tokenizer(given), False
    if start is not None and start.folder is not None:
        return open_tokenizer(start.folder), True
    options = plan.tokenizer_options()
    if options is None:
        raise BadInput(
            tr("A tokenizer is needed.", "トークナイザーが必要です。"),
            remedy=tr(
                "Name its folder: --tokenizer FOLDER.",
                "--tokenizer でフォルダーを指定してください。",
            ),
        )
    folder = work / "tokenizer"
    if processes.leads and not (folder / "tokenizer_config.json").is_file():
        from bunsan.text.subwords.training import train_tokenizer

        documents = read_documents(sources, by=(), **reading)
        train_tokenizer((d.text for d in documents), **options).save(folder)
    processes.wait()
    return open_tokenizer(folder), False


def _tokens(
    sources: Any,
    tokenizer: Tokenizer,
    objective: Objective,
    reading: Mapping[str, Any],
    folder: Path,
    processes: Processes,
    report: ReadReport,
) -> TokenCorpus:
    """The texts as token ids; the first process reads them, the others wait."""
    if processes.leads:
        with progress(tr("Reading", "読み込み中"), bytes_total(sources)) as bar:
            done = 0

            def show(now: int) -> None:
                nonlocal done
                bar.advance(now - done)
                done = now

            tokenize_corpus(
                sources,
                tokenizer,
                folder,
                **reading,
                sentences="sentences" in objective.needs,
                origin=_origin(sources),
                report=report,
                on_bytes=show,
            )
    processes.wait()
    corpus = open_tokens(folder)
    if "words" in objective.needs and not corpus.words:
        raise BadInput(
            tr(
                "This tokenizer does not tell where words begin, so whole words cannot be masked.",
                "このトークナイザーでは語の始まりが分からず、語全体のマスクができません。",
            ),
            remedy=tr(
                "Set whole_words = false in the recipe.",
                "レシピで whole_words = false にしてください。",
            ),
        )
    return corpus


def _begin_tokens(
    objective: Objective,
    corpus: TokenCorpus,
    tokenizer: Tokenizer,
    plan: Recipe,
    work: Path,
    processes: Processes,
) -> None:
    """Embeddings of tokens begin as word vectors; the first process learns them, the others wait."""
    table = token_embeddings(objective.module, tokenizer.vocab_size)
    options: dict[str, Any] = {"folder": work, "seed": plan.training.seed}
    if processes.leads:
        token_vectors(corpus, *table.weight.shape, **options)
    processes.wait()
    begin_from(table, token_vectors(corpus, *table.weight.shape, **options))


def _windows(
    corpus: TokenCorpus, objective: Objective, plan: Recipe, processes: Processes
) -> tuple[Windows, Windows | None]:
    """What is trained on, and what is held out."""
    settings = plan.training
    room = settings.max_length - objective.added
    options: dict[str, Any] = {"held_out": settings.held_out, "seed": settings.seed}

    def both(write: bool) -> tuple[Windows, Windows | None]:
        kept = Windows(corpus, room, write=write, **options)
        if not settings.held_out:
            return kept, None
        return kept, Windows(corpus, room, evaluation=True, write=write, **options)

    if processes.leads:
        both(True)
    processes.wait()
    return both(False)


@contextmanager
def _shown(plan: Recipe, processes: Processes, on_step: OnStep | None) -> Iterator[OnStep | None]:
    """A bar with loss, speed and time left; the share of minutes until the steps are settled."""
    if not processes.leads:
        yield None
        return
    with progress(tr(f"Training {plan.name}", f"{plan.name} を学習中"), 1.0) as bar:
        yield _Shown(plan, bar, on_step)


class _Shown:
    def __init__(self, plan: Recipe, bar: Progress, on_step: OnStep | None) -> None:
        self._plan, self._bar, self._on_step = plan, bar, on_step
        self._share = 0.0
        self._evaluated = ""

    def __call__(self, report: StepReport) -> None:
        values = report.values
        if report.steps is not None:
            share = report.step / max(report.steps, 1)
        else:
            share = values["seconds"] / (60 * (self._plan.training.minutes or 1.0))
        if "eval_loss" in values:
            self._evaluated = f", eval {values['eval_loss']:.3f}"
        speed = f"{values['tokens_per_second']:,.0f} {tr('tokens/s', 'トークン/秒')}"
        note = f"{speed}, loss {values['loss']:.3f}{self._evaluated}"
        self._bar.advance(max(share - self._share, 0.0), note)
        self._share = max(share, self._share)
        if self._on_step is not None:
            self._on_step(report)


def _origin(sources: Any) -> list[list[Any]] | None:
    """Names, sizes and times of files, to know them by; None where a source is none."""
    known = []
    for source in locate(sources, None, ReadReport()):
        if source.path is None or not source.path.is_file():
            return None
        status = source.path.stat()
        known.append([str(source.path.resolve()), status.st_size, status.st_mtime_ns])
    return known


def _mark(
    plan: Recipe,
    corpus: TokenCorpus,
    tokenizer: Tokenizer,
    start: str | Path | None,
    teacher: str | Path | None,
) -> str:
    """A short name for this training: differs when texts, models or settings differ."""
    values: list[Any] = [
        plan.about(),
        asdict(plan.training),
        corpus.fingerprint(),
        str(start),
        str(teacher),
    ]
    values.append(tokenizer.vocab_size)
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _save(
    objective: Objective,
    tokenizer: Tokenizer | None,
    about: Mapping[str, Any],
    log: Path,
    folder: Path,
) -> None:
    with replaced_folder(folder) as beside:
        objective.save(beside)
        if tokenizer is not None:
            tokenizer.save(beside)
        write_json(beside / "training.json", about)
        shutil.copyfile(log, beside / "training.csv")
