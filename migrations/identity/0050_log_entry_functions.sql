-- Functions only.

-- Writes the log entry of a group: the last act of every write of one. A change of many members is several entries, each
-- with at most 10,000 who came and 10,000 who went, or one entry could be larger than a message may be; the first has all
-- else, and those after it say of the group that its members changed.
CREATE OR REPLACE FUNCTION append_group_change(
  p_tenant uuid, p_now timestamptz, p_kind smallint, p_group uuid, p_version bigint, p_attributes text[],
  p_added uuid[], p_removed uuid[], p_actor text, p_request text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_most CONSTANT int := 10000;
  v_head heads;
  v_members int := greatest(cardinality(p_added), cardinality(p_removed), 0);
  v_from int := 1;
BEGIN
  PERFORM refuse_time_ahead(p_now);
  LOOP
    LOOP
      UPDATE heads SET change_sequence = change_sequence + 1,
        last_effective_at = greatest(p_now, last_effective_at + interval '1 microsecond')
      WHERE tenant_id = p_tenant RETURNING * INTO v_head;
      EXIT WHEN FOUND;
      INSERT INTO heads (tenant_id, change_sequence, seat_sequence, last_effective_at, regular, external, collaborator)
      VALUES (p_tenant, 0, 0, p_now - interval '1 microsecond', 0, 0, 0)
      ON CONFLICT (tenant_id) DO NOTHING;
    END LOOP;
    INSERT INTO changes (tenant_id, sequence, kind, resource_id, version, effective_at, attributes, members_added,
                         members_removed, actor, request_id, seat_sequence)
    VALUES (p_tenant, v_head.change_sequence, CASE WHEN v_from = 1 THEN p_kind ELSE 7 END, p_group, p_version,
            v_head.last_effective_at, CASE WHEN v_from = 1 THEN p_attributes ELSE '{members}' END,
            coalesce(p_added[v_from : v_from + v_most - 1], '{}'), coalesce(p_removed[v_from : v_from + v_most - 1], '{}'),
            p_actor, p_request, 0);
    v_from := v_from + v_most;
    EXIT WHEN v_from > v_members;
  END LOOP;
END $$;

-- A page of the change log: entries in order, at most `p_most` of them and at most `p_bytes` as stored, but always at
-- least one. Each row also has the number of entries that were considered, at most p_most + 1. The size of an entry is
-- known without reading its members.
CREATE FUNCTION list_changes(p_tenant uuid, p_after bigint, p_most bigint, p_bytes bigint)
RETURNS TABLE (
  sequence bigint, kind smallint, resource_id uuid, version bigint, effective_at timestamptz, attributes text[],
  members_added uuid[], members_removed uuid[], actor text, request_id text, seat_sequence bigint, there bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM app_set_tenant(p_tenant);
  RETURN QUERY SELECT p.sequence, p.kind, p.resource_id, p.version, p.effective_at, p.attributes, p.members_added,
    p.members_removed, p.actor, p.request_id, p.seat_sequence, p.there
  FROM (
    SELECT s.*, count(*) OVER () AS there, row_number() OVER (ORDER BY s.sequence) AS place,
      sum(s.bytes) OVER (ORDER BY s.sequence) AS up_to
    FROM (
      SELECT c.*,
        pg_column_size(c.attributes) + pg_column_size(c.members_added) + pg_column_size(c.members_removed) AS bytes
      FROM changes c WHERE c.tenant_id = p_tenant AND c.sequence > p_after ORDER BY c.sequence LIMIT p_most + 1) s) p
  WHERE p.place = 1 OR p.place <= p_most AND p.up_to <= p_bytes
  ORDER BY p.sequence;
END $$;
