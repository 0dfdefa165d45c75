# SPDX-FileCopyrightText: The libtend authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A class derived from the manager in Python; see subclass.c."""

import gc
import unittest

import gi

gi.require_version("Tend", "1")
from gi.repository import Gio, GLib, GObject, Tend

clock = Tend.Clock.freeze(None)


class TestNode(Tend.TaskManager):
    label = GObject.Property(type=str, default="")

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.log = []

    def do_task_failed(self, task, error):
        Tend.TaskManager.do_task_failed(self, task, error)
        self.log.append(f"node: {task.get_name()}: {error.message}")

    def visit(self):
        self.log.append(Tend.current_task().get_name())

    async def stay(self):
        """Goes on until it is cancelled."""
        try:
            await Tend.sleep(3600)
        finally:
            self.visit()


class TestHastyNode(TestNode):
    def __init__(self):
        super().__init__()
        self.register("hasty", self.visit)

    def do_task_failed(self, task, error):
        self.log.append("hasty")
        TestNode.do_task_failed(self, task, error)


def fail():
    raise GLib.Error.new_literal(Gio.io_error_quark(), "busy", Gio.IOErrorEnum.BUSY)


class Test(unittest.TestCase):
    def setUp(self):
        self.node = TestNode(label="Anna", max_running=2)

    def assert_finalized(self):
        """The test holds the last reference to its node."""
        gone = []
        self.node.weak_ref(gone.append, "gone")
        del self.node
        gc.collect()
        self.assertEqual(gone, ["gone"])

    def test_properties(self):
        self.assertEqual((self.node.label, self.node.get_max_running()), ("Anna", 2))
        self.assertEqual(self.node.get_property("label"), "Anna")
        self.assert_finalized()

    def test_class_method(self):
        self.node.connect("task-failed", lambda node, *_: node.log.append("handler"))
        self.node.register("x", fail)
        clock.advance(0)
        self.assertEqual(self.node.log, ["handler", "node: x: busy"])
        self.assert_finalized()

    def test_class_method_chains_up(self):
        self.node = TestHastyNode()
        self.node.cancel_all()
        self.node.register("x", fail)
        clock.advance(0)
        self.assertEqual(self.node.log, ["hasty", "node: x: busy"])
        self.assert_finalized()

    def test_constructor_registers(self):
        self.node = TestHastyNode()
        self.assertTrue(self.node.is_active("hasty"))
        self.node.cancel_all()
        clock.advance(0)
        self.assertEqual((len(self.node), self.node.log), (0, []))
        self.assert_finalized()

    def test_list_model(self):
        self.assertIsInstance(self.node, Gio.ListModel)
        tasks = [self.node.register(name, self.node.visit) for name in ("a", "b")]
        self.assertEqual(list(self.node), tasks)
        clock.advance(0)
        self.assertEqual((len(self.node), self.node.log), (0, ["a", "b"]))
        del tasks
        self.assert_finalized()

    def test_shutdown(self):
        self.node.register("a", self.node.stay)
        self.node.register("b", self.node.stay)
        for name in ("last", "very-last"):
            self.node.add_shutdown_task(Tend.Task.new(name, self.node.visit))
        clock.advance(0)
        self.assertEqual(self.node.log, [])
        log = self.node.log
        self.node.shutdown_async(None, lambda node, result: log.append(node.shutdown_finish(result)))
        clock.advance(0)
        self.assertEqual(log, ["a", "b", "last", "very-last", True])
        self.assert_finalized()

    def test_dropped(self):
        task = Tend.Task.new("never", self.fail, "it runs")
        task.set_delay(1)
        self.node.register(task)
        self.assert_finalized()
        self.assertEqual(task.get_status(), Tend.TaskStatus.CANCELLED)
        clock.advance(2)


class Derived(unittest.TestCase):
    """Classes that only interpreters derive from: with arguments and attributes of their own."""

    def test_classes(self):
        for base, settings in (
                (Tend.Channel, {"capacity": 2}), (Tend.Completion, {"name": "x"}), (Tend.Cancellable, {}),
                (Tend.RequestCache, {}), (Tend.Group, {"max_running": 2}), (Tend.TaskManager, {})):
            with self.subTest(base=base.__name__):
                class Sub(base):
                    __gtype_name__ = f"TestDerived{base.__name__}"

                    def __init__(self, label, **kwargs):
                        super().__init__(**kwargs)
                        self.label = label

                    def get_label(self):
                        return self.label

                derived, gone = Sub("label", **settings), []
                self.assertIsInstance(derived, base)
                self.assertEqual(derived.get_label(), "label")
                for name, value in settings.items():
                    self.assertEqual(derived.get_property(name), value)
                derived.weak_ref(gone.append, True)
                del derived
                gc.collect()
                self.assertEqual(gone, [True])

    def test_they_work(self):
        class Inbox(Tend.Channel):
            async def get(self):
                return [await self.receive()]

        class Answer(Tend.Completion):
            def give(self, value):
                self.set_value((value,))

        async def main():
            inbox, answer = Inbox(), Answer()
            await inbox.send({})
            answer.give([1])
            return await inbox.get(), await answer

        self.assertEqual(Tend.run(main), ([{}], ([1],)))


if __name__ == "__main__":
    unittest.main()
