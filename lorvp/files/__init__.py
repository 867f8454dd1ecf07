"""Write files whole or not at all, and read files of others, which may be anything."""
