"""Errors of libraries that read a damaged file, or one of another format."""

import pickle
import struct
import zipfile
import zlib

UNREADABLE = (
    pickle.UnpicklingError, struct.error, zipfile.BadZipFile, zlib.error, ArithmeticError,
    AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""Raised by torch's and numpy's readers, which check little and fail anywhere."""
