"""How far a run is, kept beside its output while that is not whole: a stopped run can be gone on with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from claimclf.errors import JournalError
from claimclf.files import replace_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GO_ON_LATER = "run the same command with --resume"


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        rows: rows read, those that were rejected among them.
        rejected: rows that could not be used.
        written: rows written; another number than ``rows - rejected`` where texts were split into sentences.
        digest: of all rows read, in hexadecimal.
        output, rejects: how far the output and the file of rejects are whole.
        complete: whether all rows are done, and the output needs no more than its name.
    """

    rows: int = 0
    rejected: int = 0
    written: int = 0
    digest: str = ""
    output: int = 0
    rejects: int = 0
    complete: bool = False


@dataclass(frozen=True)
class Journal:
    """Says how far a partial output is whole.

    Attributes:
        path: of its file.
        job: what must be the same for a run to go on: it decides what is written.
    """

    path: Path
    job: Mapping[str, Any]

    def read(self) -> Progress | None:
        """How far a stopped run was; None where there was none.

        Raises:
            JournalError: it was another job, or this is no journal.
        """
        try:
            state = json.loads(self.path.read_text(encoding="utf-8"))
            job, done = state["job"], Progress(**state["progress"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise JournalError(self.path, f"this is not a journal ({error})") from error
        for name, value in self.job.items():
            if job.get(name) != value:
                raise JournalError(self.path, f"the stopped run had {name} {job.get(name)!r}, not {value!r}")
        return done

    def write(self, done: Progress) -> None:
        """Keeps how far the run is.

        Raises:
            OSError: it cannot be written.
        """
        state = {"job": self.job, "progress": asdict(done)}
        replace_whole(self.path, json.dumps(state))
