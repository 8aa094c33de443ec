-- Recordings that programs can list: the files themselves lie in the state directory.

CREATE TABLE recordings (
    id            TEXT PRIMARY KEY,
    project_id    TEXT REFERENCES projects (id) ON DELETE CASCADE,
    call_id       TEXT NOT NULL,
    conference_id TEXT NOT NULL,
    format        TEXT NOT NULL,
    track         TEXT NOT NULL,
    source        TEXT NOT NULL,
    status        TEXT NOT NULL,
    channels      BIGINT NOT NULL,
    bytes         BIGINT NOT NULL,
    duration_ms   BIGINT NOT NULL,
    created_ms    BIGINT NOT NULL,
    updated_ms    BIGINT NOT NULL
);
CREATE INDEX recordings_project ON recordings (project_id, created_ms);
CREATE INDEX recordings_call ON recordings (call_id);
