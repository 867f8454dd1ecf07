"""What trials run on: processes here, or the machines of a cluster."""
