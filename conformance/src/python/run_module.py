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
from types import ModuleType

from belljar import TimeLimit

TESTS = f"{sys._stdlib_dir}/test"

# Modules that give up as a whole on a platform without sockets, threads or processes, although most of their cases need none: asyncio's,
# whose loop works without sockets here, and those that use a stand-in. These run, and what does need them fails by itself.
RUN_WITHOUT = """
test_argparse test_asyncgen test_asyncio.test_base_events test_asyncio.test_context test_asyncio.test_eager_task_factory
test_asyncio.test_futures test_asyncio.test_futures2 test_asyncio.test_locks test_asyncio.test_pep492 test_asyncio.test_protocols
test_asyncio.test_queues test_asyncio.test_runners test_asyncio.test_staggered test_asyncio.test_streams test_asyncio.test_taskgroups
test_asyncio.test_tasks test_asyncio.test_threads test_asyncio.test_timeouts test_asyncio.test_transports test_asyncio.test_waitfor
test_calendar test_concurrent_futures.test_future test_contextlib_async test_getopt test_httplib test_importlib test_mailbox
test_optparse test_queue test_sys_settrace test_threading_local test_unittest test_urllib test_urllib2 test_webbrowser test_wsgiref
test_xml_dom_xmlbuilder test_xmlrpc
"""
# Modules that import the interpreter's C test modules as a whole, and use them in a few cases: these find a stand-in.
RUN_WITHOUT_C = """
test_bytes test_class test_code test_compile test_compileall test_import test_importlib test_monitoring test_pkgutil test_pyclbr
test_traceback test_types
"""
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


def run_without():
    """Makes the guards of whole modules let them pass; those of single cases and classes stay."""
    from test import support
    from test.support import socket_helper, threading_helper

    for place, name in (support, "requires_working_socket"), (threading_helper, "requires_working_threading"):
        def guard(*, module=False, original=getattr(place, name)):
            return None if module else original()
        setattr(place, name, guard)
    socket_helper.has_gethostname = True
    support.has_subprocess_support = True
    importlib.import_module("test.test_tools")
    support.has_subprocess_support = False


class CTests(ModuleType):
    """Stands in for a C test module. What it has is the truth; whatever else is called raises an error that says why."""

    INT_MAX = LONG_MAX = PY_SSIZE_T_MAX = 2**31 - 1
    INT_MIN = LONG_MIN = PY_SSIZE_T_MIN = -2**31

    @staticmethod
    def get_config():
        return {"code_debug_ranges": 1}

    @staticmethod
    def get_immortalize_deferred():
        return False

    @staticmethod
    def exception_print(error, legacy=False):  # the same function of the interpreter, by another name
        sys.__excepthook__(type(error), error, getattr(error, "__traceback__", None))

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        def absent(*args, **kwargs):
            raise NotImplementedError(f"{self.__name__}.{name}: the interpreter's C test modules are not part of the engine")
        return absent


def run_without_c():
    for name in "_testcapi", "_testinternalcapi", "_testlimitedcapi", "_testmultiphase":
        sys.modules[name] = CTests(name)


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
    if module in RUN_WITHOUT.split():
        run_without()
    if module in RUN_WITHOUT_C.split():
        run_without_c()


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
