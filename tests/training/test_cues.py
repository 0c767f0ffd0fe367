from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimclf.labels import Label
from training.cues import acts

LETTERS = {
    "A": Label.ACCUSATION,
    "D": Label.DENIAL,
    "C": Label.CALL_TO_ACTION,
    "F": Label.FACTUAL_REPORT,
}

ACCUSATIONS = {
    "reported": "The union accused the port operator of hiding safety reports.",
    "blame": "Farmers blame the dam's owner for the flood.",
    "criticism": "Teachers criticized the minister over the late salaries.",
    "condemnation": "Norway condemned the seizure of the trawler as piracy.",
    "headline": "Auditor slams council over missing millions",
    "suspicion": "Detectives suspect him of forging the will.",
    "allegation, active": "The suit's authors allege that the bank hid its losses.",
    "allegation, passive": "The treasurer is alleged to have kept two sets of books.",
    "allegation, adverb": "A clerk allegedly sold exam papers to students.",
    "unnamed sources": "There were numerous reports that jobs went to party donors.",
    "charge": "Two customs agents were charged with smuggling cigarettes.",
    "indictment": "A grand jury indicted the former sheriff.",
    "trial": "The surgeon is on trial for fraud.",
    "lawsuit": "Residents sued the smelter over lead in their wells.",
    "failing": "The ministry failed to repair the bridge it had declared unsafe.",
    "failing, adverb": "The inspectors did not effectively enforce the fishing ban.",
    "breach": "Prison guards routinely beat inmates.",
    "breach, passive": "Striking miners were tortured in the barracks.",
    "violation": "The new wall violates the border treaty.",
    "characterised": "The opposition leader called the tender a farce.",
    "characterised, copula": "The committee's ruling was outrageous.",
}
DENIALS = {
    "deny": "The airline denied any role in the leak.",
    "deny, clause": "The coach denied that he had bribed the referee.",
    "headline": "Mayor denies wrongdoing in land sale",
    "deny, passive": "The report was quickly denied by the palace.",
    "relative clause": "The clinic lost the records, which its director denies.",
    "reject": "The embassy rejected the accusations as a smear.",
    "dismiss": "The club dismissed the story as baseless.",
    "refute": "The chemist refuted every point in the article.",
    "untrue": "The rumour about the well is plainly untrue.",
    "no evidence": "There is no evidence that our pump caused the leak.",
    "plea": "The broker pleaded not guilty.",
    "exculpation": "I never said that the levy would go.",
    "unrelated": "Our company had nothing to do with the spill.",
    "uninvolved": "The colonel said he was not involved in the ambush.",
    "correction": "Nobody is suggesting a ban on bicycles.",
}
CALLS = {
    "imperative": "Join the march on Friday!",
    "imperative, no": "Don't leave the valley road open.",
    "please": "The bell is fragile, please ring it gently.",
    "must": "The rebels must withdraw from the airfield.",
    "must, no agent": "The shelling must stop.",
    "we must": "We must protect the wetlands together.",
    "should": "Landlords should lower the rents.",
    "need to": "Both sides need to return to the table.",
    "urge": "The abbot urged calm.",
    "call for": "Surgeons called for an inquiry into the deaths.",
    "call on": "Peru calls on its neighbours to open the passes.",
    "demand": "Protesters demanded the governor's resignation.",
    "appeal": "The zoo appealed to visitors for patience.",
    "order to an addressee": "The admiral ordered the crew to abandon the ship.",
    "recommend": "The panel recommended that the ferry company train its pilots.",
    "let us": "Let us rebuild the harbour.",
    "time to": "It is time to mend the law.",
    "hope": "We hope they will free the crew.",
}
REPORTS = {
    "event": "A blaze killed nine horses on Tuesday.",
    "combat": "The rebels attacked a checkpoint near the river.",
    "neutral speech": "The minister said talks resume on Monday.",
    "access denied": "The crew was denied entry to the harbour.",
    "visa refused": "The consulate denied the pianist's visa on Friday.",
    "offer refused": "The guild rejected the offer on Monday.",
    "appeal refused": "The court rejected the appeal.",
    "no comment": "A spokesman declined to comment on the allegations.",
    "neither": "The base would neither confirm nor deny the flight.",
    "negation": "No one was hurt in the landslide.",
    "the accused": "The accused arrived in Lima on Thursday.",
    "participle": "Three men accused of theft appeared in court.",
    "modifier": "The alleged thefts come before a judge in March.",
    "neutral characterisation": "Observers called the vote historic, and turnout was 71 percent.",
    "fined for": "The dairy was fined for misleading labels.",
    "price": "The museum charged a small fee, and fees rose in May.",
    "conviction": "The forger was sentenced to four years.",
    "economics": "Strong demand for copper raised prices.",
    "calls as a noun": "The vote was held amid calls for reform.",
    "order taken": "The court ordered a recount.",
    "rule": "Divers must be 16.",
    "warning, no instruction": "Geologists warned that the slope was moving.",
    "plan of one's own": "The railway will build a tunnel.",
    "disputed land": "Ships from both countries patrol the disputed islands.",
}
NONE = {
    "question": "Where does the ferry land?",
    "question, loaded": "Why did they accuse the baker?",
    "question, quoted": "“Who must pay for the roof?”",
    "thanks": "I thank the chair for her briefing.",
    "greeting": "Good morning, everybody.",
    "opinion": "I think the hall looked lovely in spring.",
    "praise": "It was a wonderful evening for our choir.",
    "prediction": "The harvest will surely fail.",
    "principle": "Every child deserves a garden.",
    "fragment": "A map of the old town.",
    "speaker": "Let me turn to the harbour.",
}
ONE_ACT = {"A": ACCUSATIONS, "D": DENIALS, "C": CALLS, "F": REPORTS, "": NONE}
SEVERAL = [
    ("The mayor blamed the contractor and urged residents to stay indoors.", "AC"),
    ("The envoy urged restraint but accused the militia of looting.", "CA"),
    ("The lender denied it and accused them of lying.", "DA"),
    ("The prince was accused of tax fraud, a charge he denies.", "AD"),
    # The charge inside a denial is part of it.
    ("The bishop denied accusations that he had lied to the court.", "D"),
    ("The firm rejected claims that it violated the embargo.", "D"),
    # A refused demand is no denial, so what follows it counts.
    ("The king refused the demands, and critics called him a liar.", "A"),
]


@pytest.mark.parametrize(
    ("letters", "sentence"),
    [
        pytest.param(letter, sentence, id=f"{letter or 'none'}: {case}")
        for letter, cases in ONE_ACT.items()
        for case, sentence in cases.items()
    ]
    + [(letters, sentence) for sentence, letters in SEVERAL],
)
def test_each_case_of_the_codebook_has_its_cue(letters: str, sentence: str) -> None:
    assert acts(sentence) == tuple(LETTERS[letter] for letter in letters)


@pytest.mark.parametrize("sentence", ["We’re told that’s not true.", "WE'RE TOLD  THAT'S NOT\n TRUE."])
def test_apostrophes_case_and_spacing_do_not_matter(sentence: str) -> None:
    assert acts(sentence) == (Label.DENIAL,)


@given(st.text() | st.lists(st.sampled_from(" ".join(case[1] for case in SEVERAL).split())).map(" ".join))
def test_any_text_has_distinct_acts_and_a_report_stands_alone(text: str) -> None:
    found = acts(text)
    assert len(set(found)) == len(found)
    assert Label.FACTUAL_REPORT not in found or len(found) == 1
    assert acts(f"  {text}\n") == found


@pytest.mark.parametrize("unit", ["a", " ", "-", "a: ", "police ", "denied the ", "é\ud800"])
def test_a_megabyte_is_read_to_its_end(unit: str) -> None:
    assert acts(unit * (1_000_000 // len(unit)) + " He blamed the storm.") == (Label.ACCUSATION,)
