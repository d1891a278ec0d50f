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
    updated_at {time} NOT NULL
) {strict};

CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_id, lane, event_sequence) WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (webhook_id, status, created_at, id);
CREATE INDEX webhook_deliveries_to_sweep ON webhook_deliveries (created_at);
