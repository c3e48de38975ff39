DO $mig$ BEGIN
  -- Whether the app's identity provider is read to the letter of RFC 7644.
  ALTER TABLE apps ADD COLUMN strict boolean NOT NULL DEFAULT false;
END $mig$;
