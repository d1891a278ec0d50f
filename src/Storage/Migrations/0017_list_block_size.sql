-- Blocks of 4,096 rows instead of 1,024: of a million rows there are some 250 totals to sum, and then half a block to walk, on average.
-- The sum of a thousand totals took longer than the walk.
-- Only the last block is ever closed: rows that come to a list in the order of falling age, as when an owner ends the newest meetings first,
-- all fall into the block of their time. Pages are right then too, and found as slowly as without blocks.

--# sqlite
-- Four blocks that follow one another become one, from the start of the first until the newest row of the last.
CREATE TEMP TABLE joined_blocks AS
    SELECT list, owner, min(start) AS start, max(newest) AS newest, sum(total) AS total
    FROM (SELECT *, (row_number() OVER (PARTITION BY list, owner ORDER BY start) - 1) / 4 AS number FROM list_blocks)
    GROUP BY list, owner, number;
DELETE FROM list_blocks;
INSERT INTO list_blocks (list, owner, start, newest, total) SELECT list, owner, start, newest, total FROM joined_blocks;
DROP TABLE joined_blocks;

DROP TRIGGER list_moves_in;

CREATE TRIGGER list_moves_in INSTEAD OF INSERT ON list_moves WHEN NEW.way = 1 BEGIN
    INSERT INTO list_blocks (list, owner, start, newest, total) VALUES (NEW.list, NEW.owner, 0, 0, 0) ON CONFLICT DO NOTHING;
    UPDATE list_blocks SET total = total + 1, newest = max(newest, NEW.created_at)
    WHERE list = NEW.list AND owner = NEW.owner
        AND start = (SELECT max(start) FROM list_blocks WHERE list = NEW.list AND owner = NEW.owner AND start <= NEW.created_at);
    INSERT INTO list_blocks (list, owner, start, newest, total)
        SELECT list, owner, newest + 1, 0, 0
        FROM (SELECT * FROM list_blocks WHERE list = NEW.list AND owner = NEW.owner ORDER BY start DESC LIMIT 1)
        WHERE total >= 4096;
END;
