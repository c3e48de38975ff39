DO $mig$ BEGIN
  -- HMAC-SHA256 under a key that is not in the database, checked before the hash; NULL until the next use
  -- where the row is older than this, or the key is gone. `mac_key` is the id of the key.
  ALTER TABLE tokens ADD COLUMN mac bytea, ADD COLUMN mac_key text;
  ALTER TABLE service_keys ADD COLUMN mac bytea, ADD COLUMN mac_key text;
  GRANT UPDATE ON service_keys TO usher_app;

  -- Wrong passwords, per account and peer. Row-level security allows rows of the workspace with the nil id,
  -- under which attempts at workspaces that don't exist are counted.
  DROP FUNCTION begin_password_attempt(uuid, int, timestamptz, int);
  DROP TABLE password_attempts;
  CREATE TABLE sign_in_attempts (
    tenant_id uuid NOT NULL,
    -- An admin; or a number below 4,096 for addresses that no admin has.
    account uuid NOT NULL,
    -- Of a peer, from 0 up; -1: of all peers that have not signed in before; -2: of passwords given again.
    place int NOT NULL,
    failures double precision NOT NULL,
    failed_at timestamptz NOT NULL,
    blocked_until timestamptz,
    -- Until when the peer is known to have signed in.
    known_until timestamptz,
    PRIMARY KEY (tenant_id, account, place)
  );
  PERFORM app_distribute('sign_in_attempts');
  PERFORM app_protect('sign_in_attempts');
END $mig$;
