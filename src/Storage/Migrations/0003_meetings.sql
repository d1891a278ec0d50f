-- Presets, meetings and who may join them; the sessions of a meeting, and what was said in them.

-- Apps that got the built-in presets: one that was deleted since does not come back.
CREATE TABLE preset_seeds (
    app_id {uuid} NOT NULL PRIMARY KEY REFERENCES apps (id),
    created_at {time} NOT NULL
) {strict};

CREATE TABLE presets (
    id {uuid} NOT NULL PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES apps (id),
    name text NOT NULL,
    -- In lower case, folded by the program, as with apps.
    name_folded text NOT NULL,
    -- The preset object without its name, as JSON.
    content text NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    -- A deleted preset stays for the participants that have it.
    deleted_at {time}
) {strict};

CREATE UNIQUE INDEX presets_by_name ON presets (app_id, name) WHERE deleted_at IS NULL;
CREATE INDEX presets_by_age ON presets (app_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE meetings (
    id {uuid} NOT NULL PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES apps (id),
    title text NOT NULL,
    title_folded text NOT NULL,
    status text NOT NULL,
    persists_chat {flag} NOT NULL,
    records_on_start {flag} NOT NULL,
    goes_live_on_start {flag} NOT NULL,
    summarizes_on_end {flag} NOT NULL,
    transcribes_on_end {flag} NOT NULL,
    keep_alive_seconds integer NOT NULL,
    ai_config text,
    recording_config text,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX meetings_by_age ON meetings (app_id, created_at, id);
CREATE INDEX meetings_by_status ON meetings (app_id, status, created_at, id);

CREATE TABLE participants (
    id {uuid} NOT NULL PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES apps (id),
    meeting_id {uuid} NOT NULL REFERENCES meetings (id),
    custom_id text NOT NULL,
    name text,
    picture text,
    preset_id {uuid} NOT NULL REFERENCES presets (id),
    -- Tokens of an earlier generation are worth nothing.
    token_generation integer NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    deleted_at {time}
) {strict};

CREATE UNIQUE INDEX participants_by_custom_id ON participants (meeting_id, custom_id) WHERE deleted_at IS NULL;
CREATE INDEX participants_by_age ON participants (meeting_id, created_at, id) WHERE deleted_at IS NULL;

CREATE TABLE meeting_sessions (
    id {uuid} NOT NULL PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES apps (id),
    meeting_id {uuid} NOT NULL REFERENCES meetings (id),
    meeting_title text NOT NULL,
    started_at {time} NOT NULL,
    ended_at {time},
    end_reason text,
    present_peers integer NOT NULL,
    most_peers integer NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX meeting_sessions_by_age ON meeting_sessions (app_id, created_at, id);
CREATE INDEX meeting_sessions_by_meeting ON meeting_sessions (meeting_id, created_at, id);
-- A meeting has one session at a time.
CREATE UNIQUE INDEX meeting_sessions_open ON meeting_sessions (meeting_id) WHERE ended_at IS NULL;

CREATE TABLE session_peers (
    session_id {uuid} NOT NULL REFERENCES meeting_sessions (id),
    -- Chosen by the client, so it is no key by itself.
    id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL REFERENCES participants (id),
    custom_id text NOT NULL,
    display_name text NOT NULL,
    preset_name text NOT NULL,
    view_type text NOT NULL,
    joined_at {time} NOT NULL,
    left_at {time},
    -- When it was there last began, and how long it had been there before.
    present_since {time} NOT NULL,
    seconds_before {seconds} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (session_id, id)
) {strict};

CREATE INDEX session_peers_by_age ON session_peers (session_id, created_at, id);
CREATE INDEX session_peers_by_id ON session_peers (id);

CREATE TABLE chat_messages (
    id {uuid} NOT NULL PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES apps (id),
    meeting_id {uuid} NOT NULL REFERENCES meetings (id),
    session_id {uuid} NOT NULL REFERENCES meeting_sessions (id),
    peer_id {uuid} NOT NULL,
    participant_id {uuid} NOT NULL,
    display_name text NOT NULL,
    kind text NOT NULL,
    payload text NOT NULL,
    -- What a search finds: the text in lower case; null for images and files.
    text_folded text,
    is_private {flag} NOT NULL,
    -- Whether later sessions of the meeting show it.
    is_lasting {flag} NOT NULL,
    is_pinned {flag} NOT NULL,
    is_edited {flag} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

-- A page begins at a moment, so no two messages of a meeting have the same.
CREATE UNIQUE INDEX chat_messages_by_age ON chat_messages (meeting_id, created_at);
CREATE INDEX chat_messages_by_session ON chat_messages (session_id, created_at);

-- Who may read a private message, its sender among them.
CREATE TABLE chat_targets (
    message_id {uuid} NOT NULL REFERENCES chat_messages (id),
    participant_id {uuid} NOT NULL,
    PRIMARY KEY (message_id, participant_id)
) {strict};

-- A poll lives as long as its session; it is kept so that a restart in between does not lose the votes.
CREATE TABLE polls (
    id {uuid} NOT NULL PRIMARY KEY,
    session_id {uuid} NOT NULL REFERENCES meeting_sessions (id),
    content text NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX polls_by_session ON polls (session_id, created_at, id);
