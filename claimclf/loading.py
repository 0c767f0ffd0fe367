"""While the library or its model loads no process is forked.

A forked child has only the thread that forked. Locks that another one holds, as Python's own do while it
imports, are never released there: a child that met one of them would wait for ever.
"""

from __future__ import annotations

import os
import threading

loading = threading.RLock()
"""Held while something loads that all threads share; a fork waits for it."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=loading.acquire, after_in_parent=loading.release, after_in_child=loading.release
    )
