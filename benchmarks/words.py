"""Word vectors: bunsan beside gensim, fastText, word2vec.c and GloVe, on the same text.

    python benchmarks/words.py [--word2vec DIR] [--glove DIR] [--out FILE] [--work DIR]
    python benchmarks/words.py --table FILE      # the tables of an earlier run once more

English: paragraphs of Wikipedia. Japanese: articles on Kyoto, cut into words by Sudachi (dictionary
forms, marks left out) before any clock starts. 100 dimensions, window 5, 5 words of noise, sample
1e-4, min_count 5, 3 epochs; GloVe: window 10, x_max 10, 10 epochs. fastText's n-grams are of 3 to 6
characters, for Japanese 1 to 3. Everyone has the learning rate that is its default, gensim also
twice that.

Each candidate runs in a process of its own, the C programs in theirs. Times are processor times of
all threads together, without the time to compile or import: `vocabulary` is a first pass over the
file (bunsan writes word ids meanwhile), `training` all that follows up to vectors in memory (the C
programs write them to a file; fastText reads the text once more, as vocabulary subtracted).
Words per second: words of the text times epochs, by seconds of training; GloVe's counting is part of
its training. Memory is the most a process had in use, libraries included, before vectors are scored.

Accuracy: analogies asked in lower case among the 30,000 most frequent words; rank correlation with
people's similarities of the pairs whose words all candidates have. Intervals are of 95 %: chance in
the questions; how much another seed changes, `--seeds` shows. `--out` gets a line of JSON for every
candidate as it ends. Peers that have a line there for the same work are not run again, unless
`--again` names them. Other work on the machine can double anyone's time: it is told under each table,
and numbers taken beside much of it are to be taken again.
"""

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from common import SHARED_DATA, in_own_process, machine
from words_candidates import (
    CANDIDATES,
    ENDS,
    PROGRAMS,
    Job,
    Outcome,
    find_programs,
    measure_limits,
)
from words_tables import Record, tables

WIKI = SHARED_DATA / "wiki_en" / "paragraphs_17m.txt.gz"
KYOTO = SHARED_DATA / "kyoto_wiki" / "articles.jsonl.gz"
QUESTIONS = SHARED_DATA / "analogies" / "en_questions_words.txt"
PAIRS = SHARED_DATA / "word_similarity"
RESTRICT = 30_000
GLOVE_EPOCHS = 10
LANGUAGES = ("en", "ja")
CHILDREN = resource.RUSAGE_CHILDREN


# --- the text ------------------------------------------------------------------------------------


def english_lines(path: Path) -> Iterator[str]:
    """Lines of words between single spaces."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield " ".join(line.split())


def japanese_lines() -> Iterator[str]:
    """The paragraphs of the articles, in dictionary forms, without marks."""
    from bunsan.text.analyze import analyze_stream
    from bunsan.text.documents import batched, read_documents
    from bunsan.text.words import WordSettings

    documents = read_documents(KYOTO, text="text", by=())
    texts = ([document.text for document in batch] for batch in batched(documents))
    for analysis in analyze_stream(texts, WordSettings(analyzer="sudachi", form="dictionary")):
        forms = ["_".join(form.split()) for form in analysis.forms]
        kept = np.array([pos not in ("PUNCT", "SYM", "SPACE") for pos in analysis.pos], bool)
        for begin, end in zip(analysis.paragraph, analysis.paragraph[1:], strict=False):
            entry = analysis.entry[begin:end]
            yield " ".join(forms[i] for i in entry[kept[entry]])


def write_text(lines: Iterable[str], path: Path, most: int | None) -> None:
    """Write lines until there are `most` words; whole or not at all."""
    half, words = path.with_suffix(".part"), 0
    with half.open("w", encoding="utf-8") as file:
        for line in lines:
            if line:
                file.write(line + "\n")
                words += line.count(" ") + 1
            if most is not None and words >= most:
                break
    path.with_suffix(".json").write_text(json.dumps({"words": words}), encoding="utf-8")
    half.rename(path)


def prepare(language: str, english: Path, most: int | None, work: Path) -> tuple[Path, int]:
    """The text as a plain file in the work folder, and how many words it has."""
    source = english if language == "en" else KYOTO
    size = "all" if most is None else str(most)
    path = work / f"{language}-{source.name.split('.')[0]}-{size}.txt"
    if not path.exists():
        lines = english_lines(source) if language == "en" else japanese_lines()
        write_text(lines, path, most)
    return path, int(json.loads(path.with_suffix(".json").read_text())["words"])


# --- one candidate -------------------------------------------------------------------------------


def quality(outcome: Outcome, job: Job) -> dict[str, list[float]]:
    """Analogies: [right, asked]. Similarity: [coefficient, low, high, pairs]."""
    from bunsan.words.training.corpus import build_text_corpus
    from bunsan.words.vectors.evaluate.analogies import score_analogies
    from bunsan.words.vectors.evaluate.question_files import read_analogies, read_pairs
    from bunsan.words.vectors.evaluate.similarity import score_similarity
    from bunsan.words.vectors.wordvectors import WordVectors

    # Everyone's words in one order, for equally frequent ones stand as each likes.
    with tempfile.TemporaryDirectory(dir=job.work) as folder:
        order = build_text_corpus(job.text, folder, min_count=5).words
    row = {word: i for i, word in enumerate(outcome.words) if word not in ENDS}
    order = [word for word in order if word in row]  # word2vec.c cuts words of 100 bytes
    vectors = WordVectors(order, outcome.vectors[[row[word] for word in order]])
    if job.language == "en":
        scores = score_analogies(vectors, read_analogies(QUESTIONS), restrict=RESTRICT, lower=True)
        parts = [*scores.groups, ("total", scores.total)]
        return {name: [accuracy.right, accuracy.asked] for name, accuracy in parts}
    found = {}
    for path in sorted(PAIRS.glob("ja_*.csv")):
        rho = score_similarity(vectors, read_pairs(path)).spearman
        found[path.stem.removeprefix("ja_")] = [rho.estimate, rho.low, rho.high, rho.pairs]
    return found


def measure(candidate: str, job: Job) -> dict[str, Any]:
    """One candidate, in this process."""
    outcome = CANDIDATES[job.method][candidate](job)
    result = {"seconds": outcome.seconds, "peak": outcome.peak, "facts": outcome.facts}
    return result | {"quality": quality(outcome, job)}


def busy_seconds() -> float | None:
    """Processor seconds spent on this machine so far, by whomever; None where it does not tell."""
    status = Path("/proc/stat")
    if not status.exists():
        return None
    user, nice, system, _, _, irq, soft, steal = map(int, status.read_text().split()[1:9])
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def in_process(candidate: str, job: Job) -> dict[str, Any]:
    """One candidate, in a process of its own; `others`: processors at other work meanwhile."""
    given = {name: str(v) if isinstance(v, Path) else v for name, v in vars(job).items()}
    begin, busy, own = time.monotonic(), busy_seconds(), resource.getrusage(CHILDREN)
    result = in_own_process(__file__, "--measure", candidate, json.dumps(given))
    now, used = busy_seconds(), resource.getrusage(CHILDREN)
    if now is not None and busy is not None:
        ours = used.ru_utime + used.ru_stime - own.ru_utime - own.ru_stime
        result["others"] = max(0.0, (now - busy - ours) / (time.monotonic() - begin))
    return result


def job_from(text: str) -> Job:
    given = json.loads(text)
    for name in ("text", "work", "programs"):
        given[name] = given[name] and Path(given[name])
    return Job(**given)


# --- all of them ---------------------------------------------------------------------------------


def key_of(record: Record) -> str:
    """What was done, without what came of it."""
    return json.dumps([value for name, value in sorted(record.items()) if name != "result"])


class Records:
    """Results, kept as lines of JSON where there is a file for them; the last of equal ones counts."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._found: dict[str, Record] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                self._found[key_of(record)] = record

    def __contains__(self, record: Record) -> bool:
        return key_of(record) in self._found

    def __iter__(self) -> Iterator[Record]:
        return iter(self._found.values())

    def add(self, record: Record) -> None:
        """Keep one more."""
        self._found.pop(key_of(record), None)
        self._found[key_of(record)] = record
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")


def family_of(name: str) -> str:
    """The name of a candidate on the command line."""
    return name.split(",")[0].removesuffix(".c").lower()


def chosen(method: str, options: argparse.Namespace) -> dict[str, Path | None]:
    """The candidates of a method that are to run, with the folder of their programs."""
    given = {"word2vec.c": options.word2vec, "GloVe": options.glove}
    found: dict[str, Path | None] = {}
    for name in CANDIDATES[method]:
        family = family_of(name)
        if family in options.skip:
            continue
        if method == "fasttext" and family == "gensim" and not options.gensim_fasttext:
            continue
        place = None
        if name in PROGRAMS:
            if given[name] is None:
                print(f"{name} is left out: name its folder with --{family} DIR.")
                continue
            try:
                place = find_programs(given[name], PROGRAMS[name])
            except FileNotFoundError as error:
                print(f"{name} is left out: {error}.")
                continue
        found[name] = place
    return found


def run_all(options: argparse.Namespace, records: Records, work: Path) -> list[Record]:
    """Run what is asked for and not known yet; the records of it all."""
    wanted: list[Record] = []
    plan = {method: chosen(method, options) for method in options.only}

    def run(record: Record, again: bool, candidate: str, job: Job | None) -> None:
        wanted.append(record)
        if record in records and not again:
            return
        print(*(v for n, v in record.items() if n != "kind"), "...", file=sys.stderr, flush=True)
        try:
            result = (
                in_own_process(__file__, "--limits") if job is None else in_process(candidate, job)
            )
        except subprocess.CalledProcessError as error:  # the others still count
            print(f"failed: exit status {error.returncode}", file=sys.stderr)
            return
        records.add(record | {"result": result})

    run({"kind": "limits"}, True, "", None)
    for language in options.language:
        text, words = prepare(language, options.text, options.words, work)
        few, _ = prepare(language, options.text, 20_000, work)
        for method, candidates in plan.items():
            epochs = options.glove_epochs if method == "glove" else options.epochs
            for name, programs in candidates.items():
                ours = name == "bunsan"
                for seed in range(1, 1 + (options.seeds if ours else 1)):
                    job = Job(text, language, method, epochs, options.threads, seed, work, programs)
                    if ours and seed == 1:  # so that nothing is compiled where memory is measured
                        in_process(name, replace(job, text=few, epochs=1))
                    record = {"kind": "training", "text": text.stem, "words": words}
                    record |= {"language": language, "method": method, "epochs": epochs}
                    record |= {"threads": options.threads, "candidate": name, "seed": seed}
                    run(record, ours or family_of(name) in options.again, name, job)
    keys = {key_of(record) for record in wanted}
    return [record for record in records if key_of(record) in keys]


def main() -> None:
    def names(text: str) -> list[str]:
        return [name.strip().lower() for name in text.split(",") if name.strip()]

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=names, default=list(CANDIDATES), help="methods, by commas")
    parser.add_argument("--language", type=names, default=list(LANGUAGES), help="en,ja")
    parser.add_argument("--skip", type=names, default=[], help="gensim,fasttext,word2vec,glove")
    parser.add_argument(
        "--again", type=names, default=[], help="peers to run though --out has them"
    )
    parser.add_argument("--gensim-fasttext", action="store_true", help="that too; it takes long")
    parser.add_argument("--text", type=Path, default=WIKI, help="English, one paragraph a line")
    parser.add_argument("--words", type=int, help="only the first so many words")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--glove-epochs", type=int, default=GLOVE_EPOCHS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=1, help="so many trainings of bunsan")
    parser.add_argument("--word2vec", type=Path, help="word2vec.c, built or with its makefile")
    parser.add_argument("--glove", type=Path, help="GloVe, built or with its makefile")
    parser.add_argument("--work", type=Path, help="folder where the texts are kept")
    parser.add_argument("--out", type=Path, help="file that results are added to")
    parser.add_argument("--table", type=Path, help="print the tables of such a file, run nothing")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--limits", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure[0], job_from(options.measure[1]))))
        return
    if options.limits:
        print(json.dumps(measure_limits()))
        return
    if options.table:
        print(tables(list(Records(options.table))))
        return
    for given, known in ((options.only, CANDIDATES), (options.language, LANGUAGES)):
        if unknown := set(given) - set(known):
            parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    print(f"{machine()}\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        work = (options.work or Path(name)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        print(tables(run_all(options, Records(options.out), work)))


if __name__ == "__main__":
    main()
