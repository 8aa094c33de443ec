#pragma once
/* The admin API as the command line speaks it; api/routes.c implements it. HTTP on the address of
 * `admin_url` in ready.json, from loopback only, with
 *
 *     Authorization: Bearer <content of admin.token in the state directory>
 *
 * Bodies and answers are JSON. Errors: {"error":{"code":"not_found","message":"…","field":"user"}}
 * with 400 invalid (no JSON), 401 unauthorized, 403 forbidden, 404 not_found, 405
 * method_not_allowed, 409 exists, 422 invalid (field named), 500 internal, 503 busy or closing.
 * Unknown fields are refused. Times are "2026-01-31T12:00:00Z" or null (…_at), or milliseconds
 * since 1970 (…_ms). Paths below are behind /admin/api/. */

/* clang-format off
GET    bans              addresses that sent wrong SIP passwords, the banned ones first: [{address,
                         state, failures, seconds_left}]
DELETE bans/ADDRESS      lift it → {removed}
GET    recordings        files: [{id, file, bytes, written_ms, call, from, to, duration_ms}], the last
                         four while the call is on record
GET    recordings/ID     one of them
DELETE recordings/ID     → {removed}
GET    calls?all=N       live ones, with `all` also the newest N on record: [{id, state, face,
                         direction, from, to, trunk, codec_a, codec_b, session, created_ms,
                         answered_ms, duration_ms}]
GET    calls/ID          the same and legs, timeline [{t, leg, kind, text}], cause {code, token,
                         text, by} or null
DELETE calls/ID          hang up → {id, ended}
GET    devices?user=     [{device_token, user, description, platform, sip_username, contact,
                         mode, enabled, created_at, rotated_at}]
POST   devices           {user, description?, platform?, mode?} → 201 {device_token, user, sip_username,
                         sip_password, sip_domain, contact}
GET    devices/TOKEN     one of them
PATCH  devices/TOKEN     {description?, platform?, mode?, enabled?} → the device
POST   devices/TOKEN/rotate  as POST devices: a new password, the old one ends
DELETE devices/TOKEN     → {removed}
POST   doctor            {trunk, dry_invite?} → {ok, trunk, steps [{step, ok, detail, advice?,
                         skipped?}]} once every step is through
GET    keys              [{key_id, seals}]: what seals passwords in the database
POST   keys/rotate       a fresh key, and everything sealed again → {key_id, resealed, unreadable,
                         keys}; 409 when the configuration gives one key only
GET    log?after=&limit= {next, lines [{seq, level, text}]}: the newest log lines behind number
                         `after`, at most 1000
GET    numbers           [{number, to, project_id, created_at}]
POST   numbers           {number, to, project?} → 201 {number, to}; changes one that is there
DELETE numbers/NUMBER    → {removed}
GET    pats              as tokens, with user_id
POST   pats              {user, name?, scopes? = account, expires_days? = 100} → 201 {token_id,
                         user_id, scopes, access_token, expires_at}
GET    pats/ID           one of them with accesses [{at, action, status, address, agent}]
POST   pats/ID/rotate    the same with a new access_token; the old text and its sessions end
DELETE pats/ID           as tokens
GET    projects          [{project_id, name, created_at}]
POST   projects          {name} → 201 {project_id, name, signing_key}
DELETE projects/ID       ID or name; users, tokens and devices go along → {removed}
GET    registrations     [{kind, user, trunk, contact, transport, expires_s, state, last_status}]
POST   reload            → {ok, changed [text], restart [text], warnings [text]}; 422 with file, line
                         and key when the configuration is wrong: then nothing changed
GET    route?to=&from=&face=&trunk=&user=
                         what a call would do, without one → {found, why, targets [{step, kind, name,
                         number}], cause}
GET    tokens?project=   [{token_id, project_id, name, scopes, state, created_at, expires_at,
                         used_at}]
POST   tokens            {project, scopes, name?} → 201 {token_id, project_id, name, scopes, token}:
                         the only time that `token` is shown
GET    tokens/ID         as pats/ID, and so is tokens/ID/rotate, with `token`
DELETE tokens/ID         revoked, but still listed → {removed}
GET    trace?after=&call=&trunk=&method=&limit=&wait_ms=
                         {next, messages [{seq, t, direction, transport, local, remote, trunk, call,
                         call_id, method, again, text}]} behind number `after`; waits for the first
GET    trunks            [{name, state, host, address, transport, registration, calls, total_calls,
                         rtt_ms, last_error}]
GET    users             [{user_id, name, display_name, project_id, created_at}]
POST   users             {name, project?, display_name?} → 201 {user_id, name, project_id}; without
                         project: "default", made when needed
GET    users/ID          ID or name: one of them
DELETE users/ID          ID or name → {removed}
clang-format on */

#define ADMIN_API "/admin/api/"
