"""Training word2vec and fastText: threads, learning rate, progress, putting down and taking up.

The text is cut into as many parts as there are threads. Each thread reads its part once an epoch, a
block of ids at a time, all writing to the same rows without locks (Recht, Ré, Wright & Niu 2011,
"Hogwild!: A Lock-Free Approach to Parallelizing Stochastic Gradient Descent"): with more than one,
the numbers differ from run to run, their quality does not. Between blocks the threads can be held,
and everything is in arrays then: with one thread, a training that was interrupted ends with the
same vectors, bit for bit, as one that was not.
"""

import os
from pathlib import Path

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.words.training.checkpoint import fingerprint, open_checkpoint
from bunsan.words.training.corpus_store import WordCorpus
from bunsan.words.training.running import run
from bunsan.words.training.settings import FastTextSettings, Word2VecSettings
from bunsan.words.training.task import Task
from bunsan.words.training.trained import OnProgress, Trained


def train(
    corpus: WordCorpus,
    settings: Word2VecSettings | FastTextSettings,
    *,
    folder: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> Trained:
    """Learn word vectors from a corpus of ids.

    Parameters
    ----------
    corpus : at least two different words.
    settings : `Word2VecSettings`, or `FastTextSettings` for vectors made of character n-grams.
    folder : where a checkpoint is kept, written about every minute, at the end and when the person
        interrupts. Called again with the same folder, corpus and settings, training goes on from
        there (and returns at once where it had ended). The file is the caller's to delete.
    on_progress : called about four times a second, from this thread; see `OnProgress`.

    Memory: 8 bytes for each number of a vector and word, and 4 for each of an n-gram; the corpus
    stays on disk.

    Raises
    ------
    Interrupted : on KeyboardInterrupt, with how to go on.
    BadInput : the corpus is too small, or the folder holds another training.
    """
    if len(corpus.words) < 2:
        raise BadInput(
            tr(
                "The corpus has fewer than two words that are frequent enough.",
                "十分な頻度の語がコーパスに 2 語以上ありません。",
            ),
            remedy=tr(
                "Give more text, or a smaller min_count.",
                "文章を増やすか min_count を下げてください。",
            ),
        )
    threads = settings.threads or os.cpu_count() or 1
    place = None if folder is None else Path(folder)
    mark = fingerprint(corpus, settings, threads)
    known = None if place is None else open_checkpoint(place, mark)
    task = Task(corpus, settings, threads, known)
    run(task, place, mark, on_progress)
    return task.result()
