from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import openpyxl
import pandas as pd
import pytest

from claimclf import Prediction, __version__, cli
from claimclf.model_dir import ModelDir
from claimclf.tables.journal import Journal

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
        place = {"paragraph", "start", "end", "text"}
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


def test_the_sheets_of_a_workbook_that_are_not_read_are_named(claimclf, tmp_path, tiny_dir):
    book = openpyxl.Workbook()
    book.active.append(["text"])
    book.active.append(["Kesh left."])
    book.create_sheet("April")
    book.save(tmp_path / "a.xlsx")
    code, out, err = claimclf("predict", tmp_path / "a.xlsx", "--json", "--model", tiny_dir)
    assert (code, json.loads(out)["text"]) == (0, "Kesh left.")
    assert "only the first visible sheet is read, not 'April'" in err


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("cp1252", "cp1252"), ("utf-16", ""), ("utf-16-le", "utf-16-le"), ("utf-8-sig", "")],
)
def test_a_text_in_another_encoding_is_read_and_a_guess_is_told(claimclf, tmp_path, tiny_dir, encoding, said):
    text = "Dolan’s men left über."
    (tmp_path / "a.txt").write_bytes(text.encode(encoding))
    code, out, err = claimclf("predict", "--json", tmp_path / "a.txt", "--model", tiny_dir)
    assert (code, json.loads(out)["text"]) == (0, text)
    assert said in err
    assert bool(err) == bool(said)


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
    assert len(json.loads(claimclf("demo", "--json")[1])["sentences"]) == 17


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


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "quotes.csv"
    path.write_text("id,quote\n1,Osmani accused Kesh of fraud.\n2,Kesh denied it.\n")
    return path


def test_rows_of_a_table_are_shown_or_printed_as_json(claimclf, table, tiny_dir, tiny):
    code, out, _ = claimclf("predict", table, "--model", tiny_dir)
    assert (code, "Kesh denied it." in out) == (0, True)
    _, out, _ = claimclf("predict", "--json", table, "--model", tiny_dir)
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["id"] for row in rows] == ["1", "2"]
    assert rows[1]["scores"] == tiny.predict("Kesh denied it.").to_dict()["scores"]


def test_a_table_on_standard_input_needs_its_format(claimclf, table, tiny_dir):
    arguments = ["predict", "--json", "--input-format", "csv", "--model", tiny_dir]
    _, out, _ = claimclf(*arguments, stdin=table.read_bytes())
    assert len(out.splitlines()) == 2


def test_an_output_is_made_and_the_person_told(claimclf, table, tiny_dir, tmp_path):
    code, out, err = claimclf("predict", table, "-o", tmp_path / "out.csv", "--model", tiny_dir)
    assert (code, out) == (0, "")
    assert "2 rows read, 2 written" in err
    assert (tmp_path / "out.csv").read_text().startswith("id,quote,label,confidence,labels,score_accusation")


def test_an_output_and_json_tell_the_counts_to_a_program(claimclf, table, tiny_dir, tmp_path):
    _, out, err = claimclf("predict", table, "-o", tmp_path / "out.csv", "--json", "--model", tiny_dir)
    expected = {"output": str(tmp_path / "out.csv"), "rows": 2, "rejected": 0, "written": 2}
    assert (json.loads(out), err) == (expected, "")


def test_articles_become_a_table_of_sentences(claimclf, article, tiny_dir, tmp_path):
    code, _, _ = claimclf("predict", article, "-o", tmp_path / "out.jsonl", "--model", tiny_dir)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert code == 0
    assert rows[0]["text"] == "Osmani accused Kesh of fraud."
    assert {row["file"] for row in rows} == {str(article)}


@pytest.mark.parametrize("output", [[], ["-o"]])
def test_rejected_rows_give_exit_code_3(claimclf, tiny_dir, tmp_path, output):
    path = tmp_path / "in.csv"
    path.write_text("id,text\n1,a\n2\n3,b\n")
    where = [*output, tmp_path / "out.csv"] if output else []
    code, _, err = claimclf("predict", path, "--on-error", "skip", *where, "--model", tiny_dir)
    assert code == 3
    assert "line 3" in err or "1 rejected" in err
    code, _, err = claimclf("predict", path, "--model", tiny_dir)
    assert (code, "line 3" in err) == (1, True)


def options_named(said):
    return {word.strip(":;.,") for word in said.split() if word.startswith("--")}


@pytest.mark.parametrize(
    ("command", "cures"),
    [
        (["predict"], ["--on-error"]),
        (["predict", "--json"], ["--on-error"]),
        (["predict", "-o", "out.csv"], ["--on-error", "--resume"]),
        (["report", "-o", "page.html"], []),
        (["verify-results"], []),
    ],
    ids=" ".join,
)
def test_the_cure_of_a_bad_row_is_one_that_the_command_has(
    claimclf, tiny_dir, tmp_path, monkeypatch, command, cures
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("id,text\n1\n")
    code, _, err = claimclf(*command, "in.csv", "--model", tiny_dir)
    assert (code, "[E405] in.csv, line 2" in err) == (1, True)
    assert sorted(options_named(err)) == cures


@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["table", "json"])
def test_skipped_rows_on_the_screen_are_told_without_a_cure(claimclf, tiny_dir, tmp_path, as_json):
    path = tmp_path / "in.csv"
    path.write_text("id,text\n1,a\n2\n3,b\n")
    code, out, err = claimclf("predict", path, "--on-error", "skip", *as_json, "--model", tiny_dir)
    assert (code, bool(out)) == (3, True)
    assert f"{path}, line 3" in err
    assert "1 cells" in err
    assert options_named(err) == set()


def test_a_text_that_cannot_be_used_is_skipped_on_the_screen_too(claimclf, article, tiny_dir, tmp_path):
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"Kesh \xff left.")
    texts = ["predict", bad, article, "--json", "--encoding", "utf-8", "--model", tiny_dir]
    code, out, err = claimclf(*texts)
    assert (code, out, "[E405]" in err) == (1, "", True)
    code, out, err = claimclf(*texts, "--on-error", "skip")
    assert (code, json.loads(out)["file"]) == (3, str(article))
    assert str(bad) in err


@pytest.mark.parametrize("option", ["--resume", "--force"])
def test_options_of_outputs_need_one(claimclf, table, option):
    code, _, err = claimclf("predict", table, option)
    assert (code, "[E201]" in err, "-o FILE" in err) == (1, True, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict", "{table}", "--text-column", "quot"], "--text-column quote"),
        (["predict", "{table}", "{article}"], "only tables"),
        (["predict", "{table}", "-o", "{dir}/out.xls"], ".parquet"),
        (["predict", "{table}", "-o", "{dir}/no/out.csv"], "no such directory"),
        (["predict", "{table}", "-o", "{table}", "--force"], "an input"),
        (["predict", "{dir}"], "Name the files in it"),
        (["report", "{article}", "-o", "{dir}/page.txt"], ".html"),
        (["report", "{article}", "-o", "{dir}"], "a name that ends in .html"),
        (["verify", "{dir}"], "claimclf.json"),
        (["info", "nowhere"], "claimclf-en-small"),
    ],
)
def test_a_careless_user_is_told_what_to_do(claimclf, table, article, tmp_path, arguments, said):
    before = table.read_bytes()
    code, out, err = claimclf(*(a.format(table=table, article=article, dir=tmp_path) for a in arguments))
    assert (code, out) == (1, "")
    assert said in err
    assert table.read_bytes() == before


def test_a_file_that_may_not_be_read_is_an_error(claimclf, article, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    code, _, err = claimclf("predict", article)
    assert (code, "Permission denied" in err, str(article) in err) == (1, True, True)


@pytest.mark.parametrize(("command", "name"), [("predict", "out.csv"), ("report", "page.html")])
def test_an_output_that_may_not_be_written_is_an_error(
    claimclf, article, tiny_dir, tmp_path, monkeypatch, command, name
):
    really_open = Path.open

    def refuse(self, mode="r", **options):
        if "w" in mode:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return really_open(self, mode, **options)

    monkeypatch.setattr("pathlib.Path.open", refuse)
    output = tmp_path / name
    code, _, err = claimclf(command, article, "-o", output, "--model", tiny_dir)
    assert (code, f"[E409] {output} cannot be written: Permission denied" in err) == (1, True)


def test_a_report_is_a_page_and_is_not_overwritten(claimclf, article, table, tiny_dir, tmp_path):
    page = tmp_path / "page.html"
    code, out, err = claimclf("report", article, "-o", page, "--title", "The <week>", "--model", tiny_dir)
    assert (code, out) == (0, "")
    assert "1 articles, 3 sentences" in err
    assert "<title>The &lt;week&gt;</title>" in page.read_text(encoding="utf-8")
    assert claimclf("report", article, "-o", page)[0] == 1
    code, out, _ = claimclf("report", table, "-o", page, "--force", "--json", "--model", tiny_dir)
    assert (code, json.loads(out)["articles"]) == (0, 2)
    assert "quotes.csv, line 3" in page.read_text(encoding="utf-8")


def test_a_report_leaves_alone_what_stands_beside_its_page(claimclf, article, tiny_dir, tmp_path):
    beside = tmp_path / "page.html.new"
    beside.write_text("mine")
    code, _, _ = claimclf("report", article, "-o", tmp_path / "page.html", "--model", tiny_dir)
    assert (code, beside.read_text()) == (0, "mine")
    assert {path.name for path in tmp_path.iterdir()} == {"article.txt", "page.html", "page.html.new"}


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("begun", [True, False], ids=["after the first rows", "before"])
def test_the_same_pattern_and_resume_go_on_although_it_matches_what_was_left(
    claimclf, tiny_dir, tmp_path, monkeypatch, ending, begun
):
    monkeypatch.chdir(tmp_path)
    for kind in ("text_outputs._AppendedFile", "parquet_output.ParquetOutput"):
        monkeypatch.setattr(f"claimclf.tables.{kind}.rows_a_commit", 2)
    for name in ("m", "n"):
        frame = pd.DataFrame({"text": ["Osmani lied.", "Kesh left.", "Dolan denied it."]})
        frame.to_csv(f"{name}.csv", index=False) if ending == ".csv" else frame.to_parquet(f"{name}.parquet")
    write = Journal.write

    def write_and_stop(self, done):
        write(self, done)
        if bool(done.rows) == begun:
            raise KeyboardInterrupt

    command = ["predict", f"*{ending}", "-o", f"labelled{ending}", "--model", tiny_dir]
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", write_and_stop)
        code, _, err = claimclf(*command)
    assert (code, "the same command and --resume" in err) == (130, True)
    assert (f"labelled.partial{ending}" in err) == begun == Path(f"labelled.partial{ending}").exists()
    code, _, err = claimclf(*command, "--resume")
    assert (code, "6 rows read, 6 written" in err) == (0, True)


def test_info_tells_what_a_model_is(claimclf, tiny_dir):
    code, out, _ = claimclf("info", tiny_dir)
    assert (code, "tiny" in out, "call_to_action" in out) == (0, True, True)
    known = json.loads(claimclf("info", tiny_dir, "--json")[1])
    assert known["calibration"]["thresholds"] == [0.45, 0.5, 0.55, 0.5]
    assert set(known["sha256"]) >= {"config.json", "onnx/model_quantized.onnx"}
    assert len(known["fingerprint"]) == 64


def test_info_gives_hashes_in_one_piece(claimclf, tiny_dir, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = claimclf("info", tiny_dir)[1].splitlines()
    for name, sha256 in ModelDir.open(tiny_dir).sha256.items():
        assert f"{sha256}  {name}" in lines
    assert not any("…" in line for line in lines if "the sentence …" not in line)


def test_info_names_the_files_of_the_data(claimclf, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    out = claimclf("info")[1]
    assert re.search(r"data: train +│ [\d,]+ sentences of \w+\.jsonl, ", out)
    assert re.search(r"data: validation +│ [\d,]+ sentences, a part of train ", out)


def test_a_table_that_was_perhaps_read_wrongly_is_told(claimclf, tmp_path, tiny_dir):
    path = tmp_path / "a.csv"
    path.write_text("id|quote\n1|Kesh left.\n")
    for command in (
        ["predict"],
        ["predict", "-o", tmp_path / "b.csv"],
        ["report", "-o", tmp_path / "b.html"],
    ):
        code, _, err = claimclf(*command, path, "--model", tiny_dir)
        assert (code, "the only column is taken for the texts. If 'id|quote' is its name" in err) == (0, True)
    assert claimclf("predict", path, "--text-column", "id|quote", "--model", tiny_dir)[2] == ""


def test_verify_finds_an_altered_file(claimclf, model_copy):
    assert claimclf("verify", model_copy)[0] == 0
    assert json.loads(claimclf("verify", model_copy, "--json")[1])["ok"] is True
    (model_copy / "config.json").write_text("{}")
    code, _, err = claimclf("verify", model_copy)
    assert (code, "[E303]" in err, "config.json" in err) == (1, True, True)


@pytest.mark.parametrize("command", ["predict", "report", "info", "verify"])
def test_help_teaches_by_example(claimclf, command):
    code, out, _ = claimclf(command, "--help")
    assert (code, f"claimclf {command}" in out) == (0, True)
    assert "--json" in out


def test_the_shell_completes_commands_and_models():
    program = "from claimclf.cli import main; import sys; sys.argv[0] = 'claimclf'; main()"

    def complete(words):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "_CLAIMCLF_COMPLETE": "complete_bash",
                "COMP_WORDS": words,
                "COMP_CWORD": str(len(words.split(" ")) - 1),
            },
        )
        return done.stdout.split()

    assert complete("claimclf re") == ["report"]
    assert complete("claimclf info claim") == ["claimclf-en-small"]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(
    "options", [[], ["--documents"], ["--prefix", "x_"]], ids=["rows", "documents", "prefix"]
)
def test_results_computed_again_are_the_same_bits(claimclf, table, tiny_dir, tmp_path, ending, options):
    output = tmp_path / f"out{ending}"
    claimclf("predict", table, "-o", output, *options, "--model", tiny_dir)
    prefix = [option for option in options if option != "--documents"]
    code, out, _ = claimclf("verify-results", output, *prefix, "--json", "--model", tiny_dir)
    assert (code, json.loads(out)) == (0, {"rows": 2, "different": []})


def test_a_changed_result_is_found_and_shown(claimclf, table, tiny_dir, tmp_path):
    output = tmp_path / "out.jsonl"
    claimclf("predict", table, "-o", output, "--model", tiny_dir)
    first, second = (json.loads(line) for line in output.read_text().splitlines())
    second["scores"]["denial"] += 1e-15
    output.write_text("".join(json.dumps(row) + "\n" for row in (first, second)))
    code, out, err = claimclf("verify-results", output, "--model", tiny_dir)
    assert (code, out) == (1, "2 rows computed again, 1 different, 0 in their label.\n")
    assert "line 2: denial is" in err
    assert "rounds otherwise" in err


@pytest.mark.parametrize("column", ["confidence", "denial"])
def test_a_score_that_is_far_off_is_no_matter_of_rounding(claimclf, table, tiny_dir, tmp_path, column):
    output = tmp_path / "out.jsonl"
    claimclf("predict", table, "-o", output, "--model", tiny_dir)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    rows[0]["confidence"] += 1e-9
    held = rows[0] if column == "confidence" else rows[0]["scores"]
    held[column] += 0.4
    output.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, err = claimclf("verify-results", output, "--model", tiny_dir)
    assert (code, out) == (1, "2 rows computed again, 1 different, 0 in their label.\n")
    assert f"line 1: {column} is {held[column]}," in err
    assert "rounds otherwise" not in err


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("options", [[], ["--documents"]], ids=["rows", "documents"])
def test_a_text_with_half_a_character_is_labelled_as_it_is_written(
    claimclf, tiny_dir, tmp_path, ending, options
):
    table = tmp_path / "in.jsonl"
    table.write_text('{"text": "Kesh \\ud83d denied that Osmani \\ud83d lied ."}\n')
    output = tmp_path / f"out{ending}"
    claimclf("predict", table, "-o", output, *options, "--model", tiny_dir)
    code, out, _ = claimclf("verify-results", output, "--json", "--model", tiny_dir)
    assert (code, json.loads(out)) == (0, {"rows": 1, "different": []})


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
@pytest.mark.parametrize("prefix", [[], ["--prefix", "x_"]], ids=["plain", "prefix"])
def test_results_of_tables_whose_texts_have_other_names_are_computed_again(
    claimclf, table, tiny_dir, tmp_path, ending, prefix
):
    other = tmp_path / "other.csv"
    other.write_text("text,x\nOsmani lied.,1\nDolan left.,2\n")
    output = tmp_path / f"out{ending}"
    claimclf("predict", other, table, "-o", output, *prefix, "--model", tiny_dir)
    code, out, _ = claimclf("verify-results", output, *prefix, "--json", "--model", tiny_dir)
    assert (code, json.loads(out)) == (0, {"rows": 4, "different": []})


def test_a_changed_label_is_no_matter_of_rounding(claimclf, table, tiny_dir, tmp_path):
    output = tmp_path / "out.jsonl"
    claimclf("predict", table, "-o", output, "--model", tiny_dir)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    rows[0]["label"] = "denial" if rows[0]["label"] != "denial" else "accusation"
    output.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, err = claimclf("verify-results", output, "--model", tiny_dir)
    assert (code, out) == (1, "2 rows computed again, 1 different, 1 in their label.\n")
    assert "rounds otherwise" not in err


@pytest.mark.parametrize(
    ("ending", "changed"),
    [(".csv", "denial|accusation"), (".jsonl", ["denial", "accusation"]), (".parquet", ["denial"])],
)
def test_changed_labels_are_found_in_every_format(claimclf, table, tiny_dir, tmp_path, ending, changed):
    output = tmp_path / f"out{ending}"
    claimclf("predict", table, "-o", output, "--model", tiny_dir)
    if ending == ".jsonl":
        rows = [json.loads(line) for line in output.read_text().splitlines()]
        rows[1]["labels"] = changed
        output.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        frame = pd.read_csv(output) if ending == ".csv" else pd.read_parquet(output)
        frame["labels"] = [frame["labels"][0], changed]
        frame.to_csv(output, index=False) if ending == ".csv" else frame.to_parquet(output)
    code, out, err = claimclf("verify-results", output, "--model", tiny_dir)
    assert (code, out) == (1, "2 rows computed again, 1 different, 1 in their label.\n")
    assert "labels is ['denial'" in err
    assert "rounds otherwise" not in err


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"receipt": "0.0.9:0123456789abcdef"}, "E408"),
        ({"confidence": "high"}, "E405"),
        ({"receipt": None}, "E408"),
        (None, "E403"),
    ],
)
def test_results_of_something_else_are_not_verified(claimclf, table, tiny_dir, tmp_path, change, code):
    output = tmp_path / "out.jsonl"
    claimclf("predict", table, "-o", output, "--model", tiny_dir)
    row = json.loads(output.read_text().splitlines()[0])
    changed = {**row, **change} if change else {"text": row["quote"]}
    output.write_text(json.dumps(changed) + "\n")
    exit_code, _, err = claimclf("verify-results", output, "--model", tiny_dir)
    assert (exit_code, f"[{code}]" in err) == (1, True)


@pytest.mark.parametrize(
    ("ending", "own"),
    [(".parquet", {"scores": {"a": 1}}), (".jsonl", {"score_accusation": "mine"})],
    ids=["object", "column"],
)
def test_scores_that_the_input_has_itself_are_not_verified(claimclf, tiny_dir, tmp_path, ending, own):
    path, output = tmp_path / "in.jsonl", tmp_path / f"out{ending}"
    path.write_text(json.dumps({"text": "Kesh denied it .", **own}))
    claimclf("predict", path, "-o", output, "--model", tiny_dir)
    code, out, _ = claimclf("verify-results", output, "--json", "--model", tiny_dir)
    assert (code, json.loads(out)) == (0, {"rows": 1, "different": []})


def test_results_are_verified_of_one_file(claimclf, tmp_path):
    for name in ("e1.csv", "e2.csv"):
        (tmp_path / name).write_text("text\nKesh left .\n")
    code, _, err = claimclf("verify-results", tmp_path / "e?.csv")
    assert code == 1
    assert "[E201] file=" in err
    assert "the name of one file: of that pattern are 2" in err
