"""What stands between the pipeline and the science."""
