"""Raw files of every dataset, made here, and a server that hands them out."""
