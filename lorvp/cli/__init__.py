"""The program `lorvp`."""
