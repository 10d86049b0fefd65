"""A fork while a thread trains: the child has a copy of the net, and no thread that uses it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork there")

# The child uses the net that the thread of its parent had; the parent may not, until it is given
# back. In a process of its own, because a fork copies no thread of a test runner.
SCRIPT = """
import os, threading, time, warnings
import numpy as np
import initlens as il

warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads: it is what we test
X = np.random.default_rng(0).normal(size=(400, 20))
y = np.arange(400) % 2
net = il.Network([20, 300, 1]).initialize("he_normal", rng=0)
optimizer = il.Adam(0.001)
net.fit(X, y, optimizer=optimizer, steps=2)
stop = threading.Event()
training = threading.Thread(
    target=net.fit,
    args=(X, y),
    kwargs=dict(
        optimizer=optimizer,
        steps=10**9,
        record=0,
        progress=lambda *_: stop.is_set() and 1 / 0,
    ),
)
threading.excepthook = lambda _: None
training.start()

def in_use():
    try:
        net.forward(X)
    except RuntimeError as error:
        return "by another thread" in str(error)
    return False

while not in_use():
    time.sleep(0.001)
codes = []
for _ in range(5):
    child = os.fork()
    if not child:
        try:
            again = net.copy()
            good = np.array_equal(net.forward(X), again.forward(X))
            net.fit(X, y, optimizer=optimizer, steps=2)
            net.fit(X, y, optimizer=il.SGD(0.1), steps=2)
            os._exit(0 if good else 7)
        except BaseException as error:
            print(repr(error), flush=True)
            os._exit(8)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    assert in_use()
stop.set()
training.join()
net.forward(X)
print(codes)
"""


def test_the_child_may_use_its_copy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.stdout, done.stderr) == ("[0, 0, 0, 0, 0]\n", "")


# The thread that forks goes on in the child, in the middle of its call.
INSIDE = """
import os, sys
import numpy as np
import initlens as il

net = il.Network([2, 50, 1]).initialize("he_normal", rng=0)
data = il.datasets.flower()
parent, seen = os.getpid(), []

def fork(done, total):
    if not seen:
        seen.append(os.fork())
    try:
        net.forward(data.X)
    except RuntimeError as error:
        seen.append("is running this callback" in str(error))

net.fit(data.X, data.y, optimizer=il.SGD(0.1), steps=20_000, progress=fork)
net.forward(data.X)
good = len(seen) > 1 and all(seen[1:])
if os.getpid() != parent:
    os._exit(0 if good else 7)
print(good, os.waitstatus_to_exitcode(os.waitpid(seen[0], 0)[1]))
"""


def test_a_call_that_goes_on_in_the_child_keeps_its_net() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INSIDE], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.stdout, done.stderr) == ("True 0\n", "")
