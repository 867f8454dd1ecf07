"""Raw files of every dataset, drawn anew, and a server that hands them out."""
