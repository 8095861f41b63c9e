"""Spoilt images of every kind, and hostile greys, through decoders and page code: never a crash.

The work is done by a process of its own, so that a crash of native code is seen, with the item that
made it. `HWCLI_FUZZ=1000 pytest tests/page/test_photo_fuzz.py` tries a thousand of each kind, drawn
anew; without it a few, the same each time. `tests/page_fuzz.py` goes on for as long as is asked.
"""

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

import page_fuzz
from photo_files import samples

_MANY = int(os.environ.get("HWCLI_FUZZ", "0"))
pytestmark = pytest.mark.skipif(os.name != "posix", reason="looks at memory as POSIX tells it")
_ITEMS = {**dict.fromkeys(samples(), 40), **dict.fromkeys(page_fuzz.KINDS, 12)}


@pytest.mark.parametrize("kind", _ITEMS)
def test_whatever_goes_in_records_come_out(kind: str, tmp_path: Path) -> None:
    seed = random.randrange(1 << 30) if _MANY else 0
    items = _MANY or _ITEMS[kind]
    args = ["--only", kind, "--items", str(items), "--seed", str(seed), "--folder", str(tmp_path)]
    run = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "error", page_fuzz.__file__, *args],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (run.returncode, run.stderr) == (0, ""), (seed, tmp_path, run.stderr[-2000:])
    read, failed = (int(re.search(rf"(\d+) {what}", run.stdout)[1]) for what in ("read", "told"))
    assert read + failed >= items
    assert failed if kind in samples() else not failed
