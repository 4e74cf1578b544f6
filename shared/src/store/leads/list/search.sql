-- Of the leads that are looked at, how many contain the words, and which of those are on the page.
SELECT count(*) AS looked, count(*) FILTER (WHERE f.fits) AS found, (array_agg(f.id) FILTER (WHERE f.fits))[$23 : $24] AS ids
  FROM (SELECT l.id, l.search_text LIKE ALL ($22) AS fits
          FROM leads l
          LEFT JOIN lead_standings s ON s.lead_id = l.id
