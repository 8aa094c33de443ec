-- Faxes, sent and received, and conferences that are over. The documents that were received lie in
-- the state directory under `media`; `document` is where one to be sent came from, sealed
-- (base/seal.h), for its address may hold a password.

CREATE TABLE faxes (
    id             TEXT PRIMARY KEY,
    project_id     TEXT REFERENCES projects (id) ON DELETE CASCADE,
    call_id        TEXT NOT NULL,
    direction      TEXT NOT NULL,
    from_party     TEXT NOT NULL,
    to_party       TEXT NOT NULL,
    status         TEXT NOT NULL,
    quality        TEXT NOT NULL,
    remote_station TEXT NOT NULL,
    document       TEXT NOT NULL,
    media          TEXT NOT NULL,
    error_code     TEXT NOT NULL,
    error_message  TEXT NOT NULL,
    pages          BIGINT NOT NULL,
    duration_ms    BIGINT NOT NULL,
    created_ms     BIGINT NOT NULL,
    updated_ms     BIGINT NOT NULL
);
CREATE INDEX faxes_project ON faxes (project_id, created_ms);
CREATE INDEX faxes_media ON faxes (media);

CREATE TABLE conferences (
    id         TEXT PRIMARY KEY,
    project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    ended_ms   BIGINT NOT NULL
);
CREATE INDEX conferences_project ON conferences (project_id, created_ms);
