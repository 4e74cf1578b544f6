-- name: claim
SELECT id, token_hash, email, name, tenant_name, tenant_slug, language
  FROM lotse.claim_account_mails($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: settle
SELECT FROM lotse.settle_account_mail($1, $2, $3)

-- name: find_token
SELECT member_id, tenant_id, email, tenant_slug
  FROM lotse.find_account_token($1, $2, $3)

-- name: use_token
SELECT lotse.use_account_token($1, $2, $3)
