"""The stages of dvc.yaml: ``python -m flows.NAME``. Each reads top to bottom."""

import os

# Threads that wait sleep: spinning ones take the core from what they wait for where others
# compute as well (20 s became 5 min). Read when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
