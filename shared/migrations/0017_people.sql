-- Whom a conflict asks, and what becomes of a person's work.

-- The intent that was ahead when a person was asked to choose a lead's pipeline: another winner is another question.
ALTER TABLE leads ADD COLUMN conflict_winner text;
