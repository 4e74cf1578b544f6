SELECT count(*)
  FROM (SELECT
          FROM leads l
          LEFT JOIN lead_standings s ON s.lead_id = l.id
