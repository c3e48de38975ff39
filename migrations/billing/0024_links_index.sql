DO $mig$ BEGIN
  -- Each watermark asks for the last link: among links, of which there are few, and not among all corrections.
  CREATE INDEX events_links ON events (tenant_id, sequence) WHERE kind = 'link';
END $mig$;
