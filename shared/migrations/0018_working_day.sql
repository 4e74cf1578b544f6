-- What people set for their working day: saved views of lists, preferences, and the tenant's settings. Expands only.

-- Every request reads tenants. So this comes first: foreign keys to it take weaker locks, which would have to grow. And a migration that
-- does not get the lock at once gives up and runs again, rather than have everybody queue behind it.
SET LOCAL lock_timeout = '2s';
ALTER TABLE tenants
  -- ISO 3166-2, such as DE-BY: whose public holidays count. Null: only the country's.
  ADD COLUMN state text,
  -- Null: those every tenant begins with, in its language (domain::settings).
  ADD COLUMN lost_reasons text[],
  -- An open deal that stands longer in one stage is stuck.
  ADD COLUMN stuck_after_days integer NOT NULL DEFAULT 14 CONSTRAINT tenants_stuck_check CHECK (stuck_after_days BETWEEN 1 AND 365),
  -- [{member_id, won_minor_per_month}]; without a member it is everybody's together.
  ADD COLUMN goals jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN version bigint NOT NULL DEFAULT 1;
GRANT UPDATE (state, lost_reasons, stuck_after_days, goals, updated_at, version) ON tenants TO lotse_app;

-- Which facts of its tenant a function may go on with that it has kept. Asked in the statement that enters the tenant.
CREATE FUNCTION lotse.tenant_version(p_tenant uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$ SELECT t.version FROM tenants t WHERE t.id = p_tenant $$;
REVOKE EXECUTE ON FUNCTION lotse.tenant_version(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lotse.tenant_version(uuid) TO lotse_app;

-- A list's layout, columns, filters and sort under a name. What they mean the console knows; here they are bounded and kept.
CREATE TABLE saved_views (
  id uuid CONSTRAINT saved_views_pkey PRIMARY KEY,
  tenant_id uuid NOT NULL CONSTRAINT saved_views_tenant_fkey REFERENCES tenants,
  -- Null: made by an administrator who is no member of the team; then it is the team's. A member is not deleted with what they keep for
  -- the team.
  owner_id uuid CONSTRAINT saved_views_owner_fkey REFERENCES team_members,
  list text NOT NULL CONSTRAINT saved_views_list_check CHECK (list ~ '^[a-z][a-z_-]{0,31}$'),
  name text NOT NULL,
  -- Everybody in the team sees it.
  shared boolean NOT NULL,
  layout text NOT NULL CONSTRAINT saved_views_layout_check CHECK (layout IN ('table', 'board', 'calendar')),
  -- [{field, width}]
  columns jsonb NOT NULL,
  filters jsonb NOT NULL,
  sort text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  CONSTRAINT saved_views_owner_check CHECK (shared OR owner_id IS NOT NULL)
);
CREATE UNIQUE INDEX saved_views_name_key ON saved_views (tenant_id, list, owner_id, lower(name)) NULLS NOT DISTINCT;
CREATE INDEX saved_views_owner_idx ON saved_views (owner_id);

-- The view in which a member finds a list.
CREATE TABLE saved_view_defaults (
  tenant_id uuid NOT NULL CONSTRAINT saved_view_defaults_tenant_fkey REFERENCES tenants,
  member_id uuid NOT NULL CONSTRAINT saved_view_defaults_member_fkey REFERENCES team_members ON DELETE CASCADE,
  list text NOT NULL,
  view_id uuid NOT NULL CONSTRAINT saved_view_defaults_view_fkey REFERENCES saved_views ON DELETE CASCADE,
  CONSTRAINT saved_view_defaults_pkey PRIMARY KEY (member_id, list)
);
CREATE INDEX saved_view_defaults_view_idx ON saved_view_defaults (view_id);

-- How a member wants the console. Language and zone are the member's own, in team_members.
CREATE TABLE member_preferences (
  -- The member's.
  id uuid CONSTRAINT member_preferences_pkey PRIMARY KEY CONSTRAINT member_preferences_member_fkey REFERENCES team_members ON DELETE CASCADE,
  tenant_id uuid NOT NULL CONSTRAINT member_preferences_tenant_fkey REFERENCES tenants,
  theme text NOT NULL CONSTRAINT member_preferences_theme_check CHECK (theme IN ('system', 'light', 'dark')),
  -- {list: [{field, width}]}
  columns jsonb NOT NULL,
  defaults jsonb NOT NULL,
  updated_at timestamptz NOT NULL,
  version bigint NOT NULL DEFAULT 1
);

DO $$
DECLARE
  v_table text;
BEGIN
  FOREACH v_table IN ARRAY ARRAY['saved_views', 'saved_view_defaults', 'member_preferences'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', v_table);
    EXECUTE format('CREATE POLICY %I ON %I USING (tenant_id = (SELECT lotse.tenant())) WITH CHECK (tenant_id = (SELECT lotse.tenant()))',
      v_table || '_own', v_table);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO lotse_app', v_table);
  END LOOP;
END
$$;
