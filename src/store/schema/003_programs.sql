-- What programs keep: projects with a parent, resources (scripts, webhooks, SIP endpoints), texts
-- and the codes of multi-factor authentication.

ALTER TABLE projects ADD COLUMN parent_id TEXT REFERENCES projects (id) ON DELETE CASCADE;
ALTER TABLE projects ADD COLUMN options TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN updated_ms BIGINT NOT NULL DEFAULT 0;

ALTER TABLE numbers ADD COLUMN body TEXT NOT NULL DEFAULT '';
ALTER TABLE numbers ADD COLUMN updated_ms BIGINT NOT NULL DEFAULT 0;

-- `body` is a JSON object; `ref` names a row elsewhere that goes with it (a device).
CREATE TABLE resources (
    id         TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    type       TEXT NOT NULL,
    name       TEXT NOT NULL,
    body       TEXT NOT NULL,
    ref        TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX resources_project ON resources (project_id, type, created_ms);

-- A message waits for its next try while next_ms is not 0.
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
    status_url    TEXT NOT NULL,
    variables     TEXT NOT NULL,
    error_code    TEXT NOT NULL,
    error_message TEXT NOT NULL,
    segments      BIGINT NOT NULL,
    tries         BIGINT NOT NULL,
    next_ms       BIGINT NOT NULL,
    created_ms    BIGINT NOT NULL,
    updated_ms    BIGINT NOT NULL
);
CREATE INDEX messages_project ON messages (project_id, created_ms);
CREATE INDEX messages_next ON messages (next_ms);

CREATE TABLE codes (
    id         TEXT PRIMARY KEY,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    party      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    hash       TEXT NOT NULL,
    tries_left BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX codes_party ON codes (party, created_ms);
CREATE INDEX codes_expires ON codes (expires_ms);
