-- Files of sessions that are to be made and told of, and what clients report of themselves. A row of the first goes in the transaction that tells of its file.

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

-- What the clients of participants report of their devices and networks. By presence, and not by session: they report before they
-- have joined.
CREATE TABLE client_reports (
    participant_id {uuid} NOT NULL REFERENCES participants (id),
    peer_id {uuid} NOT NULL,
    -- JSON, written by the program.
    content text NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (participant_id, peer_id)
) {strict};

CREATE INDEX client_reports_by_age ON client_reports (updated_at);
