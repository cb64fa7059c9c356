-- Whether an unattended start, whose password somebody put somewhere, opens this profile.
ALTER TABLE profile ADD COLUMN autostart INTEGER NOT NULL DEFAULT 1;
