# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a sanitizer and valgrind see of a program whose libtend was built without any of them.

The program is built with the sanitizer, the library is the one that the build has. What is right must be free of
reports, and what is wrong must be reported.
"""

import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE / "program.c"

ANY_REPORT = re.compile(r"ERROR: |WARNING: ThreadSanitizer|SUMMARY: |^==\d+==", re.MULTILINE)

# Each case: the options of the sanitizer, what the program does, and how that ends. Where there is a report, some of
# its words; None: there must be none.
KEEPS = "detect_stack_use_after_return=0"
FAKES = "detect_stack_use_after_return=1"
ADDRESS = [
    (KEEPS, "waits", 0, None),
    (FAKES, "waits_with_threads", 0, None),
    (KEEPS, "exits", 3, None),
    (FAKES, "exits", 3, None),
    (KEEPS, "holds_at_the_end", 0, None),
    (FAKES, "holds_at_the_end", 0, None),
    (KEEPS, "uses_while_held", 0, None),
    (KEEPS, "uses_after_the_last_unref", 1, r"use-after-poison(?s:.*)tend_task_get_status"),
    (KEEPS, "uses_after_another_is_made", 1, r"use-after-poison(?s:.*)tend_task_get_status"),
    (KEEPS, "drops_once_too_often", 1, r"use-after-poison(?s:.*)g_object_unref"),
    (KEEPS, "overflows", 1, r"stack-overflow(?s:.*)\bdive\b"),
    (KEEPS, "writes_beyond", 1, r"stack-buffer-overflow(?s:.*)'local'"),
    (KEEPS, "leaks", 1, r"LeakSanitizer: detected memory leaks"),
]
THREAD = [
    ("", "waits_with_threads", 0, None),
    ("", "exits", 3, None),
    ("", "races", 66, r"ThreadSanitizer: data race"),
]
VALGRIND = [
    ("", "exits", 3, None),
    ("", "uses_while_held", 0, None),
    ("", "uses_after_the_last_unref", 99, r"Invalid read(?s:.*)tend_task_get_status(?s:.*)free'd"),
    ("", "uses_after_another_is_made", 99, r"Invalid read(?s:.*)tend_task_get_status(?s:.*)free'd"),
    ("", "drops_once_too_often", 99, r"Invalid read(?s:.*)g_object_unref(?s:.*)free'd"),
]

# What a system may forbid the tool itself; and valgrind 3.19 cannot read all that clang 14 says for debuggers.
FORBIDDEN = re.compile(r"LeakSanitizer has encountered a fatal error|FATAL: ThreadSanitizer|Valgrind: debuginfo reader")


def run(command, env=None):
    return subprocess.run(list(map(str, command)), text=True, errors="replace", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=600, env=env, check=False)


def compile_program(args, cc, program, *options):
    """Builds the program; gives what the compiler says if it cannot."""
    library = pathlib.Path(args.library).resolve()
    flags = run(["pkg-config", "--cflags", "--libs", "gio-2.0"]).stdout
    result = run([*shlex.split(cc), "-g", "-O1", "-fno-omit-frame-pointer", *options, "-o", program, PROGRAM,
                  *(f"-I{d}" for d in args.include), library, f"-Wl,-rpath,{library.parent}", *shlex.split(flags),
                  "-lm", "-lpthread"])
    return result.stdout if result.returncode else ""


def has_runtime(cc, option, folder):
    """Whether the compiler can build and run anything with its sanitizer."""
    source = folder / "nothing.c"
    source.write_text("int main (void) { return 0; }\n", encoding="utf-8")
    built = run([*shlex.split(cc), option, "-o", folder / "nothing", source])
    return built.returncode == 0 and run([folder / "nothing"]).returncode == 0


def environment(tool, options):
    env = {name: value for name, value in os.environ.items() if not name.endswith("SAN_OPTIONS")}
    env |= {"LC_ALL": "C.UTF-8", "GIO_USE_VFS": "local", "G_DEBUG": ""}
    if tool == "address":
        env |= {"ASAN_OPTIONS": f"exitcode=1:detect_leaks=1:{options}", "LSAN_OPTIONS": "exitcode=1"}
    if tool == "thread":
        env |= {"TSAN_OPTIONS": "exitcode=66:halt_on_error=0", "G_SLICE": "always-malloc"}
    if tool == "valgrind":
        env |= {"G_SLICE": "always-malloc"}
    return env


def judge(command, tool, case):
    """What is wrong with how the program ended, and whether the system forbids the tool its work."""
    options, _, status, wanted = case
    result = run(command, environment(tool, options))
    if FORBIDDEN.search(result.stdout):
        return None, True

    problem = None
    if result.returncode != status:
        problem = f"exit status {result.returncode} instead of {status}"
    elif wanted is None and ANY_REPORT.search(result.stdout):
        problem = "there is a report"
    elif wanted is not None and not re.search(wanted, result.stdout):
        problem = f"nothing like {wanted}"
    return problem and f"{problem}\n{result.stdout}", False


def suites(args, folder):
    """Each tool with the command that runs the program under it, or why it cannot be had; and its cases."""
    for cc in args.cc:
        for tool, cases in ("address", ADDRESS), ("thread", THREAD):
            option = f"-fsanitize={tool}"
            program = folder / f"program-{pathlib.Path(shlex.split(cc)[0]).name}-{tool}"
            reason = None if has_runtime(cc, option, folder) else f"{cc} has no runtime for {option} here"
            yield f"{cc} {option}", tool, [program], reason, (cc, program, option), cases
    program = folder / "program-plain"
    reason = None if args.valgrind else "there is no valgrind"
    command = [args.valgrind, "--quiet", "--error-exitcode=99", program]
    yield "valgrind", "valgrind", command, reason, (args.cc[0], program), VALGRIND


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("--cc", action="append", default=[])
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--valgrind")
    args = parser.parse_args()

    number = n_bad = 0
    with tempfile.TemporaryDirectory(prefix="tend-tools-") as tmp:
        for name, tool, command, reason, build, cases in suites(args, pathlib.Path(tmp)):
            problem = None if reason else compile_program(args, *build)
            for case in cases:
                number += 1
                title = f"{name}: {case[1]} {case[0]}".rstrip()
                forbidden = False
                wrong = problem
                if not reason and not problem:
                    wrong, forbidden = judge([*command, case[1]], tool, case)
                skip = reason or (forbidden and "the tool cannot do its work here")
                n_bad += bool(wrong)
                if wrong:
                    print(re.sub("^", "# ", wrong, flags=re.MULTILINE))
                verdict, why = "not ok" if wrong else "ok", f" # SKIP {skip}" if skip else ""
                print(f"{verdict} {number} - {title}{why}", flush=True)
    print(f"1..{number}")
    return 1 if n_bad else 0


if __name__ == "__main__":
    sys.exit(main())
