-- Sessions of meetings that were made next to another: during which session of that one each began.

ALTER TABLE meeting_sessions ADD COLUMN parent_id {uuid};

CREATE INDEX meeting_sessions_by_parent ON meeting_sessions (parent_id, created_at, id) WHERE parent_id IS NOT NULL;
