-- name: enter_tenant
SELECT lotse.enter_tenant($1, $2, $3, $4)
