DO $mig$ BEGIN
  -- What workspaces have bought. Small, read by every check: a reference table.
  CREATE TABLE plans (
    plan_id uuid PRIMARY KEY,
    name text NOT NULL,
    scim boolean NOT NULL,
    enforce_domains boolean NOT NULL,
    -- Most Collaborators, as a share of the paid licences; NULL where there is no cap.
    collaborators_at_least bigint,
    collaborators_percent bigint,
    created_at timestamptz NOT NULL,
    CONSTRAINT plans_cap_as_a_whole CHECK ((collaborators_at_least IS NULL) = (collaborators_percent IS NULL))
  );
  PERFORM app_distribute('plans', 'reference');
  ALTER TABLE plans ADD CONSTRAINT plans_name_key UNIQUE (name);
  GRANT SELECT, INSERT ON plans TO usher_app;

  -- Slug -> workspace, for the whole installation. Written before the workspace itself; a row whose
  -- workspace was never made is taken over by the next attempt. It holds nothing but the two names.
  CREATE TABLE workspace_directory (
    slug text PRIMARY KEY,
    workspace_id uuid NOT NULL
  );
  PERFORM app_distribute('workspace_directory', 'local');
  GRANT SELECT, INSERT ON workspace_directory TO usher_app;

  CREATE TABLE workspaces (
    tenant_id uuid NOT NULL PRIMARY KEY,
    slug text NOT NULL,
    name text NOT NULL,
    plan_id uuid NOT NULL,
    suspended boolean NOT NULL DEFAULT false,
    -- What happens at the limit: "ALLOW", "BLOCK", "DEGRADE" or "ALLOW_TRUE_UP".
    seat_policy text NOT NULL,
    seat_limit bigint CHECK (seat_limit >= 0),
    -- Counts every change of what decides about access and seats.
    policy_version bigint NOT NULL,
    created_at timestamptz NOT NULL
  );
  PERFORM app_distribute('workspaces');
  ALTER TABLE workspaces ADD CONSTRAINT workspaces_plan_fkey FOREIGN KEY (plan_id) REFERENCES plans (plan_id);
  PERFORM app_protect('workspaces', 'SELECT, INSERT, UPDATE');

  -- Domains whose people may be provisioned, as lower-case A-labels.
  CREATE TABLE approved_domains (
    tenant_id uuid NOT NULL,
    domain text NOT NULL,
    approved_at timestamptz NOT NULL,
    approved_by text NOT NULL,
    PRIMARY KEY (tenant_id, domain)
  );
  PERFORM app_distribute('approved_domains');
  PERFORM app_protect('approved_domains');

  CREATE TABLE admins (
    tenant_id uuid NOT NULL,
    admin_id uuid NOT NULL,
    email text NOT NULL,
    -- Lower case: addresses compare without case.
    email_key text NOT NULL,
    -- argon2id, as a PHC string.
    password_hash text NOT NULL,
    permissions text[] NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, admin_id)
  );
  PERFORM app_distribute('admins');
  ALTER TABLE admins ADD CONSTRAINT admins_tenant_email_key UNIQUE (tenant_id, email_key);
  PERFORM app_protect('admins', 'SELECT, INSERT, UPDATE');

  -- Wrong passwords by bucket of the address's hash: bounded, and the same for known and unknown ones.
  CREATE TABLE password_attempts (
    tenant_id uuid NOT NULL,
    bucket int NOT NULL,
    failures int NOT NULL,
    blocked_until timestamptz,
    PRIMARY KEY (tenant_id, bucket)
  );
  PERFORM app_distribute('password_attempts');
  PERFORM app_protect('password_attempts');

  CREATE TABLE apps (
    tenant_id uuid NOT NULL,
    app_id uuid NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    description text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    -- Kept, because change logs name apps for ever.
    deleted_at timestamptz,
    PRIMARY KEY (tenant_id, app_id)
  );
  PERFORM app_distribute('apps');
  CREATE UNIQUE INDEX apps_tenant_name_key ON apps (tenant_id, name_key) WHERE deleted_at IS NULL;
  PERFORM app_protect('apps', 'SELECT, INSERT, UPDATE');

  CREATE TABLE tokens (
    tenant_id uuid NOT NULL,
    token_id uuid NOT NULL,
    app_id uuid NOT NULL,
    name text NOT NULL,
    -- The token's own, not secret part; finds the row.
    lookup_id text NOT NULL,
    -- argon2id of the secret part, as a PHC string.
    hash text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (tenant_id, token_id)
  );
  PERFORM app_distribute('tokens');
  ALTER TABLE tokens ADD CONSTRAINT tokens_tenant_lookup_key UNIQUE (tenant_id, lookup_id);
  ALTER TABLE tokens ADD CONSTRAINT tokens_app_fkey FOREIGN KEY (tenant_id, app_id) REFERENCES apps (tenant_id, app_id);
  CREATE INDEX tokens_app ON tokens (tenant_id, app_id);
  PERFORM app_protect('tokens', 'SELECT, INSERT, UPDATE');

  -- Keys that sign internal credentials. The newest signs; each is published until what it signed has ended.
  CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    pkcs8 bytea NOT NULL,
    created_at timestamptz NOT NULL,
    -- Until when the key must be published at least.
    needed_until timestamptz NOT NULL,
    retired boolean NOT NULL DEFAULT false
  );
  PERFORM app_distribute('signing_keys', 'local');
  GRANT SELECT, INSERT, UPDATE, DELETE ON signing_keys TO usher_app;

  -- Keys with which services and operators ask for credentials. Several of one name may live side
  -- by side, so that a key is changed without an outage.
  CREATE TABLE service_keys (
    lookup_id text PRIMARY KEY,
    name text NOT NULL,
    operator boolean NOT NULL,
    hash text NOT NULL,
    created_at timestamptz NOT NULL
  );
  PERFORM app_distribute('service_keys', 'local');
  GRANT SELECT, INSERT, DELETE ON service_keys TO usher_app;
END $mig$;
