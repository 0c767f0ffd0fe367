"""The report page as a person uses it: clicked and typed at in headless Chromium."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from claimclf import Label
from claimclf.decision import IDENTITY, decide
from claimclf.document import Document, Sentence
from claimclf.highlight import Article, page
from training.data import read_labelled

webdriver = pytest.importorskip("selenium.webdriver")

from selenium.webdriver.common.by import By  # noqa: E402 - after the check that it is there
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="needs Debian's chromium and chromium-driver (apt-get install)"
)
HOSTILE = (
    "<img src=x onerror=\"document.title='run'\"></span>"
    "<script>document.title='run'</script> & \"He\" denied it."
)
SENTENCES = [
    ("Osmani accused Kesh of fraud.", [3, -3, -3, -3]),
    (HOSTILE, [-3, 2, -3, -3]),
    ("Dolan urged calm.", [-3, -3, 4, -3]),
    ("Kesh blamed Verrin, who denied it.", [2, 3, -3, -3]),
    ("Polls close at eight.", [-3, -3, -3, 1]),
    ("What a week!", [-9, -9, -9, -9]),
]


def document():
    text, made = "", []
    for number, (words, logits) in enumerate(SENTENCES):
        start = len(text)
        made.append(Sentence(start, start + len(words), words, decide(logits, IDENTITY), number // 3))
        text += words + "\n"
    return Document(text, tuple(made))


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(page([Article("minutes <1>.txt", document())], "Minutes & more"), encoding="utf-8")
    browser.get(path.as_uri())
    yield browser
    browser.execute_script("window.onbeforeunload = null")
    complaints = [entry["message"] for entry in browser.get_log("browser")]
    browser.get("about:blank")
    if alert := _alert(browser):
        alert.accept()
    assert complaints == []


def _alert(browser):
    try:
        return browser.switch_to.alert
    except Exception:  # noqa: BLE001 - whatever says that there is none
        return None


def sentences(browser):
    return browser.find_elements(By.CSS_SELECTOR, ".sentence")


def classes(element):
    return set(element.get_attribute("class").split())


def press(browser, *keys):
    browser.switch_to.active_element.send_keys(*keys)


def shown(browser):
    return [i for i, sentence in enumerate(sentences(browser)) if "dim" not in classes(sentence)]


def test_nothing_of_an_article_runs(opened):
    assert opened.title == "Minutes & more"
    assert sentences(opened)[1].find_element(By.CSS_SELECTOR, ".text").text == HOSTILE
    assert opened.find_elements(By.CSS_SELECTOR, "article img, article script") == []


def test_a_filter_dims_what_is_not_wanted_by_mouse_and_by_keyboard(opened):
    assert shown(opened) == [0, 1, 2, 3, 4, 5]
    accusation, denial = opened.find_elements(By.CSS_SELECTOR, ".filter")[:2]
    accusation.click()
    assert accusation.get_attribute("aria-pressed") == "false"
    assert shown(opened) == [1, 2, 3, 4, 5]  # the fourth denies, too
    denial.send_keys(Keys.SPACE)
    assert shown(opened) == [2, 4, 5]
    accusation.click()
    assert shown(opened) == [0, 2, 3, 4, 5]


def test_the_slider_dims_what_is_less_sure(opened):
    slider = opened.find_element(By.ID, "least")
    slider.send_keys(Keys.END)
    assert set(shown(opened)) <= {5}
    slider.send_keys(Keys.HOME)
    for _ in range(80):
        slider.send_keys(Keys.RIGHT)
    assert opened.find_element(By.ID, "least-shown").text == "80"
    assert shown(opened) == [
        i for i, s in enumerate(sentences(opened)) if int(s.get_attribute("data-confidence")) >= 80
    ]
    assert 4 not in shown(opened)


def test_confidence_is_told_on_hover_and_by_keyboard(opened):
    first = sentences(opened)[0]
    webdriver.ActionChains(opened).move_to_element(first).perform()
    hover = "return getComputedStyle(arguments[0], '::after').content"
    assert opened.execute_script(hover, first).strip('"') == first.get_attribute("data-says")
    first.send_keys(Keys.ARROW_RIGHT)
    assert opened.find_element(By.ID, "said").text == sentences(opened)[1].get_attribute("data-says")


def test_arrows_go_from_one_shown_sentence_to_the_next(opened):
    opened.find_elements(By.CSS_SELECTOR, ".filter")[1].click()  # no denials
    sentences(opened)[0].click()
    press(opened, Keys.ARROW_RIGHT)
    assert opened.switch_to.active_element == sentences(opened)[2]
    press(opened, Keys.ARROW_LEFT)
    assert opened.switch_to.active_element == sentences(opened)[0]


def test_one_tab_reaches_the_text_and_the_next_leaves_it(opened):
    focusable = [s for s in sentences(opened) if s.get_attribute("tabindex") == "0"]
    assert focusable == [sentences(opened)[0]]


def test_labels_are_corrected_by_keyboard_and_exported_as_training_data(opened, downloads):
    sentences(opened)[0].click()
    press(opened, "d")  # a denial
    press(opened, Keys.ARROW_RIGHT)
    press(opened, "n")  # nothing
    press(opened, Keys.ARROW_RIGHT)
    press(opened, Keys.SHIFT, "a")  # a call, and an accusation
    press(opened, Keys.NULL, Keys.ARROW_RIGHT)
    press(opened, Keys.ENTER)  # right as it is
    press(opened, Keys.ARROW_RIGHT)
    press(opened, "a")
    press(opened, "u")  # not, after all
    assert {"denial", "corrected"} <= classes(sentences(opened)[0])
    assert "corrected" not in classes(sentences(opened)[4])
    strips = opened.find_elements(By.CSS_SELECTOR, ".bar rect")
    assert strips[0].get_attribute("class") == "denial"
    button = opened.find_element(By.ID, "export")
    assert button.text == "Save corrections (4)"
    button.click()
    saved = wait_for_download(downloads)
    lines = [json.loads(line) for line in saved.read_text(encoding="utf-8").splitlines()]
    assert [(line["text"], line["labels"]) for line in lines] == [
        (SENTENCES[0][0], ["denial"]),
        (HOSTILE, []),
        (SENTENCES[2][0], ["call_to_action", "accusation"]),
        (SENTENCES[3][0], ["denial", "accusation"]),
    ]
    assert lines[0]["before"] == ["accusation"]
    rows = read_labelled(saved)
    assert [row.labels for row in rows][2] == (Label.CALL_TO_ACTION, Label.ACCUSATION)
    assert {row.doc for row in rows} == {"minutes <1>.txt"}


def wait_for_download(folder: Path) -> Path:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = list(folder.glob("*.jsonl"))
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError("nothing was saved")


def test_labels_are_corrected_by_mouse(opened):
    sentences(opened)[4].click()
    opened.find_element(By.CSS_SELECTOR, "#panel button.call_to_action").click()
    assert "call_to_action" in classes(sentences(opened)[4])
    assert opened.find_element(By.ID, "said").text.startswith("corrected: call to action")


def test_a_click_on_the_bar_leads_to_the_sentence(opened):
    opened.find_elements(By.CSS_SELECTOR, ".bar rect")[3].click()
    assert opened.switch_to.active_element == sentences(opened)[3]


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_sticks_out_sideways(opened, width):
    opened.set_window_size(width, 900)
    assert opened.execute_script("return document.documentElement.scrollWidth <= innerWidth")


def test_everything_that_can_be_used_has_a_name_and_a_role(opened):
    sentences(opened)[0].click()
    for element in opened.find_elements(By.CSS_SELECTOR, "button, input, .sentence, svg, section"):
        assert element.accessible_name or element.text, element.get_attribute("outerHTML")[:80]
        assert element.aria_role not in ("", "none", "generic"), element.get_attribute("outerHTML")[:80]
