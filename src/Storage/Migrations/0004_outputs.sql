-- Where livestreams are pushed to whenever they are on air.

CREATE TABLE livestream_outputs (
    id {uuid} NOT NULL PRIMARY KEY,
    livestream_id {uuid} NOT NULL REFERENCES livestreams (id),
    name text,
    -- Both hold what their owner may publish with elsewhere: a row is deleted, not marked.
    url text NOT NULL,
    stream_key text,
    created_at {time} NOT NULL
) {strict};

CREATE INDEX livestream_outputs_by_age ON livestream_outputs (livestream_id, created_at, id);
