# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the type stub with the module: the same names stand in both, and functions take the same arguments."""

import ast
import enum
import inspect
import pathlib
import re
import sys

import gi

gi.require_version("Tend", "1")
from gi.repository import Tend
from gi.overrides.Tend.task import set_times

STUB = pathlib.Path(sys.argv[1])
# What every object has, whoever defines it, and what a stub says by other means.
COMMON = {
    "__init__", "__new__", "__repr__", "__str__", "__bool__", "__class_getitem__", "__init_subclass__", "props",
    "connect", "connect_after", "connect_object", "connect_object_after",
    "get_properties", "get_property", "set_properties", "set_property",
}
SPECIAL = re.compile(r"__a?(await|iter|next|anext|enter|exit|contains|getitem|len)__")
SETTINGS = list(inspect.signature(set_times).parameters)[1:]
DOCUMENTED = re.compile(r"\w+\((.*?)\)(?: ->.*)?$")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

problems = []


def is_public(name):
    return not name.startswith("_") or (SPECIAL.fullmatch(name) and name not in COMMON)


# --- What the stub says ---

def name_of(node):
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.AnnAssign):
        return node.target.id
    return None


def members(nodes):
    """Gives the definitions of each public name, several where it is overloaded."""
    found = {}
    for node in nodes:
        name = name_of(node)
        if name is not None and is_public(name) and name not in COMMON:
            found.setdefault(name, []).append(node)
    return found


def decorators(node):
    return {decorator.id for decorator in node.decorator_list if isinstance(decorator, ast.Name)}


def stub_arguments(node, is_method):
    """Gives a list of (name, whether it may be left out), and the names of those that are keywords alone."""
    arguments = node.args
    first_default = len(arguments.args) - len(arguments.defaults)
    named = [(argument.arg, index >= first_default) for index, argument in enumerate(arguments.args)]
    if is_method and "staticmethod" not in decorators(node):
        del named[0]
    if arguments.vararg:
        named.append(("*" + arguments.vararg.arg, True))
    return named, [argument.arg for argument in arguments.kwonlyargs]


# --- What the module says ---

def documented_arguments(function):
    """The same from the text that PyGObject makes for what is introspected."""
    found = DOCUMENTED.match(function.__doc__)
    named = []
    for argument in found[1].split(", ") if found[1] else []:
        name, _, default = argument.partition("=")
        name = name.partition(":")[0]
        if name != "self":
            # Whatever follows the callback is handed to it.
            named.append(("*user_data" if name == "user_data" else name, bool(default)))
    # PyGObject takes None for what may be left out only where nothing that is needed follows.
    for index in reversed(range(len(named) - 1)):
        if not named[index + 1][1]:
            named[index] = named[index][0], False
    return named, []


def real_arguments(function):
    function = inspect.unwrap(function)  # from the conversion of times
    is_introspected = hasattr(function, "may_return_null")
    if is_introspected or not inspect.isroutine(function) or not hasattr(function, "__code__") and not hasattr(function, "__func__"):
        return documented_arguments(function)

    named, keywords = [], []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind == parameter.VAR_KEYWORD:
            keywords += SETTINGS
        elif parameter.kind == parameter.KEYWORD_ONLY:
            keywords.append(parameter.name)
        elif parameter.kind == parameter.VAR_POSITIONAL:
            named.append(("*" + parameter.name, True))
        else:
            named.append((parameter.name, parameter.default is not parameter.empty))
    return named, keywords


def is_ours(cls):
    return cls.__module__.startswith(("gi.repository.Tend", "gi.overrides.Tend"))


def real_members(cls):
    """The names that libtend defines for @cls or for those of its own that it derives from; not what GLib has.

    What is None there is left out: a function that Python has no use for.
    """
    names = set()
    for base in cls.__mro__:
        if is_ours(base):
            names |= {name for name in vars(base) if is_public(name) and name not in COMMON}
    return {name for name in names if getattr(cls, name, None) is not None}


# --- Comparing ---

def compare_names(where, stub, real, inherited=frozenset()):
    for name in sorted(real - stub):
        problems.append(f"{where}{name} is not in the stub")
    for name in sorted(stub - real - inherited):
        problems.append(f"{where}{name} is in the stub alone")


def compare_arguments(where, nodes, function, is_method):
    """All variants of an overloaded function together take what it takes, in that order."""
    named, keywords = real_arguments(function)
    names = [name for name, _ in named]
    seen = set()
    for node in nodes:
        stub_named, stub_keywords = stub_arguments(node, is_method)
        stub_names = [name for name, _ in stub_named]
        seen.update(stub_names, stub_keywords)
        if [name for name in names if name in stub_names] != stub_names or \
                [name for name in keywords if name in stub_keywords] != stub_keywords:
            problems.append(f"{where} takes {names + keywords}, and not {stub_names + stub_keywords}")
        elif len(nodes) == 1 and stub_named != named:
            problems.append(f"{where} takes {named}, and not {stub_named}")
    for name in [*names, *keywords]:
        if name not in seen:
            problems.append(f"{where} takes {name}, too")


def takes_none(annotation):
    """Whether it allows None; None where it allows anything."""
    if ast.unparse(annotation) in ("Any", "_T", "_AsyncReady"):
        return None
    if isinstance(annotation, ast.BinOp):
        return bool(takes_none(annotation.left) or takes_none(annotation.right))
    return ast.unparse(annotation) == "None"


def compare_nullable(where, node, function):
    """What is introspected takes None, and gives it, where the stub says so."""
    nullable = {argument.get_name(): argument.may_be_null() for argument in function.get_arguments()}
    for argument in node.args.args:
        expected = nullable.get(argument.arg)
        if expected is not None and takes_none(argument.annotation) not in (expected, None):
            problems.append(f"{where} takes None as {argument.arg}: {expected}")
    if ast.unparse(node.returns) != "None" and takes_none(node.returns) not in (function.may_return_null(), None):
        problems.append(f"{where} gives None: {function.may_return_null()}")


def compare(where, nodes, real, is_method):
    if isinstance(nodes[0], FUNCTIONS) and callable(real) and not where.split(".")[-1].startswith("__"):
        compare_arguments(where, nodes, real, is_method)
        if hasattr(real, "may_return_null"):
            compare_nullable(where, nodes[0], real)
    elif isinstance(nodes[0], FUNCTIONS) and "property" not in decorators(nodes[0]) and not callable(real):
        problems.append(f"{where} is no function")


def compare_class(name, node, cls, classes):
    own = members(node.body)
    from_bases = set()
    for base in cls.__mro__[1:]:
        if base.__name__ in classes and base.__name__ != name and is_ours(base):
            from_bases |= set(members(classes[base.__name__].body))
    # What is overridden may be said again, and so may what a base of another library has.
    everywhere = {each for each in dir(cls) if is_public(each)}
    compare_names(f"{name}.", set(own) | from_bases, real_members(cls), everywhere | {"domain", "code", "message"})
    for each, nodes in own.items():
        if hasattr(cls, each):
            compare(f"{name}.{each}", nodes, getattr(cls, each), True)
    constructors = [each for each in node.body if name_of(each) == "__new__"]
    # Enumerations are Python's own where PyGObject is newer, and have its constructor.
    if constructors or inspect.isfunction(vars(cls).get("__new__")) and not issubclass(cls, enum.Enum):
        compare_arguments(f"{name}.__new__", constructors, cls.__new__, True)


def main():
    tree = ast.parse(STUB.read_text(encoding="utf-8"))
    stub = members(tree.body)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    real = {name for name in dir(Tend) if not name.startswith("_")}
    compare_names("", set(stub), real)

    for name, nodes in stub.items():
        if name not in real:
            continue
        value = getattr(Tend, name)
        if isinstance(nodes[0], ast.ClassDef) != isinstance(value, type):
            problems.append(f"{name} is a class in one of both")
        elif isinstance(value, type):
            compare_class(name, nodes[0], value, classes)
        else:
            compare(name, nodes, value, False)

    print("\n".join(problems))
    print(f"{len(stub)} names, {len(problems)} problems")
    return 1 if problems or not stub else 0


sys.exit(main())
