# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every public function is called by the fuzzer of the API, or stands here with the reason why not.

check-covers.py INCLUDE_DIR SOURCE...
"""

import pathlib
import re
import sys

EXCEPTIONS = {
    "tend_keep_reports": "cannot be undone: the reports are counted by a function",
    "tend_take_report": "goes with the former; see core/reports",
    "tend_task_manager_register_invocation": "needs a bus; see manager/invocation",
    "tend_fd_watch_unref": "is what g_autoptr() calls",
    "tend_timer_unref": "is what g_autoptr() calls",
}

# A type and a quark are used wherever an object or an error of theirs is.
IMPLIED = re.compile(r"_(get_type|quark)$")


def main(args):
    headers = sorted(pathlib.Path(args[0]).glob("*.h"))
    source = "\n".join(pathlib.Path(name).read_text() for name in args[1:])
    called = set(re.findall(r"\btend_\w+", source))
    public = set()
    for header in headers:
        text = re.sub(r"/\*.*?\*/|//[^\n]*|^#.*?(?<!\\)$", "", header.read_text(), flags=re.S | re.M)
        text = re.sub(r"static inline.*?^}$", "", text, flags=re.S | re.M)  # which call others
        public.update(re.findall(r"\b(tend_\w+)\s*\(", text))

    left_out = sorted(name for name in public - called - set(EXCEPTIONS) if not IMPLIED.search(name))
    for name in left_out:
        print(f"no operation calls {name}()")
    print(f"{len(public)} functions, {len(left_out)} left out")
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
