"""Where the tests' own files are, from whichever folder a test lives in."""

from pathlib import Path

TESTS = Path(__file__).parent
TOP = TESTS.parent
DATA = TESTS / "data"
FAKE_VASP = TESTS / "fake_vasp" / "vasp_std"
