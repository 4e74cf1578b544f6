-- name: enter_tenant
SELECT lotse.enter_tenant($1, $2, $3, $4), lotse.tenant_version($1)

-- name: enter_tenant_for
-- With a limit for the statements that follow, in the same breath.
SELECT lotse.enter_tenant($1, $2, $3, $4), lotse.tenant_version($1), lotse.limit_statements($5)
