-- name: take_sign_in
SELECT wait, counted
  FROM lotse.take_attempts($1, $2, $3, $4)

-- name: sign_in_succeeded
SELECT FROM lotse.sign_in_succeeded($1, $2, $3, $4)

-- name: find_credentials
SELECT member_id, tenant_id, tenant_slug, tenant_name, role, password_hash
  FROM lotse.find_credentials($1, $2, $3)

-- name: password_hash
SELECT lotse.password_hash($1)

-- name: set_password
SELECT lotse.set_password($1, $2, $3)

-- name: set_first_passwords
SELECT lotse.set_first_password(m.id, p.hash, $2)
  FROM jsonb_to_recordset($1) AS p (email text, hash text)
  JOIN team_members m ON m.email = p.email
 ORDER BY m.id

-- name: start_session
SELECT lotse.start_session($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: refresh_session
SELECT outcome, tenant_id, member_id, role, refresh_until
  FROM lotse.refresh_session($1, $2, $3, $4, $5, $6, make_interval(secs => $7), $8, $9)

-- name: end_session
SELECT lotse.sign_out($1, $2, $3, $4)

-- name: revoke_token
SELECT family_id
  FROM lotse.revoke_token($1, $2, $3)

-- name: revoke_access_of
SELECT FROM lotse.revoke_access_of($1, $2)

-- name: end_sessions_of
SELECT FROM lotse.end_sessions_of($1, $2, $3, $4)

-- name: purge
SELECT sessions, attempts
  FROM lotse.purge_sign_ins($1)
