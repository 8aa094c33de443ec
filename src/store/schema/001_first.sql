-- Written for SQLite and PostgreSQL alike: TEXT and BIGINT only, no functions of either.
-- Times are milliseconds since 1970; 0 is "never". "" is "none", but NULL where a key points on.

CREATE TABLE projects (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    signing_key TEXT NOT NULL,
    created_ms  BIGINT NOT NULL
);

CREATE TABLE users (
    id           TEXT PRIMARY KEY,
    project_id   TEXT REFERENCES projects (id) ON DELETE CASCADE,
    name         TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    created_ms   BIGINT NOT NULL
);
CREATE INDEX users_project ON users (project_id);

CREATE TABLE tokens (
    id         TEXT PRIMARY KEY,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    revoked_ms BIGINT NOT NULL,
    used_ms    BIGINT NOT NULL
);
CREATE INDEX tokens_project ON tokens (project_id);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE devices (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    description  TEXT NOT NULL,
    platform     TEXT NOT NULL,
    sip_username TEXT NOT NULL UNIQUE,
    realm        TEXT NOT NULL,
    ha1_md5      TEXT NOT NULL,
    ha1_sha256   TEXT NOT NULL,
    contact      TEXT NOT NULL,
    created_ms   BIGINT NOT NULL
);
CREATE INDEX devices_user ON devices (user_id);

CREATE TABLE numbers (
    number     TEXT PRIMARY KEY,
    leads_to   TEXT NOT NULL,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    created_ms BIGINT NOT NULL
);

CREATE TABLE bindings (
    aor        TEXT NOT NULL,
    contact    TEXT NOT NULL,
    device_id  TEXT REFERENCES devices (id) ON DELETE CASCADE,
    transport  TEXT NOT NULL,
    received   TEXT NOT NULL,
    path       TEXT NOT NULL,
    instance   TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    call_id    TEXT NOT NULL,
    cseq       BIGINT NOT NULL,
    reg_id     BIGINT NOT NULL,
    q_permille BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (aor, contact)
);
CREATE INDEX bindings_expires ON bindings (expires_ms);

-- A record outlives the project that it belonged to.
CREATE TABLE calls (
    id          TEXT PRIMARY KEY,
    project_id  TEXT REFERENCES projects (id) ON DELETE SET NULL,
    direction   TEXT NOT NULL,
    face        TEXT NOT NULL,
    from_party  TEXT NOT NULL,
    to_party    TEXT NOT NULL,
    trunk       TEXT NOT NULL,
    user_name   TEXT NOT NULL,
    state       TEXT NOT NULL,
    codec_a     TEXT NOT NULL,
    codec_b     TEXT NOT NULL,
    cause       TEXT NOT NULL,
    cause_text  TEXT NOT NULL,
    ended_by    TEXT NOT NULL,
    correlation TEXT NOT NULL,
    stats       TEXT NOT NULL,
    code        BIGINT NOT NULL,
    created_ms  BIGINT NOT NULL,
    answered_ms BIGINT NOT NULL,
    ended_ms    BIGINT NOT NULL
);
CREATE INDEX calls_created ON calls (created_ms);
CREATE INDEX calls_ended ON calls (ended_ms);

CREATE TABLE events (
    call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    seq     BIGINT NOT NULL,
    at_ms   BIGINT NOT NULL,
    leg     BIGINT NOT NULL,
    kind    TEXT NOT NULL,
    text    TEXT NOT NULL,
    PRIMARY KEY (call_id, seq)
);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
