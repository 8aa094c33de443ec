-- What was said in recordings, in words; and whether a recording was cut to what is heard in it.

ALTER TABLE recordings ADD COLUMN trims BIGINT NOT NULL DEFAULT 0;

CREATE TABLE transcriptions (
    id           TEXT PRIMARY KEY,
    project_id   TEXT REFERENCES projects (id) ON DELETE CASCADE,
    recording_id TEXT NOT NULL,
    status       TEXT NOT NULL,
    words        TEXT NOT NULL,
    duration_ms  BIGINT NOT NULL,
    created_ms   BIGINT NOT NULL,
    updated_ms   BIGINT NOT NULL
);
CREATE INDEX transcriptions_project ON transcriptions (project_id, created_ms);
CREATE INDEX transcriptions_recording ON transcriptions (recording_id);
