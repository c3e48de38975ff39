DO $mig$ BEGIN
  -- Groups from before they had a connection are of the app that wrote their externalId last, as the change log has it.
  -- In a file of its own, because it reads the change log of all workspaces, and no reader of groups is to wait.
  UPDATE groups g SET connection = c.app FROM (
    SELECT DISTINCT ON (tenant_id, resource_id) tenant_id, resource_id, substring(actor FROM '^scim:([^/]+)/') AS app
    FROM changes WHERE kind IN (6, 7) AND (kind = 6 OR 'externalId' = ANY (attributes)) AND actor LIKE 'scim:%'
    ORDER BY tenant_id, resource_id, sequence DESC) c
  WHERE c.tenant_id = g.tenant_id AND c.resource_id = g.group_id AND c.app IS NOT NULL AND g.connection = '';
END $mig$;
