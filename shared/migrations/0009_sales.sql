-- What the pages of sales read: names on cards, the reason of a move, points awarded in a period.

-- What people call a lead: the name, else the company, else the address.
CREATE FUNCTION lotse.lead_name(p_first text, p_last text, p_company text, p_email text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT COALESCE(NULLIF(btrim(COALESCE(p_first, '') || ' ' || COALESCE(p_last, '')), ''), p_company, p_email) $$;

-- Why a person moved or closed a deal.
ALTER TABLE stage_history ADD COLUMN reason text;

-- The statistics of a tenant's period. Of what counts only: what was withdrawn is not awarded.
CREATE INDEX score_history_awarded_idx ON score_history (tenant_id, awarded_at) WHERE withdrawn_at IS NULL;

REVOKE EXECUTE ON FUNCTION lotse.lead_name(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lotse.lead_name(text, text, text, text) TO lotse_app;

-- Two more months before: what partners tell afterwards, such as an import's events, is rarely older.
SELECT lotse.ensure_event_partitions((now() - interval '3 month')::date, 2);
