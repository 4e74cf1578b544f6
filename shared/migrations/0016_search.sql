-- Search: one fold for every list, stored once. Expands only; what serves nobody but the release before is named at the end.
--
-- Functions write `search_text` and `search_codes` themselves (domain::search). Rows that stood before are folded by `migrate`, a
-- thousand at a time, so that nobody waits for it (store::search). Rows that anybody else writes (the release before, statements by
-- hand) are folded by the triggers below.

-- domain::search::fold: no case, no accents, no signs that nobody sees. `p_spelled`: an umlaut is two letters.
CREATE FUNCTION lotse.fold(p_text text, p_spelled boolean DEFAULT false) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT translate(
           replace(replace(replace(
             casefold(
               regexp_replace(
                 CASE WHEN p_spelled THEN regexp_replace(d.text, '([aouAOU])\u0308', '\1e', 'g') ELSE d.text END,
                 -- Marks above, below and through letters of Latin, Greek, Cyrillic, Hebrew, Arabic, Indian and East Asian writing;
                 -- soft hyphens, joiners, direction marks.
                 '[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u093c\u094d\u1ab0-\u1abd\u1dc0-\u1dff\u20d0-\u20dc\u20e1\u20e5-\u20f0\u3099\u309a\ufe20-\ufe2f\u00ad\u200b-\u200f\u2060\ufeff]',
                 '', 'g')
               COLLATE pg_unicode_fast),
             'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
           'øłđðħŧı‘’ʼ‐‑‒–—―', 'olddhti''''''------')
    FROM (SELECT normalize(p_text, NFKD) AS text) d
$$;

-- The white space stands here one by one: what `\s` means depends on the database's locale.
-- domain::search::text: the words of names, then those of what has one spelling, then the names' other spellings and parts.
CREATE FUNCTION lotse.search_text(p_names text, p_exact text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
  v_words text[] := string_to_array(btrim(regexp_replace(lotse.fold(concat_ws(' ', p_names, p_exact)), '[ \t-\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g')), ' ');
  v_name text;
  v_word text;
BEGIN
  FOREACH v_name IN ARRAY regexp_split_to_array(COALESCE(p_names, ''), '[ \t-\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+') LOOP
    FOR v_word IN
      SELECT s.word
        FROM unnest(ARRAY[lotse.fold(v_name, true), replace(replace(replace(lotse.fold(v_name), 'ae', 'a'), 'oe', 'o'), 'ue', 'u')]
                    || (regexp_split_to_array(lotse.fold(v_name) COLLATE pg_unicode_fast, '[^[:alnum:]]'))[2 :]) WITH ORDINALITY AS u (spelling, nth),
             regexp_split_to_table(u.spelling, '[ \t-\r\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+') WITH ORDINALITY AS s (word, place)
       WHERE s.word <> ''
       ORDER BY u.nth, s.place
    LOOP
      IF NOT v_word = ANY (v_words) THEN
        v_words := v_words || v_word;
      END IF;
    END LOOP;
  END LOOP;
  RETURN CASE WHEN cardinality(v_words) > 0 THEN ' ' || array_to_string(v_words, ' ') ELSE '' END;
END
$$;

-- domain::search::codes: every three characters in a row, each as one number of the tenant's own; a space counts only before a word.
CREATE FUNCTION lotse.search_codes(p_text text, p_tenant uuid) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT ARRAY(SELECT DISTINCT ((ascii(t.l[n]) * 1000003::bigint + ascii(t.l[n + 1]) * 1009 + ascii(t.l[n + 2])
                                 + ('x' || right(p_tenant::text, 8))::bit(32)::bigint) % 2147483647)::integer
                 FROM generate_series(1, cardinality(t.l) - 2) n
                WHERE t.l[n + 1] <> ' ' AND t.l[n + 2] <> ' '
                ORDER BY 1)
    FROM (SELECT string_to_array(p_text, NULL) AS l) t
$$;

-- Null: not folded yet.
ALTER TABLE leads ADD COLUMN search_text text, ADD COLUMN search_codes integer[];
ALTER TABLE deals ADD COLUMN search_text text;
ALTER TABLE team_members ADD COLUMN search_text text;

CREATE FUNCTION lotse.fold_lead() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  NEW.search_text := lotse.search_text(concat_ws(' ', NEW.first_name, NEW.last_name, NEW.company), NEW.email);
  NEW.search_codes := lotse.search_codes(NEW.search_text, NEW.tenant_id);
  RETURN NEW;
END
$$;
CREATE TRIGGER leads_fold_new BEFORE INSERT ON leads
  FOR EACH ROW WHEN (NEW.search_text IS NULL) EXECUTE FUNCTION lotse.fold_lead();
CREATE TRIGGER leads_fold_changed BEFORE UPDATE OF first_name, last_name, company, email ON leads
  FOR EACH ROW WHEN (NEW.search_text IS NOT DISTINCT FROM OLD.search_text
                     AND (NEW.first_name, NEW.last_name, NEW.company, NEW.email)
                         IS DISTINCT FROM (OLD.first_name, OLD.last_name, OLD.company, OLD.email))
  EXECUTE FUNCTION lotse.fold_lead();

CREATE FUNCTION lotse.fold_deal() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  NEW.search_text := lotse.search_text(NEW.name, NULL);
  RETURN NEW;
END
$$;
CREATE TRIGGER deals_fold_new BEFORE INSERT ON deals
  FOR EACH ROW WHEN (NEW.search_text IS NULL) EXECUTE FUNCTION lotse.fold_deal();
CREATE TRIGGER deals_fold_changed BEFORE UPDATE OF name ON deals
  FOR EACH ROW WHEN (NEW.search_text IS NOT DISTINCT FROM OLD.search_text AND NEW.name <> OLD.name) EXECUTE FUNCTION lotse.fold_deal();

-- Members are few and change seldom: only the database folds them.
CREATE FUNCTION lotse.fold_member() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
  NEW.search_text := lotse.search_text(NEW.name, NEW.email);
  RETURN NEW;
END
$$;
CREATE TRIGGER team_members_fold BEFORE INSERT OR UPDATE OF name, email ON team_members
  FOR EACH ROW EXECUTE FUNCTION lotse.fold_member();
UPDATE team_members SET search_text = lotse.search_text(name, email);

CREATE INDEX leads_search_codes_idx ON leads USING gin (search_codes) WHERE search_codes IS NOT NULL;

-- Leads of this transaction's tenant whose search text fits every pattern, found by its codes: all of them, or `p_limit` of them in
-- no order. It runs as the owner, because the operators, not being leakproof, could not use an index behind row security.
CREATE FUNCTION lotse.search_leads(p_codes integer[], p_patterns text[], p_limit integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT l.id
    FROM leads l
   WHERE l.tenant_id = lotse.tenant()
     AND l.search_codes @> p_codes
     -- Sharing the codes is not yet containing the words.
     AND l.search_text LIKE ALL (p_patterns)
   LIMIT p_limit
$$;

-- The search of the release before, over what this one writes too. Its words have at least one of three characters.
CREATE OR REPLACE FUNCTION lotse.find_leads(p_words text[], p_limit integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT f.id
    FROM (SELECT l.id, l.created_at
            FROM leads l
           WHERE l.tenant_id = lotse.tenant()
             AND l.search_codes @> ARRAY(SELECT c FROM unnest(p_words) w, unnest(lotse.search_codes(lotse.fold(w), lotse.tenant())) c)
             AND (SELECT bool_and(strpos(l.search_text, lotse.fold(w)) > 0) FROM unnest(p_words) w)
          UNION ALL
          -- Not folded yet.
          SELECT l.id, l.created_at
            FROM leads l
           WHERE l.tenant_id = lotse.tenant()
             AND l.search_text IS NULL
             AND l.search @> ARRAY(SELECT g FROM unnest(p_words) w, unnest(lotse.trigram_codes(lower(w))) g)
             AND (SELECT bool_and(strpos(lotse.lead_search_text(l.first_name, l.last_name, l.email, l.company), lower(w)) > 0)
                    FROM unnest(p_words) w)) f
   ORDER BY f.created_at DESC, f.id DESC
   LIMIT p_limit
$$;

REVOKE EXECUTE ON FUNCTION lotse.fold(text, boolean), lotse.search_text(text, text), lotse.search_codes(text, uuid),
  lotse.search_leads(integer[], text[], integer), lotse.fold_lead(), lotse.fold_deal(), lotse.fold_member() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lotse.fold(text, boolean), lotse.search_text(text, text), lotse.search_codes(text, uuid),
  lotse.search_leads(integer[], text[], integer), lotse.fold_lead(), lotse.fold_deal(), lotse.fold_member() TO lotse_app;

-- To be dropped by the release after this one: leads.search with leads_search_idx, lotse.find_leads, lotse.trigram_codes,
-- lotse.lead_search_text.
