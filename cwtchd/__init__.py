"""cwtchd: an independent Cwtch daemon."""

__version__ = "0.1.0"
