-- What a session under way has to remember, so that a restart of the server loses nothing of it. It goes when the session ends.

CREATE TABLE session_memories (
    session_id {uuid} NOT NULL REFERENCES meeting_sessions (id),
    -- STORE, MEMBER, PEER or PIN.
    kind text NOT NULL,
    -- What it is of: an id, or a digest of names that may be any text.
    name text NOT NULL,
    -- JSON, written by the program.
    content {bytes} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (session_id, kind, name)
) {strict};
