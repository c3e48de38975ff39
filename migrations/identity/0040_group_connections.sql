DO $mig$ BEGIN
  -- The API app that gave a group its externalId, which is that app's name for it; empty where none did.
  ALTER TABLE groups ADD COLUMN connection text NOT NULL DEFAULT '';
END $mig$;
