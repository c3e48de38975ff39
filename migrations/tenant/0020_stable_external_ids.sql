DO $mig$ BEGIN
  -- Whether the app's identity provider never gives the id of one person to another.
  ALTER TABLE apps ADD COLUMN external_id_stable boolean NOT NULL DEFAULT false;
END $mig$;
