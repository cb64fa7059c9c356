"""The daemon's own database, script by script; see `migrations` for the rules."""
