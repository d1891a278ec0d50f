-- Livestreams of meetings.

-- Whether an encoder of the customer's own publishes, where the server would compose the meeting.
ALTER TABLE livestreams ADD COLUMN is_manual {flag} NOT NULL DEFAULT {false};

CREATE INDEX livestreams_by_meeting ON livestreams (meeting_id, created_at, id) WHERE meeting_id IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX livestream_sessions_by_meeting_session ON livestream_sessions (meeting_session_id, created_at, id)
    WHERE meeting_session_id IS NOT NULL;
