-- What programs keep: projects with a parent, and resources (scripts, webhooks, SIP endpoints). Their
-- texts and codes of multi-factor authentication are 003's.

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
