# Runs one module of CPython's own tests, and announces what becomes of each case while it runs.
#
# Inputs: module (its dotted name), done (ids of cases that have run in an earlier round). Announcements are lines of standard error,
# written to its descriptor: tests replace `sys.stderr`. A host that ends the run then knows which case was at it.

import collections
import importlib.util
import json
import os
import sys
import traceback
import unittest

from belljar import TimeLimit

TESTS = f"{sys._stdlib_dir}/test"
REASON_CHARACTERS = 300
TRACE_CHARACTERS = 6000


def announce(_write=os.write, _dumps=json.dumps, **event):
    line = f"\nbelljar-case {_dumps(event)}\n".encode("ascii")
    while line:
        line = line[_write(2, line):]


class Announcing(unittest.TestResult):
    """Tells of every case once it is over, and of what fails outside of cases (fixtures of classes and modules) at once."""

    RANK = ("passed", "skipped", "failed")

    def __init__(self):
        super().__init__()
        self.running = None

    def startTest(self, test):
        super().startTest(test)
        self.running = test
        self.worst = {"how": "passed"}
        announce(begins=test.id())

    def stopTest(self, test):
        super().stopTest(test)
        self.running = None
        announce(ends=test.id(), **self.worst)

    def note(self, test, how, why="", trace=""):
        event = {"how": how, "why": why[:REASON_CHARACTERS], "trace": trace[:TRACE_CHARACTERS]}
        if self.running is None:
            announce(ends=test.id(), **event)
        elif self.RANK.index(how) > self.RANK.index(self.worst["how"]):
            self.worst = event

    def note_error(self, test, error):
        kind, value, trace = error
        if issubclass(kind, TimeLimit):
            os._exit(124)
        try:
            first, *_ = str(value).strip().splitlines() or [""]
            shown = "".join(traceback.format_exception(kind, value, trace))
        except Exception as second:
            first, shown = f"an error that cannot be shown: {type(second).__name__}", ""
        self.note(test, "failed", f"{kind.__name__}: {first}" if first else kind.__name__, shown[-TRACE_CHARACTERS:])

    def addError(self, test, err):
        self.note_error(test, err)

    def addFailure(self, test, err):
        self.note_error(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note_error(test, err)

    def addSkip(self, test, reason):
        self.note(test, "skipped", reason)

    def addUnexpectedSuccess(self, test):
        self.note(test, "failed", "passes against expectation")


def adopt_tests():
    """Makes the tests what they are elsewhere, a package of the standard library: the library in the image has none."""
    spec = importlib.util.spec_from_file_location("test", f"{TESTS}/__init__.py", submodule_search_locations=[TESTS])
    sys.modules["test"] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)


def prepare():
    """What CPython's own runner does before tests."""
    adopt_tests()
    from test import support

    os.mkdir("/work/tests")
    os.chdir("/work/tests")
    support.record_original_stdout(sys.stdout)
    support.verbose = 0
    support.use_resources = []
    support.junit_xml_list = None


def without(suite, counts):
    """Takes out cases that have run. Suites stay, so that fixtures of classes and modules run."""
    left = []
    for item in suite._tests:
        if isinstance(item, unittest.TestSuite):
            without(item, counts)
        elif counts[item.id()] > 0:
            counts[item.id()] -= 1
            continue
        left.append(item)
    suite._tests = left


def run():
    prepare()
    try:
        loaded = importlib.import_module("test." + module)
        loader = unittest.TestLoader()
        suite = loader.loadTestsFromModule(loaded)
    except unittest.SkipTest as reason:
        announce(whole="skipped", why=str(reason)[:REASON_CHARACTERS])
        return
    except Exception as error:
        shown = "".join(traceback.format_exception(error))
        announce(whole="not loaded", why=f"{type(error).__name__}: {error}"[:REASON_CHARACTERS], trace=shown[-TRACE_CHARACTERS:])
        return
    for error in loader.errors:
        announce(whole="not loaded", why=error.strip().splitlines()[-1][:REASON_CHARACTERS], trace=error[-TRACE_CHARACTERS:])
        return
    without(suite, collections.Counter(done))
    suite.run(Announcing())
    announce(whole="ran")


run()
None
