-- Recordings: what was asked for, what became of it, and where its files are.

CREATE TABLE recordings (
    id {uuid} NOT NULL PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES apps (id),
    meeting_id {uuid} NOT NULL,
    session_id {uuid} NOT NULL,
    -- COMPOSITE or TRACKS.
    kind text NOT NULL,
    status text NOT NULL,
    output_file_name text NOT NULL,
    start_reason text NOT NULL,
    -- Who started and who stopped it, as JSON.
    starter text,
    stop_reason text,
    stopper text,
    started_at {time},
    stopped_at {time},
    duration_ms {long} NOT NULL,
    file_size {long},
    -- The names of the files that can be downloaded, and until when.
    media_file text,
    audio_file text,
    -- The files of single tracks, as JSON.
    track_files text,
    links_expire_at {time},
    error_message text,
    -- What was asked for, as JSON. Once all is uploaded, keys of storages are taken out of it.
    plan text NOT NULL,
    -- Which server's disk holds what is not uploaded yet.
    node text NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX recordings_by_age ON recordings (app_id, created_at, id);
CREATE INDEX recordings_by_meeting ON recordings (app_id, meeting_id, created_at, id);
CREATE INDEX recordings_unfinished ON recordings (node) WHERE status NOT IN ('UPLOADED', 'ERRORED');
CREATE INDEX recordings_by_expiry ON recordings (node, links_expire_at) WHERE links_expire_at IS NOT NULL;
