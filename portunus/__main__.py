"""`python -m portunus` is the command `portunus`."""

from portunus.cli import main

main()
