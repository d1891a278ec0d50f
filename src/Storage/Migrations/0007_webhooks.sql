-- Webhooks: who is told of what, and every delivery, from the fact it tells until it has arrived.

CREATE TABLE webhooks (
    id {uuid} NOT NULL PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES apps (id),
    name text NOT NULL,
    -- May hold a secret of its owner: emptied when the webhook is deleted.
    url text NOT NULL,
    -- The names of the events, a blank between them.
    events text NOT NULL,
    is_enabled {flag} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    -- A deleted webhook stays until its deliveries are swept.
    deleted_at {time}
) {strict};

CREATE INDEX webhooks_by_age ON webhooks (app_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX webhooks_deleted ON webhooks (id) WHERE deleted_at IS NOT NULL;

-- What happened, as the bytes that are sent. Written in the transaction of the fact itself, in its order.
CREATE TABLE webhook_events (
    sequence {sequence},
    name text NOT NULL,
    body {bytes} NOT NULL,
    created_at {time} NOT NULL
) {strict};

CREATE INDEX webhook_events_by_age ON webhook_events (created_at);

CREATE TABLE webhook_deliveries (
    id {uuid} NOT NULL PRIMARY KEY,
    webhook_id {uuid} NOT NULL REFERENCES webhooks (id),
    event_sequence {long} NOT NULL,
    event text NOT NULL,
    -- What must arrive in order: one meeting, or one independent livestream.
    lane text NOT NULL,
    -- PENDING, DELIVERED, FAILED or CANCELLED.
    status text NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at {time},
    last_attempt_at {time},
    last_status integer,
    last_error text,
    last_duration_ms {long},
    delivered_at {time},
    created_at {time} NOT NULL,
    -- When it was made or last asked for again: from then on it waits. Never the same twice.
    asked_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_id, lane, event_sequence) WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (webhook_id, status, created_at, id);
CREATE INDEX webhook_deliveries_to_sweep ON webhook_deliveries (created_at);

--# sqlite
-- How long the lists are that grow long. Counting 100,000 rows of an index takes SQLite several milliseconds, and every page
-- tells the number of all rows. SQLite has one writer at a time, so the counts hold nobody up; on PostgreSQL, where writers of
-- one row would wait for each other, rows are counted when asked for.
CREATE TABLE list_counts (
    list TEXT NOT NULL,
    owner TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (list, owner)
) STRICT, WITHOUT ROWID;

INSERT INTO list_counts (list, owner, total) SELECT 'meetings', app_id, count(*) FROM meetings GROUP BY app_id;
INSERT INTO list_counts (list, owner, total) SELECT 'meetings', app_id || '/' || status, count(*) FROM meetings GROUP BY app_id, status;
INSERT INTO list_counts (list, owner, total)
    SELECT 'participants', app_id || '/' || meeting_id, count(*) FROM participants WHERE deleted_at IS NULL GROUP BY app_id, meeting_id;

CREATE TRIGGER meetings_counted AFTER INSERT ON meetings BEGIN
    INSERT INTO list_counts (list, owner, total)
    VALUES ('meetings', NEW.app_id, 1), ('meetings', NEW.app_id || '/' || NEW.status, 1)
    ON CONFLICT (list, owner) DO UPDATE SET total = total + 1;
END;

CREATE TRIGGER meetings_counted_anew AFTER UPDATE OF status ON meetings WHEN NEW.status <> OLD.status BEGIN
    UPDATE list_counts SET total = total - 1 WHERE list = 'meetings' AND owner = OLD.app_id || '/' || OLD.status;
    INSERT INTO list_counts (list, owner, total) VALUES ('meetings', NEW.app_id || '/' || NEW.status, 1)
    ON CONFLICT (list, owner) DO UPDATE SET total = total + 1;
END;

CREATE TRIGGER participants_counted AFTER INSERT ON participants WHEN NEW.deleted_at IS NULL BEGIN
    INSERT INTO list_counts (list, owner, total) VALUES ('participants', NEW.app_id || '/' || NEW.meeting_id, 1)
    ON CONFLICT (list, owner) DO UPDATE SET total = total + 1;
END;

CREATE TRIGGER participants_counted_off AFTER UPDATE OF deleted_at ON participants
WHEN OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL BEGIN
    UPDATE list_counts SET total = total - 1 WHERE list = 'participants' AND owner = OLD.app_id || '/' || OLD.meeting_id;
END;

CREATE TRIGGER webhook_deliveries_counted AFTER INSERT ON webhook_deliveries BEGIN
    INSERT INTO list_counts (list, owner, total)
    VALUES ('webhook_deliveries', NEW.webhook_id, 1), ('webhook_deliveries', NEW.webhook_id || '/' || NEW.status, 1)
    ON CONFLICT (list, owner) DO UPDATE SET total = total + 1;
END;

CREATE TRIGGER webhook_deliveries_counted_anew AFTER UPDATE OF status ON webhook_deliveries WHEN NEW.status <> OLD.status BEGIN
    UPDATE list_counts SET total = total - 1 WHERE list = 'webhook_deliveries' AND owner = OLD.webhook_id || '/' || OLD.status;
    INSERT INTO list_counts (list, owner, total) VALUES ('webhook_deliveries', NEW.webhook_id || '/' || NEW.status, 1)
    ON CONFLICT (list, owner) DO UPDATE SET total = total + 1;
END;

CREATE TRIGGER webhook_deliveries_counted_off AFTER DELETE ON webhook_deliveries BEGIN
    UPDATE list_counts SET total = total - 1
    WHERE list = 'webhook_deliveries' AND owner IN (OLD.webhook_id, OLD.webhook_id || '/' || OLD.status);
END;
