# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Compares the tables of doc/conventions.md with the GIR and the headers: each row holds, and nothing deviates."""

import pathlib
import re
import sys
import xml.etree.ElementTree as ET

CORE = "{http://www.gtk.org/introspection/core/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"
CALLABLES = ("function", "method", "constructor", "callback", "virtual-method")
TYPES = ("class", "record", "enumeration", "bitfield", "callback")


def read_tables(text):
    """Gives the rows of the table below each heading, as lists of their cells."""
    tables = {}
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        heading, _, body = section.partition("\n")
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines()
                if line.startswith("|")]
        tables[heading] = rows[2:]
    return tables


def names_in(cell):
    return re.findall(r"`([^`]+)`", cell)


def get_type(node):
    kind = node.find(CORE + "type")
    return "" if kind is None else kind.get("name")


def get_parameters(function):
    return function.findall(f"{CORE}parameters/{CORE}parameter")


def get_doc(node):
    doc = node.find(CORE + "doc")
    return "" if doc is None else " ".join(doc.text.split())


class Checker:
    def __init__(self, tables, namespace, headers):
        self.tables = tables
        self.namespace = namespace
        self.headers = headers
        self.faults = []
        self.classes = namespace.findall(CORE + "class")
        self.callbacks = {node.get("name") for node in namespace.findall(CORE + "callback")}

    def fault(self, text):
        self.faults.append(text)

    def list_callables(self):
        for node in self.namespace.iter():
            if node.tag.removeprefix(CORE) in CALLABLES and node.get("moved-to") is None:
                yield node.get(C + "identifier") or node.get(C + "type") or node.get("name"), node

    def names_of(self, heading, column=0):
        return [name for row in self.tables[heading] for name in names_in(row[column])]

    def check_times(self):
        times = {name: row[2] for row in self.tables["Times"] for name in names_in(row[0])}
        numbers = set(self.names_of("Numbers of 64 bits that are no times"))
        used = set()
        for where, function in self.list_callables():
            for parameter in get_parameters(function):
                name = parameter.get("name")
                if get_type(parameter) != "gint64" or name in numbers:
                    used.add(name)
                    continue
                used.add(name)
                self.check_time(where, parameter, times.get(name))
        for each in self.namespace.iter(CORE + "property"):
            name = each.get("name").replace("-", "_")
            used.add(name)
            if get_type(each) == "gint64" and name not in times and name not in numbers:
                self.fault(f"the property {name} is a gint64 of a name that the table of times does not have")
        for name in times.keys() - used:
            self.fault(f"nothing is named {name}, which the table of times has")

    def check_time(self, where, parameter, none):
        name, doc = parameter.get("name"), get_doc(parameter)
        if none is None:
            self.fault(f"{where}(): {name} is a gint64 of a name that the table of times does not have")
        elif doc and "microseconds" not in doc and "get_time" not in doc:
            self.fault(f"{where}(): the documentation of {name} does not say its unit")
        elif "G_MAXINT64" in doc or none != "-1" and re.search(r"-1\b", doc):
            self.fault(f"{where}(): no limit is {none}, and the documentation of {name} says something else")

    def check_errors(self):
        domains = {names_in(row[0])[0]: row[1].strip("[]").removeprefix("error@Tend.") for row in self.tables["Errors"]}
        found = {node.get(GLIB + "error-domain"): node.get(C + "type").removeprefix("Tend")
                 for node in self.namespace.iter(CORE + "enumeration") if node.get(GLIB + "error-domain")}
        if domains != found:
            self.fault(f"the domains of errors are {found}, and the table has {domains}")

    def check_transfer(self):
        taking = {(names_in(row[0])[0], names_in(row[1])[0]) for row in self.tables["Who takes over a reference"]}
        found = {(where, parameter.get("name")) for where, function in self.list_callables()
                 for parameter in get_parameters(function)
                 if get_type(parameter) == "Task" and parameter.get("transfer-ownership") == "full"}
        for where, name in found ^ taking:
            self.fault(f"{where}(): {name} is transferred, or not, other than the table says")

    def check_callbacks(self):
        excepted = set(self.names_of("Callbacks"))
        for where, function in self.list_callables():
            for parameter in get_parameters(function):
                if get_type(parameter) not in self.callbacks or where in excepted:
                    continue
                if parameter.get("scope") is None or parameter.get("closure") is None:
                    self.fault(f"{where}(): {parameter.get('name')} has no scope, or no closure")
                if parameter.get("scope") == "notified" and parameter.get("destroy") is None:
                    self.fault(f"{where}(): {parameter.get('name')} is kept, and its data have no destroy notify")

    def check_setters(self):
        excepted = {names_in(row[0])[0]: names_in(row[1]) for row in self.tables["Setters"]}
        for node in self.classes:
            properties = {each.get("name").replace("-", "_") for each in node.findall(CORE + "property")}
            for method in node.findall(CORE + "method"):
                name, identifier = method.get("name"), method.get(C + "identifier")
                is_known = name.removeprefix("set_") in properties or identifier in excepted
                if name.startswith("set_") and not is_known:
                    self.fault(f"{identifier}() sets what is no property, and is not among those excepted")
                for each in excepted.get(identifier, []):
                    if each.replace("-", "_") not in properties:
                        self.fault(f"{identifier}() is said to set the property {each}, which is not there")
        known = {where for where, _ in self.list_callables()}
        for name in excepted.keys() - known:
            self.fault(f"{name}() is excepted from the rule of setters, and is not there")

    def check_types(self):
        boxed = [node for node in self.namespace.findall(CORE + "record") if node.get(GLIB + "get-type")]
        for node in self.classes + boxed:
            name = node.get(C + "type")
            if not re.search(rf"G_DE(CLARE_\w+_TYPE|FINE_AUTOPTR_CLEANUP_FUNC) \({name}\b", self.headers):
                self.fault(f"g_autoptr() does not work with {name}")
        guards = set(re.findall(r"G_DEFINE_AUTO_CLEANUP_(?:CLEAR|FREE)_FUNC \((\w+)", self.headers))
        for name in guards ^ set(self.names_of("Types")):
            self.fault(f"{name} is a guard, or is not, other than the table says")

    def check_versions(self):
        for where, node in self.list_callables():
            if node.tag != CORE + "virtual-method" and node.get("version") is None and where is not None:
                if node.tag != CORE + "callback" or node in list(self.namespace):
                    self.fault(f"{where} does not say since when it is there")
        for kind in TYPES:
            for node in self.namespace.findall(CORE + kind):
                if node.get("version") is None and node.get(GLIB + "is-gtype-struct-for") is None:
                    self.fault(f"{node.get(C + 'type')} does not say since when it is there")

    def check_counts(self):
        parameters = {parameter.get("name"): parameter for _, function in self.list_callables()
                      for parameter in get_parameters(function) if get_type(parameter) == "guint"
                      and parameter.get("name") in self.names_of("Counts") and "0" in get_doc(parameter)}
        for name in set(self.names_of("Counts")) - parameters.keys():
            self.fault(f"no count is named {name} that says what 0 is")

    def check(self):
        for name in sorted(dir(self)):
            if name.startswith("check_") and name != "check_time":
                getattr(self, name)()
        return sorted(set(self.faults))


def main(page, gir, *headers):
    tables = read_tables(pathlib.Path(page).read_text(encoding="utf-8"))
    namespace = ET.parse(gir).getroot().find(CORE + "namespace")
    text = "".join(pathlib.Path(header).read_text(encoding="utf-8") for header in headers)
    faults = Checker(tables, namespace, text).check()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
