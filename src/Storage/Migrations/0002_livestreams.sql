-- Livestreams, and the times each was on air.

CREATE TABLE livestreams (
    id {uuid} NOT NULL PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES apps (id),
    name text,
    meeting_id {uuid},
    status text NOT NULL,
    is_disabled {flag} NOT NULL,
    -- Null once deleted: a secret is not kept for longer than it is of use.
    stream_key text,
    -- SHA-256 of the stream key. Looking up by it leaks nothing through the index's timing.
    stream_key_hash {bytes},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    deleted_at {time}
) {strict};

CREATE UNIQUE INDEX livestreams_by_stream_key ON livestreams (stream_key_hash);
CREATE INDEX livestreams_by_age ON livestreams (app_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX livestreams_by_status ON livestreams (app_id, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX livestreams_on_air ON livestreams (id) WHERE status = 'LIVE';

CREATE TABLE livestream_sessions (
    id {uuid} NOT NULL PRIMARY KEY,
    livestream_id {uuid} NOT NULL REFERENCES livestreams (id),
    app_id {uuid} NOT NULL REFERENCES apps (id),
    meeting_session_id {uuid},
    invoked_at {time},
    started_at {time},
    stopped_at {time},
    ingest_seconds {seconds} NOT NULL,
    viewer_seconds {seconds} NOT NULL,
    error_message text,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX livestream_sessions_by_age ON livestream_sessions (livestream_id, created_at, id);
CREATE INDEX livestream_sessions_by_start ON livestream_sessions (app_id, started_at);
-- A livestream is on air once at a time.
CREATE UNIQUE INDEX livestream_sessions_open ON livestream_sessions (livestream_id) WHERE stopped_at IS NULL;
