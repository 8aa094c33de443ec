-- Which codecs the user's phones and pages get, as the users of tandem.yaml have it: "passthrough",
-- "quality", "list" or "" for media.prefer; names with commas, "" for media.codecs.

ALTER TABLE users ADD COLUMN prefer TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN codecs TEXT NOT NULL DEFAULT '';
