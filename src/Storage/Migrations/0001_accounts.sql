-- Accounts, their apps and their API tokens.

CREATE TABLE accounts (
    id text NOT NULL PRIMARY KEY,
    name text,
    created_at {time} NOT NULL
) {strict};

CREATE TABLE apps (
    id {uuid} NOT NULL PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts (id),
    name text,
    -- The name in lower case, folded by the program: the engines do not agree on how to do it.
    name_folded text,
    playback text NOT NULL,
    created_at {time} NOT NULL
) {strict};

CREATE INDEX apps_by_age ON apps (account_id, created_at, id);

CREATE TABLE api_tokens (
    id {uuid} NOT NULL PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts (id),
    name text NOT NULL,
    scope text NOT NULL,
    -- SHA-256 of the secret, which itself is nowhere.
    secret_hash {bytes} NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time},
    revoked_at {time}
) {strict};

CREATE UNIQUE INDEX api_tokens_by_secret ON api_tokens (secret_hash);
CREATE INDEX api_tokens_by_age ON api_tokens (account_id, created_at, id);
