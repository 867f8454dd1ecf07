"""Words that people read: names, values and errors as messages show them, without secrets."""
