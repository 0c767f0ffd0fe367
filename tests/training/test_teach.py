from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from claimclf import LABELS
from claimclf.decision import IDENTITY, Temperature
from claimclf.errors import LabelledDataError, OutputExistsError
from tests.conftest import labelled_records, write_jsonl
from training.config import TrainingConfig
from training.data import LabelledSentence, read_taught, targets
from training.teach import _chosen, teach
from training.training_data import TrainingData


@pytest.fixture
def pool(tmp_path):
    records = [{"text": r["text"], "doc": f"pool-{r['doc']}"} for r in labelled_records(seed=3)]
    return write_jsonl(tmp_path / "pool.jsonl", records)


def test_a_teacher_writes_its_scores(tiny, tiny_dir, pool, tmp_path):
    output = tmp_path / "taught.jsonl"
    teach([str(tiny_dir)], texts=str(pool), output=output, count=40, ask=200)
    rows = read_taught(output)
    assert len({row.text for row in rows}) == 40
    for row, prediction in zip(rows, tiny.predict([row.text for row in rows]), strict=True):
        assert row.scores == pytest.approx([prediction.scores[label] for label in LABELS], abs=1e-4)
        assert row.doc.startswith("pool-")


def test_several_teachers_are_averaged(tiny_dir, calibrated, pool, tmp_path):
    warm = calibrated(replace(IDENTITY, temperatures=(Temperature(3.0, 3.0),) * 4))._model_dir.path
    said = []
    for number, teachers in enumerate(([tiny_dir], [warm], [tiny_dir, warm])):
        output = tmp_path / f"{number}.jsonl"
        teach([str(teacher) for teacher in teachers], texts=str(pool), output=output, count=500, ask=500)
        said.append({row.text: np.array(row.scores) for row in read_taught(output)})
    one, other, both = said
    assert any(not np.allclose(one[text], other[text], atol=0.01) for text in one)
    for text, scores in both.items():
        assert scores == pytest.approx((one[text] + other[text]) / 2, abs=2e-4)


def test_half_are_likely_acts_as_far_as_there_are_so_many():
    scores = np.zeros((1000, 4))
    scores[:300, 0] = 0.4
    chosen = _chosen(scores, 400, random.Random(0))
    assert len(set(chosen)) == 400
    assert 200 <= sum(number < 300 for number in chosen) < 300
    few = _chosen(scores[250:], 400, random.Random(0))
    assert sum(number < 50 for number in few) == 50
    assert len(_chosen(scores, 5000, random.Random(0))) == 1000


def test_what_is_there_is_not_overwritten(tiny_dir, pool):
    with pytest.raises(OutputExistsError, match="Remove it or choose another path"):  # there is no --force
        teach([str(tiny_dir)], texts=str(pool), output=pool)


def test_targets_are_scores_where_there_are_some_and_smoothed_labels_elsewhere():
    rows = [
        LabelledSentence("a", (LABELS[1],), "d", ""),
        LabelledSentence("b", (), "d", "", scores=(0.1, 0.2, 0.3, 0.4)),
    ]
    expected = [[0.025, 0.925, 0.025, 0.025], [0.1, 0.2, 0.3, 0.4]]
    np.testing.assert_allclose(targets(rows, smoothing=0.1), expected, rtol=1e-6)
    np.testing.assert_array_equal(targets(rows[:1]), [[0, 1, 0, 0]])


@pytest.mark.parametrize(
    "scores",
    [
        None,
        [1, 2],
        {"denial": 1},
        {label.value: 2 for label in LABELS},
        {label.value: "x" for label in LABELS},
    ],
)
def test_scores_that_are_none_are_named_by_their_line(tmp_path, scores):
    path = write_jsonl(tmp_path / "taught.jsonl", [{"text": "a", "scores": scores}])
    with pytest.raises(LabelledDataError, match="line 1"):
        read_taught(path)


def test_taught_sentences_of_held_out_texts_and_documents_are_left_out(tmp_path):
    train = write_jsonl(tmp_path / "train.jsonl", labelled_records())
    scores = {label.value: 0.2 for label in LABELS}
    records = labelled_records()
    config = TrainingConfig(train=[str(train)])
    data = TrainingData.read(config)
    held_out, fresh = data.validation[0], "Kesh rows home ."
    taught = write_jsonl(
        tmp_path / "taught.jsonl",
        [
            {"text": fresh, "doc": "elsewhere", "scores": scores},
            {"text": held_out.text.upper(), "doc": "elsewhere", "scores": scores},
            {"text": "Dolan rows home .", "doc": held_out.doc, "scores": scores},
            {"text": "Osmani rows home .", "doc": data.dev[0].doc, "scores": scores},
        ],
    )
    data = TrainingData.read(config.with_values({"taught": [str(taught)]}))
    assert [row.text for row in data.taught] == [fresh]
    assert len(data.train) + len(data.validation) + len(data.dev) + data.left_out == len(records)
