-- What an event costs, once more: the search and what waits for the ledger.

-- The trigrams of a lead are worked out by the function that writes it and stored as numbers. Worked out here, character by
-- character, they were a tenth of what an event costs.
ALTER TABLE leads ADD COLUMN search integer[] NOT NULL DEFAULT '{}';

-- What `q` looks in, in lower case whatever the database's locale knows about letters beyond ASCII.
DROP INDEX leads_trigrams_idx;
CREATE OR REPLACE FUNCTION lotse.lead_search_text(p_first text, p_last text, p_email text, p_company text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT translate(lower(coalesce(p_first, '') || ' ' || coalesce(p_last, '') || ' ' || coalesce(p_email, '') || ' ' || coalesce(p_company, '')),
                   'ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮĲĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽ',
                   'àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįĳĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷÿźżž')
$$;

-- Every three characters in a row, each as one number: domain::search::trigrams, for words and for leads made in SQL.
CREATE FUNCTION lotse.trigram_codes(p_text text) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
  v_found integer[] := '{}';
BEGIN
  FOR n IN 1 .. length(p_text) - 2 LOOP
    v_found := v_found || ((ascii(substr(p_text, n, 1)) * 1000003::bigint + ascii(substr(p_text, n + 1, 1)) * 1009
                            + ascii(substr(p_text, n + 2, 1))) % 2147483647)::integer;
  END LOOP;
  RETURN ARRAY(SELECT DISTINCT code FROM unnest(v_found) code ORDER BY code);
END
$$;
UPDATE leads SET search = lotse.trigram_codes(lotse.lead_search_text(first_name, last_name, email, company));
CREATE INDEX leads_search_idx ON leads USING gin (search);

-- The newest leads of this transaction's tenant whose name, e-mail address or company contains every word.
CREATE OR REPLACE FUNCTION lotse.find_leads(p_words text[], p_limit integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT l.id
    FROM leads l
   WHERE l.tenant_id = lotse.tenant()
     -- Through the index: texts that have all trigrams of all words.
     AND l.search @> ARRAY(SELECT g FROM unnest(p_words) w, unnest(lotse.trigram_codes(lower(w))) g)
     -- Sharing the trigrams is not yet containing the word.
     AND (SELECT bool_and(strpos(lotse.lead_search_text(l.first_name, l.last_name, l.email, l.company), lower(w)) > 0)
            FROM unnest(p_words) w)
   ORDER BY l.created_at DESC, l.id DESC
   LIMIT p_limit
$$;
DROP FUNCTION lotse.trigrams(text);
REVOKE EXECUTE ON FUNCTION lotse.trigram_codes(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lotse.trigram_codes(text) TO lotse_app;

-- What is sent to a partner is kept as it will be sent. A message is 2 to 3 KB and there are few: compressing it costs more than
-- the space is worth.
ALTER TABLE effects ALTER COLUMN payload TYPE json;
ALTER TABLE effects SET (toast_tuple_target = 4080);

-- A lead's counted awards and signals beside what they add up to, so that an event reads one row instead of a dozen: a copy of
-- score_history and intent_signals, written with every change of them. Null: ask the history (store::event_path::counted).
ALTER TABLE lead_standings ADD COLUMN counted bytea;
