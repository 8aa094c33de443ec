-- What a user of provisioning keeps of a trunk or a feature code. `body` is a JSON object, sealed
-- (base/seal.h), for it may hold a password.

CREATE TABLE connections (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    body       TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX connections_user ON connections (user_id, created_ms);
