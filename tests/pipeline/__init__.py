"""The pipeline as a user runs it: real processes in a copy of the project, and real faults."""
