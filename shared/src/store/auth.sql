-- name: use_api_key
SELECT id, tenant_id, scopes, allowed, rate_limit, remaining, resets_in_seconds
  FROM lotse.use_api_key($1, $2, $3)

-- name: find_api_key
SELECT id, tenant_id, scopes
  FROM lotse.find_api_key($1, $2, $3)

-- name: was_token_refused
SELECT EXISTS (SELECT FROM revoked_tokens WHERE jti = $1 AND revoked_at <= $2)
    OR EXISTS (SELECT FROM team_members m WHERE NOT m.active AND (m.id = $3 OR m.email = ANY ($4))) AS refused

-- name: find_webhook_source
SELECT tenant_id, secret, previous_secret
  FROM lotse.find_webhook_source($1, $2, $3)

-- name: take_delivery
SELECT lotse.take_delivery($1, $2, $3)
