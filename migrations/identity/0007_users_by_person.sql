DO $mig$ BEGIN
  -- For the names of the persons that billing's reports have.
  CREATE INDEX users_person ON users (tenant_id, person_key);
END $mig$;
