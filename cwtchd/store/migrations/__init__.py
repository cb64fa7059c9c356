"""Numbered SQL scripts, appended and never edited: `user_version` says how many a database has had."""
