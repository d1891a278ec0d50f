-- How the picture of a meeting's livestream was asked for, so that it is the same again after a restart of the server.

-- JSON, written by the program; null for those an encoder sends, and for such as were made before.
ALTER TABLE livestreams ADD COLUMN composed_as text;
