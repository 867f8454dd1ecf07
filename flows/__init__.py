"""The stages of dvc.yaml: ``python -m flows.NAME``. Each reads top to bottom."""
