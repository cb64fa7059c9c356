"""A hosted server's database, script by script; see `migrations` for the rules."""
