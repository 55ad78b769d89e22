"""Learning keeps a collection in step with its sources, exactly, whatever the order of events."""

import random
from collections import Counter
from pathlib import Path

import pytest
from collection_help import SPACES, picture, random_rows

from bunsan.base.errors import BadInput, Interrupted, Missing
from bunsan.collection import merge, writer
from bunsan.tasks.facade import learn, open_collection
from bunsan.text import documents


def counted(rows) -> tuple[Counter, Counter]:
    tokens, documents = Counter(), Counter()
    for row in rows:
        words = row["text"].replace(".", " . ").split()
        tokens.update(words)
        documents.update(set(words))
    return tokens, documents


def test_counts_are_those_of_a_plain_loop(make) -> None:
    rows = random_rows(300)
    collection = make(rows)
    tokens, documents = counted(rows)
    found = picture(collection)["words"]
    assert {form: n for (form, _), (n, _, _) in found.items()} == tokens
    assert {form: n for (form, _), (_, n, _) in found.items()} == documents
    assert collection.n_documents == 300
    assert [d[:2] for d in picture(collection)["documents"]] == sorted(
        (r["text"], r["g"]) for r in rows
    )


def test_units_are_sentences_paragraphs_and_documents(make) -> None:
    collection = make([{"text": "aa bb. Cc dd.\nee ff.", "g": "x"}, {"text": "g", "g": "y"}])
    segment = collection.segments[0]
    assert segment.document.tolist() == [0, 9, 10]
    assert segment.paragraph.tolist() == [0, 6, 9, 10]
    assert segment.sentence.tolist() == [0, 3, 6, 9, 10]


@pytest.mark.parametrize("seed", range(6))
def test_learning_again_equals_learning_anew(make, seed: int) -> None:
    rng = random.Random(seed)
    old = random_rows(120, seed)
    old += rng.choices(old, k=20)  # identical rows are documents of their own
    kept = [row for row in old if rng.random() < 0.7]
    new = kept + random_rows(40, seed + 100)
    rng.shuffle(new)
    make(old)
    again = make(new)
    fresh = make(new, "fresh.bunsan")
    assert picture(again) == picture(fresh)
    assert again.report.added + again.report.unchanged == len(new)
    there = Counter((r["text"], r["g"]) for r in old) & Counter((r["text"], r["g"]) for r in new)
    assert again.report.unchanged == there.total()
    assert again.report.removed == len(old) - there.total()
    # What is computed from it agrees as well, removed documents notwithstanding.
    for word in ("w1", "w7"):
        a, b = again.search(word, k=5), fresh.search(word, k=5)
        assert [h.score for h in a.hits] == pytest.approx([h.score for h in b.hits])
        assert a.total == b.total
    a, b = (c.features("g", k=1000, min_documents=1).table() for c in (again, fresh))
    assert sorted(map(str, a.to_rows())) == sorted(map(str, b.to_rows()))


def test_learning_the_same_again_changes_nothing(make) -> None:
    rows = random_rows(50)
    first = make(rows)
    before = {p.name for p in Path(first.storage.location).iterdir()}
    second = make(rows)
    assert second.generation == first.generation
    assert {p.name for p in Path(first.storage.location).iterdir()} == before


def test_rows_move_without_a_new_analysis(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("text,g\none two,a\nthree four,b\n", encoding="utf-8")
    learn(str(table), to=tmp_path / "c.bunsan", text="text", by="g", words=SPACES)
    table.write_text("text,g\nnew words,a\none two,a\nthree four,b\n", encoding="utf-8")
    moved = learn(str(table), to=tmp_path / "c.bunsan", text="text", by="g", words=SPACES)
    assert (moved.report.added, moved.report.unchanged) == (1, 2)
    assert moved.search("three").hits[0].row == 4


def test_other_word_settings_mean_a_new_analysis(make) -> None:
    rows = random_rows(20)
    make(rows)
    characters = make(rows, words=type(SPACES)(analyzer="characters"))
    assert characters.report.added == 20
    assert all(len(form) == 1 for form, _ in picture(characters)["words"])


def test_adding_takes_nothing_out_and_nothing_twice(tmp_path: Path) -> None:
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    first.write_text("text,g\nred apple,a\nsame text,a\n", encoding="utf-8")
    second.write_text("text,g\nsame text,a\ngreen pear,b\n", encoding="utf-8")
    collection = learn(str(first), to=tmp_path / "c.bunsan", text="text", by="g", words=SPACES)
    assert (
        collection.add([str(second)]).added == 2
    )  # "same text" of another file is another document
    assert collection.n_documents == 4
    assert collection.add([str(second)]).added == 0
    with second.open("a", encoding="utf-8") as file:
        file.write("more fruit,b\n")
    report = collection.add([str(second)])
    assert (report.added, report.unchanged, report.removed) == (1, 2, 0)
    assert collection.search("same").total == 2
    assert {h.source for h in collection.search("same").hits} == {str(first), str(second)}


def test_removing_is_exact(make) -> None:
    rows = random_rows(200, seed=3)
    collection = make(rows)
    removed = collection.remove(where={"g": "b"})
    left = [row for row in rows if row["g"] != "b"]
    assert removed == len(rows) - len(left)
    assert picture(collection) == picture(make(left, "left.bunsan"))
    collection.remove(where={"g": "a"})
    with pytest.raises(BadInput, match="every document"):
        collection.remove(where={"g": "c"})


def test_small_segments_are_joined(make, tmp_path: Path) -> None:
    rows = random_rows(20, seed=50)
    collection = make(rows)
    for i in range(merge.MOST_SMALL + 3):
        part = tmp_path / f"{i}.csv"
        own = random_rows(5, seed=i)
        rows += own
        lines = ['"' + r["text"] + f'",{r["g"]}' for r in own]
        part.write_text("text,g\n" + "\n".join(lines) + "\n", encoding="utf-8")
        collection.add([str(part)])
        if i == 4:
            collection.remove(where={"g": "c"})
            rows = [r for r in rows if r["g"] != "c"]
    assert len(collection.segments) <= merge.MOST_SMALL
    assert picture(collection) == picture(make(rows, "whole.bunsan"))
    # Rows still lead back to the right place of the right file.
    hit = collection.search("w3", k=1).hits[0]
    if hit.source.endswith(".csv"):
        assert hit.text.split("\n")[0] in Path(hit.source).read_text("utf-8")


def test_many_segments_equal_one(make, monkeypatch) -> None:
    rows = random_rows(400, seed=9)
    whole = make(rows, "one.bunsan")
    monkeypatch.setattr(writer, "TOKENS_IN_A_SEGMENT", 300)
    monkeypatch.setattr(documents, "_BATCH_CHARACTERS", 200)
    parts = make(rows, "many.bunsan")
    assert len(parts.segments) > 5
    assert picture(parts) == picture(whole)
    a, b = whole.search("w1 w2 w3", k=20), parts.search("w1 w2 w3", k=20)
    assert [h.score for h in a.hits] == pytest.approx([h.score for h in b.hits])
    assert [h.text for h in a.hits] == [h.text for h in b.hits]
    for deed in (
        lambda c: c.similar("w1", min_count=1).table(),
        lambda c: c.related("w1").table(),
        lambda c: c.features("g").table(),
        lambda c: c.kwic("w1", sort="left", limit=None).table(),
        lambda c: c.network(resamples=0).table(),
        lambda c: c.map("g", resamples=0).table(),
    ):
        a_rows, b_rows = deed(whole).to_rows(), deed(parts).to_rows()
        assert len(a_rows) == len(b_rows)
        for a_row, b_row in zip(a_rows, b_rows, strict=True):
            for key, value in a_row.items():
                if isinstance(value, float):
                    assert b_row[key] == pytest.approx(value, abs=1e-5)


def test_an_interrupted_job_goes_on_where_it_stopped(tmp_path: Path, monkeypatch) -> None:
    table = tmp_path / "t.csv"
    rows = random_rows(300, seed=4)
    lines = ['"' + r["text"] + f'",{r["g"]}' for r in rows]
    table.write_text("text,g\n" + "\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(writer, "TOKENS_IN_A_SEGMENT", 300)
    monkeypatch.setattr(documents, "_BATCH_CHARACTERS", 200)
    options = {"text": "text", "by": "g", "words": SPACES, "threads": 1}

    finished = []
    finish = writer.SegmentWriter.finish

    def stop_at_the_third(self):
        if len(finished) == 2:
            raise KeyboardInterrupt
        finished.append(self.name)
        return finish(self)

    with monkeypatch.context() as patch:
        patch.setattr(writer.SegmentWriter, "finish", stop_at_the_third)
        with pytest.raises(Interrupted, match="same command"):
            learn(str(table), to=tmp_path / "c.bunsan", **options)
    with pytest.raises(Missing, match="interrupted"):
        open_collection(tmp_path / "c.bunsan")
    resumed = learn(str(table), to=tmp_path / "c.bunsan", **options)
    assert resumed.report.resumed > 0
    assert resumed.report.resumed + resumed.report.added == 300
    names = [s.name for s in resumed.segments]
    assert names[:2] == finished  # they were not made again
    assert picture(resumed) == picture(learn(str(table), to=tmp_path / "f.bunsan", **options))


def test_a_temporary_collection_goes_with_its_object() -> None:
    collection = learn(["one two", "two three"], words=SPACES)
    folder = Path(collection.storage.location)
    assert folder.is_dir()
    del collection
    assert not folder.exists()


def test_nothing_to_read_says_why(tmp_path: Path) -> None:
    empty = tmp_path / "e.csv"
    empty.write_text("text,g\n,a\n", encoding="utf-8")
    with pytest.raises(BadInput, match="No document"):
        learn(str(empty), to=tmp_path / "c.bunsan", text="text", by="g")
    with pytest.raises(Missing):
        open_collection(tmp_path / "c.bunsan")
