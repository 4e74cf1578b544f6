SELECT l.id, l.email, l.phone, l.linkedin_url, l.first_name, l.last_name, l.company, l.organization_id, l.job_title, l.country,
       l.language, l.tags, l.custom, l.source, l.campaign, l.lifecycle, l.suppressed, l.pipeline_id, l.stage_id, l.deal_id, l.owner_id,
       l.routed_at, l.created_at, l.updated_at, l.version,
       s.demographic, s.engagement, s.behavior, s.total_score, s.tier, s.intents, s.primary_intent, s.intent_confidence, s.conflict,
       s.first_seen_at, s.last_activity_at
  FROM leads l
  LEFT JOIN lead_standings s ON s.lead_id = l.id
