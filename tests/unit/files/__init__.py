"""Files that appear whole."""
