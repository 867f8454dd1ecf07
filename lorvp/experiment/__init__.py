"""From params.yaml to the list of trials it asks for."""
