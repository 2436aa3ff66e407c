# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs groups of tests; a group shares what is slow to make, most often one boot.

A test that fails loses its group's machine: the next one gets a fresh one, so that a failure
is told where it happens and nowhere else.
"""
import os
import threading
import time
import traceback

import ringlet
from ringlet import LOGS, PATIENCE, Failure, Skip

TEST_SECONDS = 600 * PATIENCE   # a test that takes longer hangs, and must not take all others with it


class Group:
    """One after the other: setup, each test of `tests` with what setup gave, teardown."""
    layer = ""
    cpus = 1    # 2: not beside anything else

    def __init__(self, tests):
        self.tests = tests          # [(name, function(machine))]

    def setup(self):
        return None

    def teardown(self, machine):
        if hasattr(machine, "kill"):
            machine.kill()

    def after(self, machine, name):
        """Checked after each test, as a part of it."""


class Report:
    def __init__(self):
        self.lock = threading.Lock()
        self.passed = self.failed = self.skipped = 0

    def add(self, name, verdict, seconds, text=""):
        with self.lock:
            if verdict == "ok":
                self.passed += 1
            elif verdict == "FAIL":
                self.failed += 1
            else:
                self.skipped += 1
            print(f"{verdict:<4} {name} ({seconds:.1f})", flush=True)
            if text:
                print("\n".join("     " + l for l in text.rstrip("\n").split("\n")), flush=True)

    def summary(self):
        line = f"{self.passed} passed, {self.failed} failed"
        return line + (f", {self.skipped} skipped" if self.skipped else "")


def describe(e):
    if isinstance(e, Failure):
        return str(e)
    return "".join(traceback.format_exception(type(e), e, e.__traceback__))


def run_test(function, machine, seconds):
    """One test; when its time is up its machines end, which is the end of whatever it waits for."""
    hung = threading.Event()
    mine = threading.get_ident()

    def end():
        hung.set()
        ringlet.stop_machines(mine)

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        return function(machine)
    except Exception as e:
        if hung.is_set():
            raise Failure(f"took more than {seconds:.0f} s, and then:\n" + describe(e)) from e
        raise
    finally:
        timer.cancel()


def run_group(group, wanted, report, exit_first=False):
    chosen = [(n, f) for n, f in group.tests if wanted(f"{group.layer}/{n}")]
    machine, up = None, False
    for name, function in chosen:
        if exit_first and report.failed:
            break
        full = f"{group.layer}/{name}"
        start = time.monotonic()
        verdict, text = "ok", ""
        try:
            if not up:
                machine = run_test(lambda _: group.setup(), None, TEST_SECONDS)
                up = True
            said = run_test(function, machine, TEST_SECONDS)
            group.after(machine, name)
            text = said if isinstance(said, str) else ""
        except Skip as e:
            verdict, text = "skip", str(e)
        except Exception as e:  # whatever it is, the test has failed
            verdict, text = "FAIL", describe(e)
        if verdict == "FAIL" and up:
            try:
                group.teardown(machine)
            except Exception as e:
                text += "\nand then: " + describe(e)
            up = False
        os.makedirs(LOGS, exist_ok=True)
        with report.lock:
            with open(os.path.join(LOGS, "summary.log"), "a") as f:
                f.write(f"{verdict} {full}\n{text}\n")
        report.add(full, verdict, time.monotonic() - start, text)
    if up:
        group.teardown(machine)


def run(groups, wanted, parallel, exit_first=False):
    """All groups, `parallel` at a time; returns the report."""
    report = Report()
    queue = [g for g in groups if any(wanted(f"{g.layer}/{n}") for n, _ in g.tests)]
    lock = threading.Lock()
    alone = threading.Semaphore(parallel)

    def worker():
        while True:
            with lock:
                if not queue:
                    return
                group = queue.pop(0)
            for _ in range(min(group.cpus, parallel)):
                alone.acquire()
            try:
                run_group(group, wanted, report, exit_first)
            except Exception as e:
                report.add(f"{group.layer}/(teardown)", "FAIL", 0, describe(e))
            for _ in range(min(group.cpus, parallel)):
                alone.release()

    # A group that wants to be alone takes all places; two such waiting for each other's half would hang,
    # so they come last, in one thread.
    for part, threads in (([g for g in queue if g.cpus == 1], parallel),
                          ([g for g in queue if g.cpus > 1], 1)):
        queue = part
        workers = [threading.Thread(target=worker) for _ in range(threads)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
    return report
