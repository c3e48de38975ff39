DO $mig$ BEGIN
  -- Users whose name is another user's by today's comparison, and was not by the one before. They keep the key they
  -- had, so that nobody is lost, until one of the two is renamed or deleted.
  CREATE TABLE users_kept_apart (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
  );
  PERFORM app_distribute('users_kept_apart');
  ALTER TABLE users_kept_apart ADD CONSTRAINT users_kept_apart_user
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, user_id) ON DELETE CASCADE;
  PERFORM app_protect('users_kept_apart', 'SELECT, DELETE');

  -- SHA-256 over the key of the primary address: it tells a returner whose client's id may be another person's by now,
  -- and nobody's address.
  ALTER TABLE deleted_users ADD COLUMN email_hash bytea;
  -- A successor takes the app's people over.
  GRANT UPDATE (connection) ON deleted_users TO usher_app;
END $mig$;
