-- Summaries that are to be made. A row goes in the transaction that completes its summary or gives it up.

CREATE TABLE summary_tasks (
    session_id {uuid} NOT NULL PRIMARY KEY REFERENCES session_summaries (session_id),
    -- Whose service makes it: each app has its own queue.
    app_id {uuid} NOT NULL REFERENCES apps (id),
    attempts integer NOT NULL,
    -- When it is tried next.
    due_at {time} NOT NULL,
    created_at {time} NOT NULL
) {strict};

CREATE INDEX summary_tasks_by_due ON summary_tasks (app_id, due_at);

INSERT INTO summary_tasks (session_id, app_id, attempts, due_at, created_at)
SELECT u.session_id, s.app_id, 0, u.created_at, u.created_at
FROM session_summaries u JOIN meeting_sessions s ON s.id = u.session_id
WHERE u.status IN ('QUEUED', 'IN_PROGRESS');

DROP INDEX session_summaries_unfinished;
