-- Text search over leads: a trigram index of our own. The extension pg_trgm is not part of every Postgres Lotse runs on, and its
-- operators, not being leakproof, could not use an index behind row security anyway. So the search is one narrow function
-- that runs as the owner and looks at the transaction's tenant only.

-- Every three characters in a row: what a text must share with a word to contain it. A loop, because a query inside would
-- double the cost of storing a lead.
CREATE FUNCTION lotse.trigrams(p_text text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
  v_found text[] := '{}';
BEGIN
  FOR n IN 1 .. length(p_text) - 2 LOOP
    v_found := v_found || substr(p_text, n, 3);
  END LOOP;
  RETURN v_found;
END
$$;
CREATE INDEX leads_trigrams_idx ON leads
  USING gin (lotse.trigrams(lotse.lead_search_text(first_name, last_name, email, company)));

-- The newest leads of this transaction's tenant whose name, e-mail address or company contains every word.
CREATE FUNCTION lotse.find_leads(p_words text[], p_limit integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT l.id
    FROM leads l
   WHERE l.tenant_id = lotse.tenant()
     -- Through the index: texts that have all trigrams of all words.
     AND lotse.trigrams(lotse.lead_search_text(l.first_name, l.last_name, l.email, l.company))
         @> ARRAY(SELECT g FROM unnest(p_words) w, unnest(lotse.trigrams(lower(w))) g)
     -- Sharing the trigrams is not yet containing the word.
     AND (SELECT bool_and(strpos(lotse.lead_search_text(l.first_name, l.last_name, l.email, l.company), lower(w)) > 0)
            FROM unnest(p_words) w)
   ORDER BY l.created_at DESC, l.id DESC
   LIMIT p_limit
$$;
REVOKE EXECUTE ON FUNCTION lotse.trigrams(text), lotse.find_leads(text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lotse.trigrams(text), lotse.find_leads(text[], integer) TO lotse_app;
