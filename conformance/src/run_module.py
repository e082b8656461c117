# Runs one module of CPython's own tests, and returns what became of each case.
#
# Inputs: module (a name), skip (ids of cases that must not run), why (id -> what they did).
# Every case is announced on standard error before it begins, so that the host knows which one was running if the run is stopped.

import sys
import time
import unittest

sys.path.insert(0, "/lib/cpython")


class Collected(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.passed = 0

    def startTest(self, test):
        super().startTest(test)
        sys.stderr.write(f"\nbegins {test.id()}\n")

    def addSuccess(self, test):
        self.passed += 1

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def run():
    import test.support

    test.support.verbose = 0
    test.support.use_resources = []
    result = Collected()
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName("test." + module)
        failed_to_load = unittest.defaultTestLoader.errors
    except unittest.SkipTest as reason:
        return {"skipped_whole": str(reason)}
    except BaseException as error:
        return {"not_loaded": f"{type(error).__name__}: {error}"[:300]}
    if failed_to_load:
        return {"not_loaded": last_line(failed_to_load[0])}
    chosen = unittest.TestSuite()
    forbidden = set(skip)
    # Whole suites are kept, so that fixtures of classes and modules run; single cases are taken out.
    def keep(part):
        kept = type(part)()
        for item in part:
            if isinstance(item, unittest.TestSuite):
                kept.addTest(keep(item))
            elif item.id() not in forbidden:
                kept.addTest(item)
        return kept

    keep(suite).run(result)
    return {
        "ran": result.testsRun,
        "passed": result.passed,
        "skipped": [[test.id(), reason[:200]] for test, reason in result.skipped],
        "failed": [[test.id(), last_line(trace)] for test, trace in result.failures + result.errors],
        "expected_failures": len(result.expectedFailures),
        "unexpected_successes": [test.id() for test in result.unexpectedSuccesses],
    }


outcome = run()
outcome
