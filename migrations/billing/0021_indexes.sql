DO $mig$ BEGIN
  -- No statement can use it (each asks for late ends or for late facts), and a plan made while the table was empty
  -- takes it in the place of the primary key, and reads a whole workspace for one person.
  DROP INDEX intervals_end;
  -- By person only where a statement names one.
  DROP INDEX events_person;
  CREATE INDEX events_person ON events (person_key, tenant_id, sequence) WHERE person_key IS NOT NULL;
  -- By the producer's number only where a statement names it; of two indexes that look alike to the planner, it takes
  -- the one made last, which is this one.
  ALTER TABLE events DROP CONSTRAINT events_source_key;
  CREATE UNIQUE INDEX events_source_key ON events (tenant_id, epoch, source_sequence) WHERE source_sequence IS NOT NULL;
END $mig$;
