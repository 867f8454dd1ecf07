"""What libraries raise for files that are damaged, or were never what their name says."""

import pickle
import struct
import zipfile
import zlib

UNREADABLE = (
    pickle.UnpicklingError, struct.error, zipfile.BadZipFile, zlib.error, ArithmeticError,
    AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""From torch's and numpy's readers, which meet most damage without looking for it."""
