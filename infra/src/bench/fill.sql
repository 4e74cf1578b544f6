SET synchronous_commit = off;
CREATE TEMP TABLE people AS
  SELECT n, gen_random_uuid() AS id,
         'person' || (10000000 + n) || '@' || (ARRAY['uni-mainz.de', 'biolab.example', 'gmx.de', 'pharma.example', 'klinikum.example', 'gmail.com'])[(10000000 + n) % 6 + 1] AS email
    FROM generate_series(0, 999999) n;
-- Not folded here: a statement takes half an hour for what `migrate` does in two minutes.
ALTER TABLE leads DISABLE TRIGGER leads_fold_new;
INSERT INTO leads (id, tenant_id, email, first_name, last_name, company, country, source, created_at, updated_at, provenance)
  SELECT id, '{tenant}', email, 'Anna', 'Müller ' || n, 'Firma ' || n % 997 || CASE WHEN n % 2 = 0 THEN ' GmbH' ELSE ' AG' END, 'DE',
         'website', now() - interval '50 days' - n * interval '1 second', now(),
         jsonb_build_object('email', jsonb_build_object('by', 'event', 'id', id, 'at', '2026-01-01T00:00:00Z'),
                            'source', jsonb_build_object('by', 'event', 'id', id, 'at', '2026-01-01T00:00:00Z'))
    FROM people;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE leads ENABLE TRIGGER leads_fold_new;
INSERT INTO lead_identifiers (tenant_id, kind, value, lead_id)
  SELECT '{tenant}', 'email', email, id FROM people;
INSERT INTO events (id, tenant_id, lead_id, event_type, source, occurred_at, received_at, external_id, identifiers, metadata)
  SELECT gen_random_uuid(), '{tenant}', id, 'page_visited', 'website', now() - (n % 50 + e) * interval '1 day' - e * interval '1 hour', now(),
         'fill-' || n || '-' || e, jsonb_build_array(jsonb_build_object('kind', 'email', 'value', email)),
         '{{"page_path": "/blog/assays", "referrer": "https://www.example.org/search"}}'
    FROM people, generate_series(1, 5) e;
INSERT INTO event_keys (key, tenant_id, event_id)
  SELECT gen_random_uuid(), tenant_id, id FROM events WHERE external_id LIKE 'fill-%';
INSERT INTO score_history (tenant_id, lead_id, rule_id, event_id, rule_version, category, points, awarded_at, expires_at)
  SELECT e.tenant_id, e.lead_id, r.id, e.id, 1, 'engagement', 1, e.occurred_at, e.occurred_at + interval '90 days'
    FROM events e, scoring_rules r
   WHERE r.slug = 'page-visited' AND e.external_id LIKE 'fill-%';
-- With the copy of what counts, as the event path leaves it (store::event_path::counted): one group of engagement, with events and expiry.
INSERT INTO lead_standings (lead_id, tenant_id, engagement, total_score, tier, rule_set_version, evaluated_at, first_seen_at, last_activity_at, next_expiry_at, counted)
  SELECT p.id, '{tenant}', 5, 5, 'cold', 1, now(), now() - interval '50 days', now() - interval '1 day', now() + interval '30 days', c.counted
    FROM people p
    JOIN (
      SELECT h.lead_id,
             '\x020d'::bytea || uuid_send(h.rule_id) || int4send(h.rule_version) || int4send(h.points)
               || int8send((extract(epoch FROM h.expires_at - h.awarded_at) * 1000000)::bigint)
               || decode(lpad(to_hex(count(*)), 2, '0'), 'hex')
               || string_agg(uuid_send(h.event_id) || int8send((extract(epoch FROM h.awarded_at) * 1000000)::bigint), '') AS counted
        FROM score_history h
       WHERE h.event_id IS NOT NULL
       GROUP BY h.lead_id, h.rule_id, h.rule_version, h.points, h.expires_at - h.awarded_at
    ) c ON c.lead_id = p.id;
