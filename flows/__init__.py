"""The stages of dvc.yaml: ``python -m flows.NAME``. Each reads top to bottom."""

import os

from lorvp.interrupts import say_one_word
from tasks.prefect_server.loopback import keep_loopback_direct

# Threads that wait for each other soon sleep. Spinning ones take the core from what they wait
# for where others compute as well (20 s became 5 min), and always sleeping ones cost a third of
# the time where nobody does. Read by OpenMP when torch is first imported.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")
keep_loopback_direct()
say_one_word()
