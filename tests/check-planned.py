# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Fails for a name of doc/planned.h that a public header has by now, and if it does not compile.

Usage: check-planned.py PLANNED INCLUDE_DIR BUILD_INCLUDE_DIR -- COMPILER...
"""

import pathlib
import re
import subprocess
import sys

NAME = re.compile(r'\b(tend_[a-z0-9_]+)\s*\(')


def names(path):
    code = re.sub(r'/\*.*?\*/|//[^\n]*', '', path.read_text(), flags=re.S)
    return set(NAME.findall(code))


def main(planned, include, build_include, _, *compiler):
    have = set().union(*(names(header) for header in pathlib.Path(include).glob('*.h')))
    both = sorted(names(pathlib.Path(planned)) & have)
    for name in both:
        print(f'{name}() is in a public header, and still in {planned}')

    flags = subprocess.check_output(['pkg-config', '--cflags', 'gio-2.0'], text=True).split()
    compiled = subprocess.run([*compiler, '-std=gnu11', '-Wall', '-Werror', '-fsyntax-only', '-x', 'c',
                               f'-I{include}', f'-I{build_include}', *flags, planned])

    return 1 if both or compiled.returncode else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
