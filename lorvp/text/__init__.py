"""How messages, tables and pages show names, values and errors: printable, without secrets."""
