"""Bots to run and to copy, each a program of its own: `python -m bots.echobot`."""
