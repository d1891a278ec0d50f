-- Files of sessions that are to be made and told of. A row goes in the transaction that tells of its file.

CREATE TABLE session_file_tasks (
    session_id {uuid} NOT NULL REFERENCES meeting_sessions (id),
    -- CHAT, TRANSCRIPT or SUMMARY.
    kind text NOT NULL,
    attempts integer NOT NULL,
    -- When it is tried next.
    due_at {time} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (session_id, kind)
) {strict};

CREATE INDEX session_file_tasks_by_due ON session_file_tasks (due_at);
