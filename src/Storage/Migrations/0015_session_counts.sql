-- How long an app's lists of sessions are: of all, and of those that last or have ended. Kept where the other lists' lengths are, on
-- SQLite alone, for the reasons given there.

--# sqlite
INSERT INTO list_counts (list, owner, total) SELECT 'meeting_sessions', app_id, count(*) FROM meeting_sessions GROUP BY app_id;
INSERT INTO list_counts (list, owner, total)
    SELECT 'meeting_sessions', app_id || '/' || iif(ended_at IS NULL, 'LIVE', 'ENDED'), count(*)
    FROM meeting_sessions GROUP BY app_id, ended_at IS NULL;

CREATE TRIGGER meeting_sessions_counted AFTER INSERT ON meeting_sessions BEGIN
    INSERT INTO list_counts (list, owner, total)
    VALUES
        ('meeting_sessions', NEW.app_id, 1),
        ('meeting_sessions', NEW.app_id || '/' || iif(NEW.ended_at IS NULL, 'LIVE', 'ENDED'), 1)
    ON CONFLICT (list, owner) DO UPDATE SET total = total + 1;
END;

CREATE TRIGGER meeting_sessions_counted_anew AFTER UPDATE OF ended_at ON meeting_sessions
WHEN (NEW.ended_at IS NULL) <> (OLD.ended_at IS NULL) BEGIN
    UPDATE list_counts SET total = total - 1
    WHERE list = 'meeting_sessions' AND owner = OLD.app_id || '/' || iif(OLD.ended_at IS NULL, 'LIVE', 'ENDED');
    INSERT INTO list_counts (list, owner, total)
    VALUES ('meeting_sessions', NEW.app_id || '/' || iif(NEW.ended_at IS NULL, 'LIVE', 'ENDED'), 1)
    ON CONFLICT (list, owner) DO UPDATE SET total = total + 1;
END;
