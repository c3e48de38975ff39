INSERT INTO workspace_directory (slug, workspace_id)
  SELECT 'w' || n, ('00000000-0000-0004-0000-' || lpad(to_hex(n), 12, '0'))::uuid FROM generate_series(1, 10000) n;
INSERT INTO workspaces (tenant_id, slug, name, plan_id, seat_policy, policy_version, created_at)
  SELECT workspace_id, slug, slug, '00000000-0000-0001-0000-000000000001', 'ALLOW', 1, now()
  FROM workspace_directory WHERE slug <> 'acme';
INSERT INTO apps (tenant_id, app_id, name, name_key, description, created_at, created_by)
  SELECT tenant_id, gen_random_uuid(), 'a', 'a', '', now(), 'test' FROM workspaces WHERE slug <> 'acme';
INSERT INTO tokens (tenant_id, token_id, app_id, name, lookup_id, hash, created_at, created_by)
  SELECT tenant_id, gen_random_uuid(), app_id, '', 't' || n, '', now(), 'test'
  FROM apps, generate_series(1, 3) n WHERE name_key = 'a';
INSERT INTO approved_domains (tenant_id, domain, approved_at, approved_by)
  SELECT tenant_id, 'd' || n || '.example', now(), 'test' FROM workspaces, generate_series(1, 3) n WHERE slug <> 'acme';
