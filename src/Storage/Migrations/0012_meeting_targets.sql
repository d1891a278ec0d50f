-- Where each session of a meeting is pushed to.

CREATE TABLE meeting_targets (
    id {uuid} NOT NULL PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES apps (id),
    meeting_id {uuid} NOT NULL REFERENCES meetings (id),
    -- It holds what its owner may publish with elsewhere: a row is deleted, not marked.
    url text NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX meeting_targets_by_age ON meeting_targets (meeting_id, created_at, id);
