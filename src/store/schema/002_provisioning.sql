-- Provisioning: passwords that can be handed out again (sealed, base/seal.h), settings as JSON
-- objects in a cascade, sessions of web phones, and who did what when.

ALTER TABLE devices ADD COLUMN sip_password TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN mode TEXT NOT NULL DEFAULT 'Proxy';
ALTER TABLE devices ADD COLUMN settings TEXT NOT NULL DEFAULT '';
ALTER TABLE devices ADD COLUMN disabled_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE devices ADD COLUMN rotated_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN settings TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN settings TEXT NOT NULL DEFAULT '';

CREATE TABLE sessions (
    hash       TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_id   TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, created_ms);
CREATE INDEX sessions_token ON sessions (token_id);

CREATE TABLE accesses (
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    at_ms    BIGINT NOT NULL,
    action   TEXT NOT NULL,
    status   BIGINT NOT NULL,
    address  TEXT NOT NULL,
    agent    TEXT NOT NULL
);
CREATE INDEX accesses_token ON accesses (token_id, at_ms);

CREATE TABLE device_events (
    device_id TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    at_ms     BIGINT NOT NULL,
    kind      TEXT NOT NULL,
    value     BIGINT NOT NULL,
    text      TEXT NOT NULL
);
CREATE INDEX device_events_device ON device_events (device_id, kind, at_ms);
