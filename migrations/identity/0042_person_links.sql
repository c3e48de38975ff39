DO $mig$ BEGIN
  -- Keys that are one person, as billing says: each key with the one that stands for all of them. Who is one person
  -- takes one seat.
  CREATE TABLE person_links (
    tenant_id uuid NOT NULL,
    person_key uuid NOT NULL,
    stands_for uuid NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (person_key, tenant_id)
  );
  PERFORM app_distribute('person_links');
  CREATE INDEX person_links_stands_for ON person_links (stands_for, tenant_id) WHERE stands_for IS NOT NULL;
  CREATE INDEX person_links_in_order ON person_links (tenant_id, person_key) WHERE linked_at > '-infinity';
  PERFORM app_protect('person_links', 'SELECT, INSERT, DELETE');
  -- Billing's version of them; empty where there are none.
  ALTER TABLE heads ADD COLUMN links_version text NOT NULL DEFAULT '';
END $mig$;
