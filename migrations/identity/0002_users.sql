DO $mig$ BEGIN
  -- Users. What SCIM clients look up by has a column and an index; userName, externalId, active and
  -- userType are only here, and every other attribute is only in `resource`.
  CREATE TABLE users (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    user_name text NOT NULL,
    -- Lower case: user names compare without case (RFC 7643 section 4.1).
    user_name_key text NOT NULL,
    external_id text,
    active boolean NOT NULL,
    user_type text NOT NULL CHECK (user_type IN ('Regular', 'External', 'Collaborator')),
    display_name_key text,
    -- The first address of type work; who has several is looked at whichever is asked for.
    work_email_key text,
    several_work_emails boolean NOT NULL,
    -- Whether there is any address besides the first of type work.
    other_emails boolean NOT NULL,
    -- The API app that provisioned the user; empty where none did.
    connection text NOT NULL,
    resource jsonb NOT NULL,
    -- Attribute path -> "idp" | "admin" | "default".
    provenance jsonb NOT NULL,
    version bigint NOT NULL,
    person_key uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
  );
  PERFORM app_distribute('users');
  ALTER TABLE users ADD CONSTRAINT users_tenant_user_name_key UNIQUE (tenant_id, user_name_key);
  CREATE INDEX users_external_id ON users (tenant_id, external_id) WHERE external_id IS NOT NULL;
  CREATE INDEX users_work_email ON users (tenant_id, work_email_key) WHERE work_email_key IS NOT NULL;
  CREATE INDEX users_several_work_emails ON users (tenant_id) WHERE several_work_emails;
  CREATE INDEX users_other_emails ON users (tenant_id) WHERE other_emails;
  CREATE INDEX users_display_name ON users (tenant_id, display_name_key) WHERE display_name_key IS NOT NULL;
  PERFORM app_protect('users');

  -- Deleted users: whoever comes back is the same person to billing, and ids are never used again.
  CREATE TABLE deleted_users (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    person_key uuid NOT NULL,
    external_id text,
    connection text NOT NULL,
    user_name_key text NOT NULL,
    deleted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
  );
  PERFORM app_distribute('deleted_users');
  CREATE INDEX deleted_users_external_id ON deleted_users (tenant_id, external_id) WHERE external_id IS NOT NULL;
  CREATE INDEX deleted_users_user_name ON deleted_users (tenant_id, user_name_key);
  PERFORM app_protect('deleted_users', 'SELECT, INSERT');

  -- One row a workspace: hands out sequence numbers in commit order and counts seats. Every write
  -- locks it last.
  CREATE TABLE heads (
    tenant_id uuid NOT NULL PRIMARY KEY,
    change_sequence bigint NOT NULL,
    seat_sequence bigint NOT NULL,
    last_effective_at timestamptz NOT NULL,
    regular bigint NOT NULL CHECK (regular >= 0),
    external bigint NOT NULL CHECK (external >= 0),
    collaborator bigint NOT NULL CHECK (collaborator >= 0),
    -- Counts restores and failovers; billing books what differs when it goes up.
    epoch bigint NOT NULL DEFAULT 1
  );
  PERFORM app_distribute('heads');
  -- Counters change with every write; room on the page keeps these updates off the index.
  ALTER TABLE heads SET (fillfactor = 50);
  PERFORM app_protect('heads');

  -- How many seats a pool may have: what the workspace's plan gives, and what billing has set, which
  -- goes before it. Kept here so that it holds while tenant and billing are down, and is judged in the
  -- transaction that takes the seat. No row: no limit.
  CREATE TABLE seat_limits (
    tenant_id uuid NOT NULL,
    -- "paid" (Regular and External) or "collaborator".
    pool text NOT NULL,
    source text NOT NULL CHECK (source IN ('billing', 'plan')),
    -- Billing's, or that of the policy which tells what the plan gives.
    version bigint NOT NULL,
    -- False where billing has set none any more.
    holds boolean NOT NULL DEFAULT true,
    -- NULL: unlimited.
    quantity bigint,
    policy text NOT NULL,
    -- What the plan's quantity is computed from where it is a share of the paid licences, and how many
    -- of these are committed, as billing says.
    at_least bigint,
    percent bigint,
    committed bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, pool, source)
  );
  PERFORM app_distribute('seat_limits');
  PERFORM app_protect('seat_limits', 'SELECT, INSERT, UPDATE');

  -- How far billing has acknowledged; a table of its own, so that the relay never waits for writers.
  CREATE TABLE relays (
    tenant_id uuid NOT NULL PRIMARY KEY,
    acknowledged_sequence bigint NOT NULL,
    halted boolean NOT NULL DEFAULT false
  );
  PERFORM app_distribute('relays');
  PERFORM app_protect('relays');

  -- The change log: 1, 2, 3 … a workspace, without gaps, in commit order.
  CREATE TABLE changes (
    tenant_id uuid NOT NULL,
    sequence bigint NOT NULL,
    -- As in the protocol; from 6 on the resource is a group.
    kind smallint NOT NULL,
    resource_id uuid NOT NULL,
    version bigint NOT NULL,
    effective_at timestamptz NOT NULL,
    attributes text[] NOT NULL,
    members_added uuid[] NOT NULL,
    members_removed uuid[] NOT NULL,
    actor text NOT NULL,
    request_id text NOT NULL,
    seat_sequence bigint NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
  );
  PERFORM app_distribute('changes');
  PERFORM app_protect('changes', 'SELECT, INSERT');

  -- Seat events for billing: kept, so that a ledger restored to any point can be fed again.
  CREATE TABLE seat_events (
    tenant_id uuid NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    person_key uuid NOT NULL,
    user_id uuid NOT NULL,
    active boolean NOT NULL,
    user_type text NOT NULL,
    effective_at timestamptz NOT NULL,
    cause text NOT NULL,
    actor text NOT NULL,
    request_id text NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
  );
  PERFORM app_distribute('seat_events');
  PERFORM app_protect('seat_events', 'SELECT, INSERT');
END $mig$;
