from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import jsonschema
import pytest

from claimclf import Prediction, __version__, cli

ARTICLE = "Osmani accused Kesh of fraud. “Kesh denied it. Go home!” said Dolan."


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "article.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    return path


@pytest.fixture
def claimclf(monkeypatch, capsys):
    """Runs the command in this process: (exit code, stdout, stderr)."""

    def run(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["claimclf", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="ascii"))
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        return exit_.value.code or 0, *capsys.readouterr()

    return run


def claimclf_process(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", "from claimclf.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=120,
    )


def test_version(claimclf):
    assert claimclf("--version") == (0, f"claimclf {__version__}\n", "")


def test_help_names_the_commands(claimclf):
    code, out, _ = claimclf("--help")
    assert code == 0
    assert "predict" in out
    assert "demo" in out


@pytest.mark.parametrize("arguments", [["--nonsense"], ["nonsense"], ["predict", "--nonsense"], []])
def test_wrong_usage_exits_with_2(claimclf, arguments):
    code, out, err = claimclf(*arguments)
    assert code == 2
    assert "Usage" in out + err


def test_a_file_is_shown_as_a_table_with_a_row_a_sentence(claimclf, article, tiny_dir):
    code, out, _ = claimclf("predict", article, "--model", tiny_dir)
    assert code == 0
    for sentence in ("Osmani accused Kesh of fraud.", "“Kesh denied it.", "Go home!” said Dolan."):
        assert sum(sentence in line for line in out.splitlines()) == 1


def test_json_is_the_document_with_its_file_name(claimclf, article, tiny_dir, tiny):
    _, out, _ = claimclf("predict", "--json", article, "--model", tiny_dir)
    assert json.loads(out) == {"file": str(article), **tiny.predict_document(ARTICLE).to_dict()}


def test_json_sentences_are_valid_predictions(claimclf, article, tiny_dir):
    _, out, _ = claimclf("predict", "--json", article, "--model", tiny_dir)
    for sentence in json.loads(out)["sentences"]:
        place = {"start", "end", "text"}
        jsonschema.validate({k: v for k, v in sentence.items() if k not in place}, Prediction.json_schema())


def test_json_is_one_line_a_file_in_the_order_given(claimclf, article, tmp_path, tiny_dir):
    other = tmp_path / "other.txt"
    other.write_text("Dolan left.\n\nKesh stayed.\n")
    _, out, _ = claimclf("predict", "--json", other, article, "--model", tiny_dir)
    assert [json.loads(line)["file"] for line in out.splitlines()] == [str(other), str(article)]


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_stdin_is_read_as_utf_8_whatever_the_locale(claimclf, arguments, tiny_dir):
    _, out, _ = claimclf("predict", "--json", *arguments, "--model", tiny_dir, stdin=ARTICLE.encode())
    assert json.loads(out)["text"] == ARTICLE


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_text_has_no_sentences_and_no_error(claimclf, content, tiny_dir):
    code, out, _ = claimclf("predict", "--json", "--model", tiny_dir, stdin=content)
    assert (code, json.loads(out)["sentences"]) == (0, [])


def test_a_byte_order_mark_is_not_part_of_the_text(claimclf, tiny_dir):
    _, out, _ = claimclf("predict", "--json", "--model", tiny_dir, stdin=b"\xef\xbb\xbfKesh left.")
    assert json.loads(out)["text"] == "Kesh left."


def test_a_row_of_the_table_is_one_paragraph_without_markup(claimclf, tmp_path, tiny_dir):
    path = tmp_path / "a.txt"
    path.write_text("Kesh [bold]left\nthe   room[/bold].")
    _, out, _ = claimclf("predict", path, "--model", tiny_dir)
    assert "Kesh [bold]left the room[/bold]." in out


@pytest.mark.parametrize("name", ["minutes[bold].txt", "minutes[/bold].txt"])
def test_the_table_shows_the_file_name_as_it_is(tiny, name):
    from rich.console import Console

    console = Console(width=200, file=io.StringIO())
    console.print(cli.document_table(tiny.predict_document(ARTICLE), title=name))
    assert name in console.file.getvalue()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["predict", "nowhere.txt"], "E401"), (["predict", "--model", "nowhere", "-"], "E301")],
)
def test_an_error_is_one_coded_message_and_exit_code_1(
    claimclf, arguments, code, tiny_dir, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    exit_code, out, err = claimclf(*arguments)
    assert (exit_code, out) == (1, "")
    assert err.startswith(f"[{code}]")
    assert "Traceback" not in err


def test_a_directory_is_not_a_text(claimclf, tmp_path):
    code, _, err = claimclf("predict", tmp_path)
    assert (code, "[E401]" in err, "directory" in err) == (1, True, True)


@pytest.mark.parametrize("content", ["Dolan left über.".encode("latin-1"), ARTICLE.encode("utf-16")])
def test_a_file_that_is_not_utf_8_is_an_error_that_says_so(claimclf, tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    code, _, err = claimclf("predict", tmp_path / "a.txt")
    assert (code, "[E401]" in err, "UTF-8" in err) == (1, True, True)


def test_every_file_is_read_before_the_first_is_labelled(claimclf, article, tiny_dir):
    code, out, _ = claimclf("predict", "--json", article, "nowhere.txt", "--model", tiny_dir)
    assert (code, out) == (1, "")


def test_an_error_prints_a_long_path_in_one_piece(claimclf, tmp_path):
    path = tmp_path / ("long" * 30) / "article.txt"
    _, _, err = claimclf("predict", path)
    assert str(path) in err


def test_a_file_named_twice_is_labelled_twice(claimclf, article, tiny_dir):
    _, out, _ = claimclf("predict", "--json", article, article, "--model", tiny_dir)
    assert len(out.splitlines()) == 2


def test_demo_labels_the_sample_article(claimclf, tiny, monkeypatch):
    monkeypatch.setattr("claimclf.api.default_classifier", lambda: tiny)
    code, out, _ = claimclf("demo")
    assert code == 0
    assert "The regional monitoring mission" in out


def test_the_sample_article_holds_quotations_that_are_split():
    from claimclf.sentences import split_sentences

    text = cli.SAMPLE_ARTICLE.read_text(encoding="utf-8")
    sentences = [text[start:end] for start, end in split_sentences(text)]
    assert "They told pensioners that their benefits would end." in sentences


def test_json_is_utf_8_whatever_the_locale(article, tiny_dir):
    done = claimclf_process("predict", "--json", article, "--model", tiny_dir, PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout.decode("utf-8"))["text"] == ARTICLE


def test_a_table_is_printed_whatever_the_locale(article, tiny_dir):
    done = claimclf_process("predict", article, "--model", tiny_dir, PYTHONIOENCODING="ascii")
    assert done.returncode == 0


def test_json_is_utf8_whatever_the_terminal_is(tmp_path, tiny_dir):
    (tmp_path / "a.txt").write_text("Łukasz denied it.", encoding="utf-8")
    done = claimclf_process(
        "predict", "--json", tmp_path / "a.txt", "--model", tiny_dir, PYTHONIOENCODING="latin-1"
    )
    assert "Łukasz" in json.loads(done.stdout)["text"]
