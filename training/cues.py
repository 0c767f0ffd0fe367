"""Cue words: a baseline that learns nothing, its rules written from the codebook.

The tables hold one regular expression a line. A word in capitals stands for the block of that name, a line
that begins with # names the codebook's case. Texts are matched in lower case, with straight apostrophes.
Every repeat is bounded, anchored or of one kind of character: matching takes time linear in the text.
"""

from __future__ import annotations

import re

from claimclf.labels import Label

_BLOCKS = {
    "GAP": r"([\w'-]{1,30},? ){0,4}?",
    "ADVERB": r"(([a-z']{2,12}ly|just|also|often|always|still|now|so|all) ){0,2}",
    # Who can fail a duty or breach a right
    "POWER": r"(governments?|regime|authorit(y|ies)|police|forces|military|army|soldiers|troops|officers"
    r"|officials|agents|militias?|ministry|courts?|judiciary|judges|prosecutors|parliament|congress|senate"
    r"|employers|guards|administration|gangs|rebels|the party|law enforcement)",
    "CLAIM": r"(accusations?|allegations?|charges?|claims?|reports?|rumou?rs?|notion|suggestions?|assertions?"
    r"|ideas?|premise|criticisms?|characteri[sz]ation|involvement|role|responsibility|wrongdoing|links?"
    r"|knowledge|statements?|stor(y|ies)|narratives?|remarks?|theor(y|ies)|arguments?)",
    "UNTRUE": r"(not true|untrue|false|(base|ground)less|unfounded|inaccurate|incorrect|nonsense|absurd"
    r"|ridiculous|fabricat(ed|ions?)|bogus|fake|not (accurate|correct|the case)"
    r"|(an? )?(lies?|myth|hoax|fiction))",
    "WRONG": r"(illegal|unlawful|illegitimate|unconstitutional|unfair|unjust|unjustified|unacceptable"
    r"|corrupt|rigged|fraudulent|shameful|disgraceful|outrageous|irresponsible|reckless|hypocri\w+|criminals?"
    r"|barbaric|cowardly|biased|dishonest|lying|repressive|negligent|incompetent|politically motivated"
    r"|neither free nor fair|(an? )?(\w+ )?(sham|farce|provocation|disgrace|betrayal|violation|crime|liar))",
    "NEEDS": r"(must|should|ought to|(needs?|ha(s|ve)) to|had better)",
    "IMPERATIVE": r"(stop|end|join|vote|consider|ensure|continue|take|adopt|ratify|accede|intensify"
    r"|strengthen|put|cease|prosecute|abolish|investigate|protect|pay|go|improve|tell|review|withdraw|give"
    r"|sign|train|amend|keep|repeal|halt|establish|implement|share|lift|refrain|step|come|get|read|listen|call"
    r"|contact|donate|click|wait|remember|respect|release|provide|guarantee|bring|stand|write|find|follow|raise|leave"
    r"|boycott)(?! (is|was|are|were|has|of|and|by)\b)",
    # What is refused without any allegation
    "REQUEST": r"(access|entry|visas?|bail|parole|permi\w+|registration|requests?|appeals?|applications?"
    r"|petitions?|services?|asylum|care|benefits|rights?|offers?|proposals?|bids?|deals?|demands?|plans?|bill"
    r"|invitations?|comment|funding)",
}
_CUES = {
    Label.ACCUSATION: r"""
        # Accusing, blaming, criticising, condemning
        (accus|blam|critici[sz]|denounc)(e|es|ed|ing)
        critics|critical of|slam(s|med)|lash(ed|es) out|deplor(e|es|ed)
        (we|i|strongly|has|have) condemn|condemn(s|ed|ing)
        (repeated|made|level+ed|faces?|faced|drew|sparked) GAP(accusations|allegations|criticism)
        # Suspicion, complaint, allegations in the passive or without a source
        alleg(es?|ing|edly)|alleged (that|the|he|she|they|it|to)|(is|are|was|were|been) alleged
        (accusations|allegations) (that|of|against)
        (were|have been|numerous|credible|received) (\w+ ){0,2}(reports?|complaints?) (that|of)
        on suspicion|suspect(s|ed)? (of|him|her|them|that|in)|complain(s|ed|ing)? (that|of|about)|implicated
        # Charges, suits and trials that state the charge
        (is|was|were|been|are|has|have|prosecutors|they|he|she|and|police) charged|charged with
        charges (of|that)
        on (\w+ ){0,3}charges|on trial for|sue[sd]|filed GAP(law)?suit|indict(s|ed)
        # Failings of an authority
        (did|do|does|has|have|was|were) not (always|consistently|effectively|adequately|fully|sufficiently)
        POWER (\w+ ){0,2}?(did not|didn't|do(es)? not|refus(es|ed) to|ignor(es|ed)|failed to)
        (has|have|had) failed|failure to|with impunity|(done|doing|did) (absolutely )?nothing
        # Breaches of right and law, hostile conduct
        POWER (\w+ ){0,4}?(tortur|harass|intimidat|beat|abus|persecut|silenc|censor|violat|extort|bribe)\w*
        POWER (\w+ ){0,4}?(arrested|detained|restrict|threaten|block|interfer|discriminat|punish|exploit)\w*
        (was|were|been|being) (tortured|harassed|beaten|persecuted|intimidated|silenced)
        violat(es|ed|ing)|in violation of|at the expense of|excessive force|arbitrarily|under the guise
        pretext|lied|misled|deceived|rigged|smear\w*|cover(ed)? up|turned a blind eye|terroriz(e|es|ed|ing)
        (seeks?|seeking|trying|tried|attempt\w*|wants?) to (destroy|undermine|destabili[sz]e|divide|silence)
        (seeks?|seeking|trying|tried|attempt\w*|wants?) to (intimidate|steal|hide|mislead|suppress|erase)
        # Characterised as a wrong
        (is|are|was|were|it's|that's|as|call(s|ed|ing) (?!on|for)GAP) ?ADVERB(an? |the )?WRONG
    """,
    Label.DENIAL: r"""
        # Denying, refuting, rejecting a claim; also in the passive
        den(y|ies|ied|ying)(?=[.,;:!]|$| (it|this|that|any|all|being|having|\w+ing|by|GAPCLAIM)\b)
        (accusations?|allegations?|charges?|claims?|reports?) (\w+ ){1,2}(denied|rejected|dismissed|disputed)
        refut(e|es|ed|ing)|rebutted|disput(es|ed|ing)? (that|this|it)|take issue with
        (reject|dismiss|disput|contest|dispel|brush|discredit|contradict|debunk)\w* GAPCLAIM
        (reject|dismiss|disput|contest|dispel|brush|discredit|describ)\w* GAPas ADVERBUNTRUE
        # Calling a claim untrue, or without evidence
        (is|are|was|were|it's|that's|as|'s|be) ADVERBUNTRUE|categorically false|not true|untrue
        (there (is|was)|there's|saw|found|have|has|see|is) (\w+ )?no (\w+ )?(evidence|truth|proof)
        # Self-exculpation and correction
        not guilty|maintain(s|ed) (his|her|their) innocence|(did|done) nothing wrong|no wrongdoing
        nothing to do with|not (involved|responsible) (in|for)|(no one|nobody) is (suggesting|saying)
        (had|has|have|played) no (role|knowledge|involvement|part|intention) (in|of)
        (never|not|didn't|haven't) (said|say) (that|it|this|the)|(i|we|he|president) never said
        (i|we|have|has)('ve)? never (attack|threaten|sold|support|intend|met|spoken|ask)\w*
        insist(s|ed)? (\w+ ){0,6}?(not|never|peaceful|innocent|no)|program is (\w+ )?(for )?peaceful
        that's not (the case|accurate|right)
    """,
    Label.CALL_TO_ACTION: r"""
        # Urging, demanding, appealing, recommending
        urg(e|es|ed|ing)|call(s|ed|ing)? ((up)?on|for)|appeal(s|ed|ing)? (to|for)|implor(e|es|ed)
        demand(s|ed|ing)?(?= )(?! (on|of|is|was|are|and|in)\b)|warn(s|ed)? against
        (ask|encourag|invit|press|order|instruct|advis|warn|tell|told)(e|es|ed|s|ing)? GAPto (?!the |an? )\w+
        (we|i) encourage|(recommend|request|propos)(s|ed|es)? that
        (essential|imperative|incumbent|vital|crucial) (that|for|upon)
        # "Must", "should", "need to" aimed at an agent; "let us"; a hope addressed to a party
        (we|they|he|she|it|[a-z]{2,20}s|congress) NEEDS (\w+ly )?(?!be \d|know|say)\w+
        (government|community|council|everyone|people|state|party|president) NEEDS (\w+ly )?(?!be \d)\w+
        must (end|stop|cease|not|continue|now|take|act|do|be (held|allowed|given|stopped|released|brought))
        (it's|it is|now is the) (\w+ )?time (to|for|that)|let us|let's|join (us|me)
        (we|i) hope (that )?(they|you|the|all|he|she|congress) ([\w'-]{1,30} ){0,4}?(will|can|would)
        # Imperatives
        please (?!d)\w+
        \A([a-z. ]{3,40}: \W{0,3})?((and|but|so|now|then|never|do not|don't) )?IMPERATIVE(?=[ .!,])
    """,
}
_LOOK_ALIKES = r"""
    # No denial: refusing what is no allegation, declining to comment, neither confirming nor denying
    (den(y|ies|ied|ying)|refus\w+|reject\w+|dismiss\w*|declin\w+) (?!GAPCLAIM)GAPREQUEST
    (confirm(ed)? (nor|or|or even)|cannot( be)?|can't( be)?|no one can|to) deny
    (is|are|be|been|being) denied (?!by)\w+
    (disput|contest)\w+ (\w+ )?(areas?|region|islands?|territor\w+|elections?|border|waters|vote)
    # No accusation: participles and loaded modifiers, prices
    the accused|(those|people|persons?|anyone|someone|men|women|suspects?|others|individuals) accused (of|in)
    (fined|dismissed|jailed|convicted) GAPfor( [\w'-]{1,30}){1,4}
    in charge|free of charge|charged? ((\w+ )?(fees|money|interest|tolls)|up|[$€£]\d+)
    # No call: supply and demand, the epistemic "must", a conditional, the speaker's own plan, "let me"
    (and|in|high|consumer|global|energy|domestic|market|growing) demand|demands? for (?!an? |the )\w+
    in order (to|that)|must have|should (have|i|you|we|they|it)|i (must|should|(have|need) to)
    let me|let's (see|say|go to|start|talk)|so-called|(phone|conference|video) calls?
    (amid|despite|facing|of|by|our|their|his|her|growing) (repeated )?(calls|demands|appeals)
    (asked|wonder(ed)?|know|ask) (whether|if|about|how|what|why|when) [^,;]{0,80}
"""
_VERB = r"""
    is|are|was|were|be|been|has|had|have|said|told|will|would|did|do|can|could|may|might|began|won|lost|led
    rose|fell|made|met|held|left|took|gave|went|came|became|sent|[a-z]{2,20}(ed|s)
"""
_NO_REPORT = r"""
    # Thanks, greetings, stage directions, emotion, praise
    thanks?|welcome|congratulations|good (morning|afternoon|evening)|god|laughter|applause|inaudible|wow|!
    proud|grateful|wonderful|delighted|hopefully
    # First-person opinion, talk between the speakers
    (i|we) (don't |do not )?(think|believe|hope|feel|guess|mean|want|suspect|would)|i'm|i am|let me|you
    maybe|sort of|perhaps|really|\A(q|question|what|how|why|is|does|but i|and i)
    # Predictions, hypotheticals, principles
    will (never|surely|certainly)|if (we|it|he|they)|should|deserves?|it is (not|a|very)
"""


def _any_of(table: str) -> re.Pattern[str]:
    lines = (line.strip() for line in table.strip().splitlines())
    pattern = "|".join(line for line in lines if not line.startswith("#"))
    for name, block in _BLOCKS.items():
        pattern = pattern.replace(name, block)
    return re.compile(rf"\b({pattern})(?!\w)")


_HIDDEN, _REPORTING, _NOT_REPORTING = _any_of(_LOOK_ALIKES), _any_of(_VERB), _any_of(_NO_REPORT)
_CUE = {label: _any_of(table) for label, table in _CUES.items()}
_LEADING_MARKS = re.compile(r"\A\W+")
_COORDINATION = re.compile(r";| (?:and|but|while|instead) ")


def acts(text: str) -> tuple[Label, ...]:
    """The acts a sentence does by its cue words, primary first.

    Of accusation, denial and call, each that has a cue, in the order of their first cues; without any,
    ``factual_report`` if it reads like a report; ``()`` for a question and for all else.

    >>> acts("The mayor blamed the contractor and urged residents to stay indoors.")
    (<Label.ACCUSATION: 'accusation'>, <Label.CALL_TO_ACTION: 'call_to_action'>)
    >>> acts("The bank was denied entry to the market."), acts("Thank you all for coming.")
    ((<Label.FACTUAL_REPORT: 'factual_report'>,), ())
    """
    sentence = _LEADING_MARKS.sub("", " ".join(text.split()).replace("’", "'").lower())
    if sentence.rstrip("\"'”) ").endswith("?"):
        return ()
    starts = _first_cues(_HIDDEN.sub(lambda found: "#" * len(found[0]), sentence))
    if starts:
        return tuple(sorted(starts, key=starts.__getitem__))
    reports = _REPORTING.search(sentence) and not _NOT_REPORTING.search(sentence)
    return (Label.FACTUAL_REPORT,) if reports else ()


def _first_cues(sentence: str) -> dict[Label, int]:
    """Where the first cue of each act stands."""
    starts = {}
    if denial := _CUE[Label.DENIAL].search(sentence):
        starts[Label.DENIAL] = denial.start()
        # The charge inside a denial is part of it, up to the next coordinated clause.
        coordination = _COORDINATION.search(sentence, denial.end())
        end = coordination.start() if coordination else len(sentence)
        sentence = sentence[: denial.start()] + "#" * (end - denial.start()) + sentence[end:]
    for label in (Label.ACCUSATION, Label.CALL_TO_ACTION):
        if found := _CUE[label].search(sentence):
            starts[label] = found.start()
    return starts
