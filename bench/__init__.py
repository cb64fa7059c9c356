"""Ratios, measured side by side in one run: what cwtchd costs over the floor that Tor and the disk set."""
