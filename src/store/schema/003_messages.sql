-- Text messages, and the codes of multi-factor authentication.

-- A message waits for its next try while next_ms is not 0; whoever tries it writes his claim, so
-- that after a restart it is known which ones were on their way.
CREATE TABLE messages (
    id            TEXT PRIMARY KEY,
    project_id    TEXT REFERENCES projects (id) ON DELETE CASCADE,
    direction     TEXT NOT NULL,
    from_party    TEXT NOT NULL,
    to_party      TEXT NOT NULL,
    body          TEXT NOT NULL,
    media         TEXT NOT NULL,
    status        TEXT NOT NULL,
    kind          TEXT NOT NULL,
    source        TEXT NOT NULL,
    target        TEXT NOT NULL,
    status_url    TEXT NOT NULL,
    variables     TEXT NOT NULL,
    error_code    TEXT NOT NULL,
    error_message TEXT NOT NULL,
    peer_id       TEXT NOT NULL,
    claim         TEXT NOT NULL,
    sealed        BIGINT NOT NULL,
    segments      BIGINT NOT NULL,
    tries         BIGINT NOT NULL,
    next_ms       BIGINT NOT NULL,
    expires_ms    BIGINT NOT NULL,
    sent_ms       BIGINT NOT NULL,
    created_ms    BIGINT NOT NULL,
    updated_ms    BIGINT NOT NULL
);
CREATE INDEX messages_project ON messages (project_id, created_ms);
CREATE INDEX messages_next ON messages (next_ms);
CREATE INDEX messages_claim ON messages (claim);
CREATE INDEX messages_peer ON messages (peer_id);

CREATE TABLE mfa_codes (
    id         TEXT PRIMARY KEY,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    party      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    salt       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    tries_left BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX mfa_codes_party ON mfa_codes (party, created_ms);
CREATE INDEX mfa_codes_expires ON mfa_codes (expires_ms);
