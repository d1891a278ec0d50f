-- Where the pages of very long lists begin. Passing over half a million rows of an index takes SQLite some forty milliseconds, so
-- the lists that grow long are counted in blocks too: a page in the middle is found by summing their totals, and then within one block.
-- On SQLite alone, for the reasons given where the lists' lengths are kept.

--# sqlite
-- A block has the rows made from its start until the next one's. The first starts at 0; the last is closed once it has 1,024 rows,
-- and the next begins after the newest of them. Lists whose rows soon leave them again, of what lasts or waits, have none.
CREATE TABLE list_blocks (
    list TEXT NOT NULL,
    owner TEXT NOT NULL,
    start INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (list, owner, start)
) STRICT, WITHOUT ROWID;

INSERT INTO list_blocks (list, owner, start, newest, total)
    SELECT list, owner, start, max(created_at), count(*)
    FROM (
        -- Rows of one millisecond belong to one block, wherever among them the 1,024th is: the frame has all of them.
        SELECT list, owner, created_at, max(first) OVER (PARTITION BY list, owner ORDER BY created_at) AS start
        FROM (
            SELECT list, owner, created_at,
                CASE number WHEN 1 THEN 0 ELSE iif(number % 1024 = 1, created_at, 0) END AS first
            FROM (
                SELECT list, owner, created_at, row_number() OVER (PARTITION BY list, owner ORDER BY created_at, id) AS number
                FROM (
                    SELECT 'meetings' AS list, app_id AS owner, created_at, id FROM meetings
                    UNION ALL SELECT 'meetings', app_id || '/' || status, created_at, id FROM meetings
                    UNION ALL SELECT 'meeting_sessions', app_id, created_at, id FROM meeting_sessions
                    UNION ALL SELECT 'meeting_sessions', app_id || '/ENDED', created_at, id FROM meeting_sessions
                        WHERE ended_at IS NOT NULL
                    UNION ALL SELECT 'webhook_deliveries', webhook_id, created_at, id FROM webhook_deliveries
                    UNION ALL SELECT 'webhook_deliveries', webhook_id || '/' || status, created_at, id FROM webhook_deliveries
                        WHERE status <> 'PENDING'
                )
            )
        )
    )
    GROUP BY list, owner, start;

-- What the triggers of the lists write into: a row that came to a list (1), or left it (-1).
CREATE VIEW list_moves AS SELECT '' AS list, '' AS owner, 0 AS created_at, 0 AS way;

CREATE TRIGGER list_moves_in INSTEAD OF INSERT ON list_moves WHEN NEW.way = 1 BEGIN
    INSERT INTO list_blocks (list, owner, start, newest, total) VALUES (NEW.list, NEW.owner, 0, 0, 0) ON CONFLICT DO NOTHING;
    UPDATE list_blocks SET total = total + 1, newest = max(newest, NEW.created_at)
    WHERE list = NEW.list AND owner = NEW.owner
        AND start = (SELECT max(start) FROM list_blocks WHERE list = NEW.list AND owner = NEW.owner AND start <= NEW.created_at);
    INSERT INTO list_blocks (list, owner, start, newest, total)
        SELECT list, owner, newest + 1, 0, 0
        FROM (SELECT * FROM list_blocks WHERE list = NEW.list AND owner = NEW.owner ORDER BY start DESC LIMIT 1)
        WHERE total >= 1024;
END;

-- A block that is empty is gone, and its time is the one's before; only the first stays.
CREATE TRIGGER list_moves_out INSTEAD OF INSERT ON list_moves WHEN NEW.way = -1 BEGIN
    UPDATE list_blocks SET total = total - 1
    WHERE list = NEW.list AND owner = NEW.owner
        AND start = (SELECT max(start) FROM list_blocks WHERE list = NEW.list AND owner = NEW.owner AND start <= NEW.created_at);
    DELETE FROM list_blocks
    WHERE list = NEW.list AND owner = NEW.owner AND total = 0 AND start > 0
        AND start = (SELECT max(start) FROM list_blocks WHERE list = NEW.list AND owner = NEW.owner AND start <= NEW.created_at);
END;

CREATE TRIGGER meetings_placed AFTER INSERT ON meetings BEGIN
    INSERT INTO list_moves (list, owner, created_at, way)
    VALUES ('meetings', NEW.app_id, NEW.created_at, 1), ('meetings', NEW.app_id || '/' || NEW.status, NEW.created_at, 1);
END;

CREATE TRIGGER meetings_placed_anew AFTER UPDATE OF status ON meetings WHEN NEW.status <> OLD.status BEGIN
    INSERT INTO list_moves (list, owner, created_at, way)
    VALUES
        ('meetings', OLD.app_id || '/' || OLD.status, OLD.created_at, -1),
        ('meetings', NEW.app_id || '/' || NEW.status, NEW.created_at, 1);
END;

CREATE TRIGGER meeting_sessions_placed AFTER INSERT ON meeting_sessions BEGIN
    INSERT INTO list_moves (list, owner, created_at, way) VALUES ('meeting_sessions', NEW.app_id, NEW.created_at, 1);
    INSERT INTO list_moves (list, owner, created_at, way)
        SELECT 'meeting_sessions', NEW.app_id || '/ENDED', NEW.created_at, 1 WHERE NEW.ended_at IS NOT NULL;
END;

CREATE TRIGGER meeting_sessions_placed_anew AFTER UPDATE OF ended_at ON meeting_sessions
WHEN (NEW.ended_at IS NULL) <> (OLD.ended_at IS NULL) BEGIN
    INSERT INTO list_moves (list, owner, created_at, way)
    VALUES ('meeting_sessions', NEW.app_id || '/ENDED', NEW.created_at, iif(NEW.ended_at IS NULL, -1, 1));
END;

CREATE TRIGGER webhook_deliveries_placed AFTER INSERT ON webhook_deliveries BEGIN
    INSERT INTO list_moves (list, owner, created_at, way) VALUES ('webhook_deliveries', NEW.webhook_id, NEW.created_at, 1);
    INSERT INTO list_moves (list, owner, created_at, way)
        SELECT 'webhook_deliveries', NEW.webhook_id || '/' || NEW.status, NEW.created_at, 1 WHERE NEW.status <> 'PENDING';
END;

CREATE TRIGGER webhook_deliveries_placed_anew AFTER UPDATE OF status ON webhook_deliveries WHEN NEW.status <> OLD.status BEGIN
    INSERT INTO list_moves (list, owner, created_at, way)
        SELECT 'webhook_deliveries', OLD.webhook_id || '/' || OLD.status, OLD.created_at, -1 WHERE OLD.status <> 'PENDING';
    INSERT INTO list_moves (list, owner, created_at, way)
        SELECT 'webhook_deliveries', NEW.webhook_id || '/' || NEW.status, NEW.created_at, 1 WHERE NEW.status <> 'PENDING';
END;

CREATE TRIGGER webhook_deliveries_placed_off AFTER DELETE ON webhook_deliveries BEGIN
    INSERT INTO list_moves (list, owner, created_at, way) VALUES ('webhook_deliveries', OLD.webhook_id, OLD.created_at, -1);
    INSERT INTO list_moves (list, owner, created_at, way)
        SELECT 'webhook_deliveries', OLD.webhook_id || '/' || OLD.status, OLD.created_at, -1 WHERE OLD.status <> 'PENDING';
END;
