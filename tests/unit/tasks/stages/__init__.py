"""The stages of dvc.yaml: files in, files out."""
