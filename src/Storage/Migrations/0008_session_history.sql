-- What sessions leave behind: what their peers did, how their media fared, transcripts and summaries, and files made of these.

ALTER TABLE meeting_sessions ADD COLUMN meeting_title_folded text NOT NULL DEFAULT '';
-- The time that all peers have been there, added up when the row last changed.
ALTER TABLE meeting_sessions ADD COLUMN presence_seconds {seconds} NOT NULL DEFAULT 0;
-- When figures of its media, and what its clients told of themselves, were deleted.
ALTER TABLE meeting_sessions ADD COLUMN report_cleared_at {time};

ALTER TABLE session_peers ADD COLUMN custom_id_folded text NOT NULL DEFAULT '';
ALTER TABLE session_peers ADD COLUMN display_name_folded text NOT NULL DEFAULT '';
ALTER TABLE session_peers ADD COLUMN user_agent text;
ALTER TABLE session_peers ADD COLUMN remote_address text;
ALTER TABLE session_peers ADD COLUMN sdk_version text;

-- Rows from before are folded by the engine, which on SQLite knows ASCII alone.
UPDATE meeting_sessions
SET meeting_title_folded = lower(meeting_title),
    presence_seconds = (
        SELECT coalesce(sum(p.seconds_before
            + CASE WHEN p.left_at > p.present_since THEN (p.left_at - p.present_since) / 1000.0 ELSE 0 END), 0.0)
        FROM session_peers p WHERE p.session_id = meeting_sessions.id);
UPDATE session_peers SET custom_id_folded = lower(custom_id), display_name_folded = lower(display_name);

CREATE INDEX meeting_sessions_by_presence ON meeting_sessions (app_id, presence_seconds, id);
CREATE INDEX meeting_sessions_by_start ON meeting_sessions (app_id, started_at);
CREATE INDEX meeting_sessions_live ON meeting_sessions (app_id, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX meeting_sessions_with_report ON meeting_sessions (ended_at) WHERE ended_at IS NOT NULL AND report_cleared_at IS NULL;
CREATE INDEX session_peers_by_participant ON session_peers (session_id, participant_id, joined_at, id);
CREATE INDEX session_peers_by_join ON session_peers (id, joined_at, session_id);
DROP INDEX session_peers_by_id;

CREATE TABLE session_peer_events (
    session_id {uuid} NOT NULL,
    peer_id {uuid} NOT NULL,
    -- Counts the events of the peer, from 0.
    number integer NOT NULL,
    id {uuid} NOT NULL,
    kind text NOT NULL,
    -- How long the presence was that ended with it.
    seconds {seconds} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (session_id, peer_id, number),
    FOREIGN KEY (session_id, peer_id) REFERENCES session_peers (session_id, id)
) {strict};

-- Samples of how a peer's media fared, packed by the program.
CREATE TABLE session_peer_figures (
    session_id {uuid} NOT NULL,
    peer_id {uuid} NOT NULL,
    content {bytes} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (session_id, peer_id),
    FOREIGN KEY (session_id, peer_id) REFERENCES session_peers (session_id, id)
) {strict};

-- Files made of what a session left; they can be made again as long as that is there.
CREATE TABLE session_files (
    session_id {uuid} NOT NULL REFERENCES meeting_sessions (id),
    kind text NOT NULL,
    file_name text NOT NULL,
    expires_at {time} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (session_id, kind)
) {strict};

CREATE INDEX session_files_by_expiry ON session_files (expires_at);

CREATE TABLE session_transcripts (
    session_id {uuid} NOT NULL PRIMARY KEY REFERENCES meeting_sessions (id),
    -- OPEN, READY or FAILED.
    status text NOT NULL,
    error_message text,
    -- When it, and the summary, are deleted; null while the session lasts.
    expires_at {time},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX session_transcripts_by_expiry ON session_transcripts (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE transcript_lines (
    session_id {uuid} NOT NULL REFERENCES session_transcripts (session_id),
    number {long} NOT NULL,
    peer_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    custom_id text NOT NULL,
    name text NOT NULL,
    started_at {time} NOT NULL,
    ended_at {time} NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (session_id, number)
) {strict};

CREATE TABLE session_summaries (
    session_id {uuid} NOT NULL PRIMARY KEY REFERENCES session_transcripts (session_id),
    -- QUEUED, IN_PROGRESS, COMPLETED or FAILED.
    status text NOT NULL,
    content text,
    is_markdown {flag} NOT NULL,
    error_message text,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX session_summaries_unfinished ON session_summaries (created_at) WHERE status IN ('QUEUED', 'IN_PROGRESS');

-- The services that an app has its speech written down, and its transcripts summarised, by.
CREATE TABLE ai_services (
    app_id {uuid} NOT NULL REFERENCES apps (id),
    -- TRANSCRIPTION or SUMMARY.
    kind text NOT NULL,
    url text NOT NULL,
    model text NOT NULL,
    -- A secret of the owner's; never told.
    api_key text,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (app_id, kind)
) {strict};
