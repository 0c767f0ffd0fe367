from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimclf.decision import IDENTITY, decide
from claimclf.document import Document, Sentence
from claimclf.highlight import Article, fragment, page
from claimclf.labels import LABELS

LOGITS = {
    "accusation": [3, -3, -3, -3],
    "denial": [-3, 3, -3, -3],
    "call_to_action": [-3, -3, 3, -3],
    "factual_report": [-3, -3, -3, 3],
    "none": [-9, -9, -9, -9],
}


def document(*sentences):
    """A document of sentences, each given with what it does."""
    text, made = "", []
    for words, act in sentences:
        made.append(Sentence(len(text), len(text) + len(words), words, decide(LOGITS[act], IDENTITY)))
        text += words + " "
    return Document(text, tuple(made))


EVERY_ACT = document(*((f"It is {act}.", act) for act in LOGITS))


class Elements(HTMLParser):
    """Collects every tag with its attributes, and the text."""

    def __init__(self, source):
        super().__init__()
        self.tags = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_the_page_holds_every_sentence_with_its_label_and_confidence():
    tags = Elements(page([Article("a.txt", EVERY_ACT)], "t")).tags
    sentences = [attributes for tag, attributes in tags if "data-says" in attributes]
    assert [attributes["data-label"] for attributes in sentences] == list(LOGITS)
    assert all(re.fullmatch(r"\d{1,3}", attributes["data-confidence"]) for attributes in sentences)
    assert sum(tag == "rect" for tag, _ in tags) == len(LOGITS)


def test_the_policy_allows_the_script_and_the_style_of_the_page_and_nothing_else():
    source = page([Article("a.txt", EVERY_ACT)], "t")
    (policy,) = (
        a["content"] for t, a in Elements(source).tags if a.get("http-equiv") == "Content-Security-Policy"
    )
    for tag in ("style", "script"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", source, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_page_fetches_nothing():
    source = page([Article("a.txt", EVERY_ACT)], "t")
    assert not [a for _, a in Elements(source).tags if {"src", "style", "onclick", "onload"} & a.keys()]
    assert not re.search(r"https?://|url\(|@import", source)


hostile = st.lists(
    st.sampled_from(
        [
            *"<>\"'&=/ ",
            "</script>",
            "<script>",
            "<img src=x onerror=alert(1)>",
            "</span>",
            "-->",
            "{{",
            "\0",
            "\ud800",
        ]
    )
).map("".join)


@settings(max_examples=150)
@given(hostile, hostile)
def test_no_text_becomes_markup(text, name):
    made = document((text or "x", "denial"))
    plain = page([Article("n", document(("x", "denial")))], "t")
    source = page([Article(name, made)], name)
    assert [tag for tag, _ in Elements(source).tags] == [tag for tag, _ in Elements(plain).tags]
    assert [sorted(a) for _, a in Elements(source).tags] == [sorted(a) for _, a in Elements(plain).tags]


@settings(max_examples=80)
@given(hostile)
def test_no_text_becomes_markup_in_a_notebook(text):
    tags = [tag for tag, _ in Elements(fragment(document((text or "x", "denial")))).tags]
    assert tags == [tag for tag, _ in Elements(fragment(document(("x", "denial")))).tags]


def test_an_article_without_a_sentence_says_so():
    assert "There is no sentence in it." in page([Article("empty.txt", Document("", ()))], "t")


def test_a_notebook_shows_the_sentences_and_counts():
    text = Elements(EVERY_ACT._repr_html_()).text
    assert "It is denial." in text
    assert all(label.value.replace("_", " ") in text for label in LABELS)


def test_a_document_makes_its_page():
    assert EVERY_ACT.to_html("Minutes") == page([Article("Minutes", EVERY_ACT)], "Minutes")


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("background", ["paper", "panel"])
@pytest.mark.parametrize("foreground", ["ink", "soft", *LOGITS])
def test_text_and_marks_stand_out_by_wcag_aa(scheme, background, foreground):
    source = page([], "t")
    colours = [
        dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", source, re.DOTALL)
    ][scheme]
    light, dark = sorted((_luminance(colours[background]), _luminance(colours[foreground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
