"""What every method and mapping promises; the cases come from the unions themselves."""
