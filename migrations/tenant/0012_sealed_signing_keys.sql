DO $mig$ BEGIN
  -- The private key is sealed under a key that is not in the database; `sealed_by` is that key's id. `pkcs8` is
  -- only in rows from before, until tenant is started.
  ALTER TABLE signing_keys ALTER COLUMN pkcs8 DROP NOT NULL;
  ALTER TABLE signing_keys ADD COLUMN sealed bytea, ADD COLUMN sealed_by text, ADD COLUMN revoked_at timestamptz;

  -- Bearers whose older credentials are not accepted any more: SHA-256 of the printed actor. A row is needed until
  -- the last of these credentials would have ended by itself.
  CREATE TABLE ended_sessions (
    subject bytea PRIMARY KEY,
    ended_at timestamptz NOT NULL
  );
  PERFORM app_distribute('ended_sessions', 'local');
  GRANT SELECT, INSERT, UPDATE, DELETE ON ended_sessions TO usher_app;
END $mig$;
