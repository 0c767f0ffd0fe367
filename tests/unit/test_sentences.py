from __future__ import annotations

import pytest
import sentencex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claimclf.sentences import split_sentences

QUOTES = {
    "straight double": ('"', '"'),
    "curly double": ("“", "”"),
    "guillemets": ("«", "»"),
    "curly single": ("‘", "’"),
    "straight single": ("'", "'"),
}
every_quote = pytest.mark.parametrize(("opening", "closing"), QUOTES.values(), ids=QUOTES.keys())

fragments = st.sampled_from(
    [
        *('"', "'", "“", "”", "‘", "’", "«", "»", "‹", "›", "„", "‚", "(", ")", "…", "—"),
        *(
            ". ",
            "! ",
            "? ",
            ".",
            "...",
            "?!",
            ", ",
            " ",
            "  ",
            "\n",
            "\n\n",
            "\r\n",
            "\t",
            "\u00a0",
            "\u3000",
            "\u2028",
        ),
        *("\ud800", "\udfff", "\0", "\x1c", "\x85", "\u200b", "\ufeff", "😀", "e\u0301", "مرحبا", "中文。"),
        *(
            "Kesh",
            "lied",
            "he said",
            "President Osmani said",
            "Dr.",
            "U.S.",
            "3.5",
            "p.m.",
            "J.",
            "B",
            "don't",
        ),
    ]
)
rich_text = st.one_of(
    st.lists(fragments, max_size=30).map("".join), st.text(st.characters(codec=None), max_size=60)
)


def sentences(text):
    return [text[start:end] for start, end in split_sentences(text)]


@settings(max_examples=300)
@given(rich_text)
@example("")
@example("\ud800")
@example(' "Kesh lied.\u2028Dolan left!" \x1c')
def test_spans_hold_the_text_in_order_and_leave_out_only_white_space(text):
    position = 0
    for start, end in split_sentences(text):
        assert position <= start < end <= len(text)
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


@given(st.lists(fragments, max_size=12).map("".join))
def test_splitting_is_repeatable(text):
    assert split_sentences(text) == split_sentences(text)


@every_quote
def test_a_quotation_of_several_sentences_is_split_inside(opening, closing):
    text = f"Kesh wrote: {opening}They lie. Stop it! We stay.{closing} Then he left."
    assert sentences(text) == [
        f"Kesh wrote: {opening}They lie.",
        "Stop it!",
        f"We stay.{closing}",
        "Then he left.",
    ]


@every_quote
def test_a_quotation_that_opens_the_text_is_split_inside(opening, closing):
    assert sentences(f"{opening}They lie. Stop it!{closing}") == [f"{opening}They lie.", f"Stop it!{closing}"]


@every_quote
def test_an_opening_quote_goes_with_the_next_sentence(opening, closing):
    assert sentences(f"Kesh left. {opening}We stay,{closing} he added.") == [
        "Kesh left.",
        f"{opening}We stay,{closing} he added.",
    ]


@every_quote
def test_a_closing_quote_goes_with_the_previous_sentence(opening, closing):
    assert sentences(f"{opening}We stay.{closing} Kesh left.") == [
        f"{opening}We stay.{closing}",
        "Kesh left.",
    ]


@every_quote
def test_between_two_quotations_each_keeps_its_marks(opening, closing):
    assert sentences(f"{opening}We stay.{closing} {opening}They go.{closing}") == [
        f"{opening}We stay.{closing}",
        f"{opening}They go.{closing}",
    ]


@every_quote
@pytest.mark.parametrize(
    "clause",
    [
        "he said.",
        "President Osmani said.",
        "a tired senator asked.",
        "Mr. Verrin added on Monday.",
        "Dolan's aide replied.",
    ],
)
@pytest.mark.parametrize("end", ["!", "?"])
def test_a_reporting_clause_stays_with_its_quotation(opening, closing, clause, end):
    text = f"{opening}Stop now{end}{closing} {clause}"
    assert sentences(text) == [text]


@every_quote
def test_a_reporting_clause_stays_with_the_last_sentence_of_its_quotation(opening, closing):
    assert sentences(f"{opening}They lie. Stop now!{closing} President Osmani said. Kesh left.") == [
        f"{opening}They lie.",
        f"Stop now!{closing} President Osmani said.",
        "Kesh left.",
    ]


def test_a_quotation_in_single_guillemets_is_split_inside():
    assert sentences("Kesh wrote: ‹They lie. Stop it!› Then he left.") == [
        "Kesh wrote: ‹They lie.",
        "Stop it!›",
        "Then he left.",
    ]


def test_a_reporting_clause_stays_with_its_quotation_in_single_guillemets():
    assert sentences("‹Stop now!› he said.") == ["‹Stop now!› he said."]


@every_quote
def test_a_new_sentence_after_a_quotation_is_a_sentence(opening, closing):
    assert sentences(f"{opening}Stop now!{closing} The crowd went home. It rained.") == [
        f"{opening}Stop now!{closing}",
        "The crowd went home.",
        "It rained.",
    ]


@pytest.mark.parametrize("break_", ["\n\n", "\r\n\r\n"])
def test_a_reporting_clause_does_not_reach_over_a_paragraph_break(break_):
    text = f'"They must go!"{break_}Minister Dolan said that talks resume in June.'
    assert sentences(text) == ['"They must go!"', "Minister Dolan said that talks resume in June."]


@pytest.mark.parametrize(("opening", "closing"), [("“", "”"), ("«", "»"), ("‘", "’")])
def test_an_opening_quote_goes_with_the_next_sentence_even_without_a_space(opening, closing):
    assert sentences(f"Kesh left.{opening}We stay.{closing}") == ["Kesh left.", f"{opening}We stay.{closing}"]


def test_an_apostrophe_that_opens_a_word_goes_with_its_word():
    assert sentences("Kesh left. ’Twas late.") == ["Kesh left.", "’Twas late."]


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. Verrin met Mr. Dolan and Mrs. Kesh.",
        "She blamed Ms. Dolan.",
        "J. R. Dolan thanked S. Verrin.",
        "The U.S. delegation left Kesh.",
        "Gen. Dolan and Sen. Verrin disagreed.",
        "Prices rose 3.5 per cent to $1,200.50 a head.",
        "About 1.2 million people live there.",
        "Polls close at 8 p.m. in Kesh.",
        "The plan (see p. 3) failed.",
        "The senators' plan and the players’ union didn't agree.",
        "The talks, he said, were “useful”.",
    ],
)
def test_dots_and_apostrophes_inside_a_sentence_do_not_split_it(sentence):
    assert sentences(f"{sentence} Kesh left.") == [sentence, "Kesh left."]


@pytest.mark.parametrize("mark", [".", "!", "?", "...", "?!", "!!!", "…"])
def test_every_final_mark_ends_a_sentence(mark):
    assert sentences(f"Kesh left{mark} Dolan stayed.") == [f"Kesh left{mark}", "Dolan stayed."]


@pytest.mark.parametrize(
    "break_", ["\n\n", "\r\n\r\n", "\n\n\n", "\n \n", "\r\r", "\n\f", "\f\n", "\u2028\x85"]
)
def test_a_blank_line_ends_a_sentence(break_):
    assert sentences(f"Kesh accused of fraud{break_}Dolan stayed.") == [
        "Kesh accused of fraud",
        "Dolan stayed.",
    ]


def test_a_line_that_wraps_does_not_end_a_sentence():
    assert sentences("Kesh left\nthe room. Dolan stayed.") == ["Kesh left\nthe room.", "Dolan stayed."]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u00a0\u2003", "\x1c\x1d"])
def test_a_blank_text_has_no_sentences(text):
    assert split_sentences(text) == []


@pytest.mark.parametrize("text", ["\ud800", '"', "”", ".", "\0", "😀", "…"])
def test_a_lone_character_is_kept(text):
    assert sentences(text) == [text]


@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\u2028", "\u2029", "\x85"])
def test_a_space_of_several_bytes_after_an_initial_is_a_space(space):
    text = f"“What could I{space}.{space}.{space}. do?” She left."
    assert sentences(text)[-1] == "She left."
    assert "".join("".join(sentences(f"A{space}.")).split()) == "A."


def test_a_text_that_sentencex_breaks_on_is_split_at_its_lines_alone(monkeypatch):
    class PanicException(BaseException):
        """As the Rust of sentencex raises it."""

    def panics(*_):
        raise PanicException

    monkeypatch.setattr(sentencex, "get_sentence_boundaries", panics)
    assert sentences("A headline\nThey met on Monday and talked. He left.") == [
        "A headline",
        "They met on Monday and talked. He left.",
    ]


def test_offsets_count_characters_not_bytes():
    assert split_sentences("😀 Čas vypršel. 中 left.") == [(0, 14), (15, 22)]


MILLION = 1_000_000


@pytest.mark.parametrize(
    "piece",
    [
        *('"', "'", "“", "’", ".", "!", "x", " ", "\n", "\ud800"),
        *('."', "“”", "'a ", "Ab. ", '"A. B." ', "A!\n\n", '"A!" he said. ', "“A.” ", "x." * 50 + '!" '),
        '"A!" ' + "bcdefg " * 30,
    ],
    ids=lambda piece: ascii(piece)[:16],
)
def test_a_megabyte_of_anything_is_split_without_loss(piece):
    text = piece * (MILLION // len(piece))
    spans = split_sentences(text)
    assert sum(end - start for start, end in spans) >= len("".join(text.split()))


def test_a_mark_amid_a_megabyte_of_space_is_kept():
    text = "Kesh left." + " " * MILLION + "Dolan stayed."
    assert sentences(text) == ["Kesh left.", "Dolan stayed."]


@pytest.mark.parametrize(
    "sentence",
    [
        "Approx. 40 tons, incl. packaging, arrived on Wed. at noon.",
        "He quoted para. 3 of Art. 7 on Fri. Sept. 12.",
        "Cllr. Banda met M.-L. Dupré at Ft. Merel.",
        "MS. HALLORAN: We reject it.",
        "The singer of Wham! in its day agreed.",
        "What did he know? and when?",
        "Was it murder?—nobody knows.",
        'He called it "a lie.".',
        '"This is great." she said.',
        "``This is great.'' she said.",
        "The pro-U.S. faction, the China–U.S. talks and the U.S.-U.K. pact failed.",
        "Sen. Brandt, R-S.C., and Rep. Tran, D-N.Y., met an ex-F.B.I. agent.",
        "Officials—U.S. ones—met non‑U.N. observers.",
        "She accused then-Gov. Rask of covering up deaths.",
        "He met ex-Sen. Pike, co-Capt. Lee, vice-Adm. Ruiz and acting-Col. Ito.",
        "In mid-Jan. 2020 and late-Dec. 2021 he left.",
        "Democrats accused J.D. Orrin of lying.",
        "On Monday, J.D. Orrin denied it.",
        "It was backed by M.A. Lund, by M.D. Moss and by A. M. Osei.",
        "Sen. Brandt (D-Ariz.) Tuesday accused Lt. Gen. (Ret.) Osei of lying.",
        "Osei Textiles (Pvt.) Ltd. closed.",
        "“...and they lie,” he said.",
        "“... And they lie,” he said.",
        "He said: “...and they lie.”",
        "I never . . . I never said that.",
        ".@MayorOsei must act.",
        "„Stop now!“ he said.",
        "The summit begins at 3 p.m. ET Monday, 9 p.m. CEST.",
        "The summit begins at 3 p.m. Monday and ends at 3 p.m. March 4 in Arva.",
        "The load weighed 200 lbs. and grew by 5 pct. in May, govt. officials said.",
    ],
)
def test_a_stop_inside_a_sentence_does_not_split_it(sentence):
    assert sentences(f"{sentence} Kesh left.") == [sentence, "Kesh left."]


def test_a_sentence_in_brackets_is_a_sentence():
    assert sentences("He resigned. (He denies it.) Kesh left.") == [
        "He resigned.",
        "(He denies it.)",
        "Kesh left.",
    ]


def test_nobody_reports_a_quotation():
    assert sentences('"Why?" Nobody answered.') == ['"Why?"', "Nobody answered."]


def test_a_question_and_its_answer_keep_their_letters():
    assert sentences("Q. Were you there?\nA. I was.") == ["Q. Were you there?", "A. I was."]


def test_a_line_that_had_room_for_the_next_word_is_a_headline():
    text = "Talks fail in Arva\nBy Ines Calder\nThe talks of Kesh and President\nOsmani failed on Monday."
    assert sentences(text) == [
        "Talks fail in Arva",
        "By Ines Calder",
        "The talks of Kesh and President\nOsmani failed on Monday.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He wrote: ' We stay . ' Kesh left .", ["He wrote: ' We stay . '", "Kesh left ."]),
        ("We stay ? '' Kesh left .", ["We stay ? ''", "Kesh left ."]),
        ("`` We stay , '' she wrote . `` Go !", ["`` We stay , '' she wrote .", "`` Go !"]),
    ],
)
def test_a_mark_between_spaces_closes_what_was_opened(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize("bullet", ["-", "–", "—", "•", "*"])
def test_an_item_of_a_list_is_a_sentence(bullet):
    text = f"Demands of the union:\n{bullet} higher wages\n{bullet} a new contract for all who work at night"
    assert len(sentences(text)) == 3


def test_a_dash_at_the_start_of_a_wrapped_line_is_no_bullet():
    assert len(sentences("He denied it all\n– and left.")) == 1


def test_someone_who_said_something_of_his_own_does_not_report_the_quotation():
    text = '"Why us?" The governor said he did not know.'
    assert sentences(text) == ['"Why us?"', "The governor said he did not know."]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("We need a Plan-B.", "He has none."),
        ("He left in mid-May.", "She stayed."),
        ("We met Jean-Jan.", "He waved."),
        ("He flew to the U.S.", "She stayed."),
        ("She has a J.D.", "Harvard hired her."),
        ("He holds an M.A.", "He lives in Arva."),
        ("Jane Moss is an M.D.", "Kesh sued her."),
        ("He left.", "J.D. Orrin denied it."),
        ("They met at 8 p.m.", "The army left."),
        ("They met at 8 p.m.", "Government troops left."),
        ("They met at 8 P.M.", "Government troops left."),
        ("It shut at 4 p.m.", "Central bankers met."),
        ("(He paid the mayor.)", "Police doubt it."),
        ("[Applause.]", "Then it closed."),
        ("They promised a road . . .", "None was built."),
        ("He left.", ".@MayorOsei must act."),
        ("„Das ist eine Lüge.“", "He denied it."),
        ("‚Das ist eine Lüge.‘", "He denied it."),
        ("He said it‚ she did not.", "‘We go,’ he added."),
    ],
)
def test_what_looks_like_a_stop_inside_a_sentence_may_end_one(first, second):
    assert sentences(f"{first} {second}") == [first, second]


def test_a_carriage_return_too_many_is_no_blank_line():
    assert len(sentences("Kesh left the room and\r\r\nwent home.")) == 1


def test_a_text_longer_than_a_window_is_split_as_its_parts_are():
    part = "He left (so they say. Nobody knows.) The U.S. delegation, led by Ms. Kesh, stayed. "
    assert sentences(part * 100) == sentences(part) * 100


@pytest.mark.parametrize("piece", ["日本。", "Abc!", "Ab (c). "])
def test_a_text_is_shown_to_sentencex_in_windows(monkeypatch, piece):
    lengths = []
    split = sentencex.get_sentence_boundaries
    monkeypatch.setattr(
        sentencex,
        "get_sentence_boundaries",
        lambda language, text: lengths.append(len(text)) or split(language, text),
    )
    assert len(sentences(piece * 5_000)) == 5_000
    assert max(lengths) <= 3_000
    assert sum(lengths) <= 2 * len(piece) * 5_000
