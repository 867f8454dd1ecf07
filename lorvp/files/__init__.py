"""Files that appear whole, and files of others, which may be anything."""
