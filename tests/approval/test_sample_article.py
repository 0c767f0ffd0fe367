"""The sample article as the shipped model labels it: a change of model or splitter shows here."""

from __future__ import annotations

from pathlib import Path

import claimclf
from claimclf.cli import SAMPLE_ARTICLE

APPROVED = Path(__file__).with_name("sample_article.approved.txt")


def test_the_sample_article_is_labelled_as_approved() -> None:
    document = claimclf.predict_document(SAMPLE_ARTICLE.read_text(encoding="utf-8"))
    received = "".join(
        f"{sentence.prediction.label or 'none'}\t{' '.join(sentence.text.split())}\n"
        for sentence in document.sentences
    )
    assert received == APPROVED.read_text(encoding="utf-8")
