"""Wheel tags in words."""

import pytest

from packages.tags import in_words


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ("py3-none-any", "any Python 3"),
        ("py2-none-any", "any Python 2"),
        ("py2.py3-none-any", "any Python 2 or 3"),
        # PEP 425: py37 is for every Python 3 from there on.
        ("py37-none-any", "Python 3.7 and later"),
        ("cp3-none-any", "CPython 3"),
        ("cp312-none-any", "CPython 3.12"),
        ("cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", "CPython 3.12, Linux x86_64"),
        ("cp312-cp312-linux_x86_64", "CPython 3.12, Linux x86_64"),
        ("cp36-cp36m-manylinux1_i686.manylinux2010_i686", "CPython 3.6, Linux i686"),
        ("cp27-cp27mu-manylinux1_x86_64", "CPython 2.7, Linux x86_64"),
        ("cp313-cp313t-musllinux_1_2_aarch64", "CPython 3.13 (free-threaded), Linux (musl) aarch64"),
        ("cp314-cp314td-win_arm64", "CPython 3.14 (debug build, free-threaded), Windows arm64"),
        ("cp39-abi3-macosx_10_9_universal2", "CPython 3.9 and later, macOS 10.9+ universal2"),
        ("cp38.cp36.cp310-abi3-manylinux1_x86_64", "CPython 3.6 and later, Linux x86_64"),
        ("cp315-abi3t-win_amd64", "CPython 3.15 and later (free-threaded), Windows x86_64"),
        ("cp315-abi3.abi3t-win_amd64", "CPython 3.15 and later, Windows x86_64"),
        ("pp310-pypy310_pp73-win_amd64", "PyPy 3.10, Windows x86_64"),
        ("graalpy311-graalpy242_311_native-macosx_11_0_arm64", "GraalPy 3.11, macOS 11+ arm64"),
        ("py3-none-win32", "any Python 3, Windows x86"),
        ("cp313-cp313-android_21_arm64_v8a", "CPython 3.13, Android API 21+ arm64_v8a"),
        ("cp313-cp313-ios_13_0_arm64_iphoneos", "CPython 3.13, iOS 13+ arm64_iphoneos"),
        ("cp313-cp313-pyodide_2025_0_wasm32", "CPython 3.13, Pyodide wasm32"),
        ("cp312-cp312-emscripten_3_1_58_wasm32", "CPython 3.12, Emscripten wasm32"),
        ("py3-none-macosx_10_9_x86_64.macosx_11_0_arm64", "any Python 3, macOS 10.9+ x86_64 or macOS 11+ arm64"),
        ("cp311.cp312-none-any", "CPython 3.11 or CPython 3.12"),
        ("cp39.cp310.cp311.cp312-none-any", "CPython 3.9, CPython 3.10 or 2 more"),
        # Tags that nobody has explained yet are shown as they are, and not at any length.
        ("rs1-none-any", "rs1"),
        ("Jython-none-solaris_2_11_sparc", "jython, solaris_2_11_sparc"),
        (f"py3-none-{'x' * 200}", f"any Python 3, {'x' * 39}…"),
        ("jython-abi3-any", "jython"),
    ],
)
def test_says_what_a_wheel_is_for(tags: str, words: str) -> None:
    assert in_words(f"demo_pkg-1.0-{tags}.whl") == words


def test_tells_builds_apart() -> None:
    assert in_words("demo_pkg-1.0-2abc-py3-none-any.whl") == "any Python 3, build 2abc"


@pytest.mark.parametrize("filename", ["demo_pkg-1.0.tar.gz", "demo_pkg-1.0.zip"])
def test_an_sdist_is_source(filename: str) -> None:
    assert in_words(filename) == "Source"


def test_reads_every_filename_that_can_be_published() -> None:
    assert in_words(f"a-1-{'.'.join('a' * 1 + str(n) for n in range(30))}-none-any.whl") == "a0, a1 or 28 more"
