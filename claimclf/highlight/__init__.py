"""The page a newsroom passes around: articles, every sentence marked by what it does, in one offline file.

Nothing in an article can run: its text is escaped, and the page's content security policy allows one script
and one style sheet, those of this package, by their hashes, and nothing from anywhere else.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from claimclf.labels import LABELS, Label
from claimclf.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from claimclf.document import Document, Sentence
    from claimclf.prediction import Prediction

_HERE = Path(__file__).parent
_NONE = "none"
# A shape for each act, so that colour is never needed to tell them apart.
_SHAPES = {
    Label.ACCUSATION: "▲",
    Label.DENIAL: "✖",
    Label.CALL_TO_ACTION: "➤",
    Label.FACTUAL_REPORT: "■",
    None: "○",
}
_KEYS = {
    Label.ACCUSATION: "a",
    Label.DENIAL: "d",
    Label.CALL_TO_ACTION: "c",
    Label.FACTUAL_REPORT: "f",
    None: "n",
}
_FRAGMENT_STYLES = {
    Label.ACCUSATION: "border-bottom:3px solid #b3261e",
    Label.DENIAL: "border-bottom:3px double #7b3fa0",
    Label.CALL_TO_ACTION: "border-bottom:3px dashed #a35200",
    Label.FACTUAL_REPORT: "border-bottom:2px dotted #00629b",
    None: "",
}


@dataclass(frozen=True)
class Article:
    """A document with a name.

    Attributes:
        name: what stands above it, and what corrections call its document.
        document: the text and its sentences.
    """

    name: str
    document: Document


def page(articles: Sequence[Article], title: str) -> str:
    """A self-contained page of some articles: filters, a bar of acts, correction by keyboard and its export.

    >>> from claimclf import predict_document
    >>> made = page([Article("a.txt", predict_document("He denied it."))], "One article")
    >>> made.startswith("<!doctype html>"), "<title>One article</title>" in made
    (True, True)
    """
    style, script = _resource("page.css"), _resource("page.js")
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="claimclf {escape(__version__)}">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#articles">To the text</a>
<header>
<h1>{escape(title)}</h1>
{_filters(articles)}
<div class="tools">
<label>confidence from <input type="range" id="least" min="0" max="100" value="0">
<output id="least-shown">0</output> %</label>
<button type="button" id="export" disabled>Save corrections (0)</button>
<details class="help"><summary>Keys</summary>{_help()}</details>
</div>
</header>
<main id="articles">
{"".join(_article(article, number) for number, article in enumerate(articles))}
</main>
<section class="panel" id="panel" aria-label="The chosen sentence" hidden>
<p id="said" aria-live="polite"></p>
<div role="toolbar" aria-label="Correct the label" class="correct">{_correct_buttons()}</div>
</section>
<footer>Labelled by claimclf {escape(__version__)}: what a sentence does, not whether it is true. It errs:
read what matters.</footer>
<script>{script}</script>
</body>
</html>
"""


def fragment(document: Document) -> str:
    """The document's text with its sentences marked, without scripts, for a notebook's cell."""
    paragraphs = (
        "<p>" + " ".join(_marked(sentence) for sentence in sentences) + "</p>"
        for sentences in document.paragraphs
    )
    legend = " · ".join(
        f'<span style="{_FRAGMENT_STYLES[label]}">{_SHAPES[label]} {escape(_name(label))}</span> {count}'
        for label, count in document.counts().items()
    )
    return f'<div class="claimclf"><p><small>{legend}</small></p>{"".join(paragraphs)}</div>'


def _marked(sentence: Sentence) -> str:
    prediction = sentence.prediction
    style = _FRAGMENT_STYLES[prediction.label]
    text = f'<span style="{style}" title="{escape(_says(prediction))}">{escape(sentence.text)}</span>'
    return f"<sup>{_shapes(prediction)}</sup>{text}"


def _filters(articles: Sequence[Article]) -> str:
    counts = dict.fromkeys((*LABELS, None), 0)
    for article in articles:
        for label, count in article.document.counts().items():
            counts[label] += count
    buttons = "".join(
        f'<button type="button" class="filter {_class(label)}" data-label="{_class(label)}" '
        f'aria-pressed="true">'
        f'<span class="shape" aria-hidden="true">{_SHAPES[label]}</span> {_name(label)} '
        f'<span class="count">{count}</span></button>'
        for label, count in counts.items()
    )
    return f'<div class="filters" role="group" aria-label="Show sentences that are">{buttons}</div>'


def _help() -> str:
    keys = [
        ("→ ←", "next, previous sentence that is shown"),
        *((f"{_KEYS[label]}", f"it is: {_name(label)}") for label in (*LABELS, None)),
        ("Shift + the same", "it does this, too"),
        ("Enter", "it is right as it is"),
        ("u", "take the correction back"),
    ]
    return "<dl>" + "".join(f"<dt><kbd>{key}</kbd></dt><dd>{meaning}</dd>" for key, meaning in keys) + "</dl>"


def _correct_buttons() -> str:
    return "".join(
        f'<button type="button" class="{_class(label)}" data-label="{_class(label)}">'
        f'<span class="shape" aria-hidden="true">{_SHAPES[label]}</span> {_name(label)} '
        f"<kbd>{_KEYS[label]}</kbd></button>"
        for label in (*LABELS, None)
    )


def _article(article: Article, number: int) -> str:
    document = article.document
    paragraphs = "".join(
        f"<p>{' '.join(_sentence(sentence) for sentence in sentences)}</p>\n"
        for sentences in document.paragraphs
    )
    empty = "" if len(document) else '<p class="empty">There is no sentence in it.</p>'
    heading = f"article-{number}"
    return (
        f'<article aria-labelledby="{heading}" data-doc="{escape(article.name)}">\n'
        f'<h2 id="{heading}">{escape(article.name)}</h2>\n{_bar(document)}{paragraphs}{empty}</article>\n'
    )


def _bar(document: Document) -> str:
    """The acts along the text: a lane each, so that their place tells them apart as well as their colour."""
    if not len(document):
        return ""
    length = max(1, len(document.text))
    strips = []
    for number, sentence in enumerate(document):
        label = sentence.prediction.label
        lane = (*LABELS, None).index(label)
        x, width = (
            1000 * sentence.start / length,
            max(1.5, 1000 * (sentence.end - sentence.start) / length - 1),
        )
        strips.append(
            f'<rect class="{_class(label)}" data-sentence="{number}" '
            f'x="{x:.1f}" y="{lane * 7}" width="{width:.1f}" height="6"/>'
        )
    said = ", ".join(f"{count} {_name(label)}" for label, count in document.counts().items())
    return (
        f'<svg class="bar" viewBox="0 0 1000 35" preserveAspectRatio="none" role="img" '
        f'aria-label="Acts along the text: {said}">{"".join(strips)}</svg>\n'
    )


def _sentence(sentence: Sentence) -> str:
    prediction = sentence.prediction
    labels = [label.value for label in prediction.labels]
    return (
        f'<span class="sentence {_class(prediction.label)}" role="button" tabindex="-1" '
        f'data-label="{_class(prediction.label)}" data-labels="{" ".join(labels)}" '
        f'data-confidence="{100 * prediction.confidence:.0f}" data-says="{escape(_says(prediction))}">'
        f'<span class="shape" aria-hidden="true">{_shapes(prediction)}</span>'
        f'<span class="text">{escape(sentence.text)}</span>'
        f'<span class="unseen"> ({escape(_says(prediction))})</span></span>'
    )


def _shapes(prediction: Prediction) -> str:
    return "".join(_SHAPES[label] for label in prediction.labels) or _SHAPES[None]


def _says(prediction: Prediction) -> str:
    """``accusation 91 %, also denial 60 %``."""
    also = [label for label in prediction.labels if label is not prediction.label]
    parts = [f"{_name(prediction.label)} {100 * prediction.confidence:.0f} %"]
    parts += [f"also {_name(label)} {100 * prediction.scores[label]:.0f} %" for label in also]
    return ", ".join(parts)


def _name(label: Label | None) -> str:
    return label.value.replace("_", " ") if label else "none of these"


def _class(label: Label | None) -> str:
    return label.value if label else _NONE


def _resource(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
