"""A plugin of pytest: one line of JSON for each test, with how it ended and what it said."""

import json
import os


def pytest_runtest_logreport(report):
    # A set-up or tear-down that passes says nothing; one that fails counts as the test's own failure.
    if report.when != "call" and report.passed:
        return
    entry = {"name": report.nodeid, "outcome": report.outcome, "text": report.longreprtext}
    with open(os.environ["OUTCOMES"], "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
