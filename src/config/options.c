/* The tables of options. Rows stand in the order in which people should read them. */
#include "options.h"

#include "base/num.h"
#include "option_checks.h"

static const char *const transports[] = { "udp", "tcp", "tls", NULL };
static const char *const switches[] = { "auto", "yes", "no", NULL };
static const char *const srtp_modes[] = { "off", "optional", "required", NULL };
static const char *const dtmf_modes[] = { "auto", "rfc4733", "info", "inband", NULL };
static const char *const transfer_modes[] = { "local", "pass", NULL };
static const char *const identity_modes[] = { "none", "preferred", "asserted", NULL };
/* the last is for trunks and users only */
static const char *const prefer_modes[] = { "passthrough", "quality", "list", "auto", NULL };
static const char *const prefer_top[] = { "passthrough", "quality", "list", NULL };
static const char *const plus_modes[] = { "keep", "strip", "add", NULL };
static const char *const trunk_types[] = { "sip", "kandy", NULL };
static const char *const dialects[] = { "auto", "seed", "link", "uc", NULL };
static const char *const number_rules[] = { "none", "uae", NULL };
static const char *const digests[] = { "auto", "both", "sha256", "md5", NULL };
static const char *const levels[] = { "error", "warn", "info", "debug", "trace", NULL };

static const char *const orders[] = { "in_turn", "at_once", "by_weight", NULL };

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

#define AT(field) .offset = offsetof(struct config, field)

/* clang-format off */
static const struct option top[] = {
    { .key = "listen.http", .env = "TANDEM_HTTP", .type = OPTION_BINDS, AT(http),
      .value = "127.0.0.1:8080, 127.0.0.1:3000", .host = "127.0.0.1",
      .help = "HTTP and every WebSocket; the second for pages that expect the bridge on 3000" },
    { .env = "WEB_CLIENT_PORT", .type = OPTION_HTTP_PORT, AT(http), .index = 0, .high = 65535,
      .help = "port of the page: the first of listen.http" },
    { .env = "SERVER_PORT", .type = OPTION_HTTP_PORT, AT(http), .index = 1, .high = 65535,
      .help = "port of bridge signalling: the second of listen.http" },
    { .key = "listen.https", .env = "TANDEM_HTTPS", .type = OPTION_BINDS, AT(https),
      .value = "127.0.0.1:8443", .host = "127.0.0.1",
      .help = "HTTPS and WSS; 0.0.0.0:8443 lets other machines in" },
    { .env = "HTTPS_PORT", .type = OPTION_HTTP_PORT, AT(https), .index = 0, .high = 65535,
      .help = "port of the first of listen.https" },
    { .key = "listen.sip.udp", .env = "SIP_LISTEN", .type = OPTION_BINDS, AT(sip_udp),
      .value = "0.0.0.0:5060", .host = "0.0.0.0", .help = "SIP over UDP" },
    { .key = "listen.sip.tcp", .env = "SIP_LISTEN_TCP", .type = OPTION_BINDS, AT(sip_tcp),
      .value = "auto", .has_auto = true, .host = "0.0.0.0",
      .help = "SIP over TCP; auto is where UDP is" },
    { .key = "listen.sip.tls", .env = "SIP_LISTEN_TLS", .type = OPTION_BINDS, AT(sip_tls),
      .value = "auto", .has_auto = true, .host = "0.0.0.0",
      .help = "SIP over TLS; auto is where UDP is, one port higher: 5061" },
    { .key = "tls.cert", .env = "TLS_CERT", .type = OPTION_TEXT, AT(tls_cert), .check = check_file,
      .help = "certificate chain, a PEM file; a self-made one until it is given" },
    { .key = "tls.key", .env = "TLS_KEY", .type = OPTION_TEXT, AT(tls_key), .check = check_file,
      .help = "its private key, a PEM file" },
    { .key = "public_ip", .env = "PUBLIC_IP", .type = OPTION_TEXT, AT(public_ip),
      .check = check_public_ip, .is_reloadable = true,
      .help = "the address under which the internet reaches us; auto asks a STUN server" },
    { .key = "stun.servers", .env = "STUN_SERVERS", .type = OPTION_LIST, AT(stun_servers),
      .value = "stun.l.google.com:19302, stun.cloudflare.com:3478", .check = check_host_port,
      .is_reloadable = true, .help = "asked for our public address when public_ip is auto" },
    { .key = "local_nets", .env = "TANDEM_LOCAL_NETS", .type = OPTION_LIST, AT(local_nets),
      .check = check_block, .is_reloadable = true,
      .help = "networks that get local addresses instead; our own subnets unless given" },
    { .key = "egress.allow", .env = "EGRESS_ALLOW", .type = OPTION_LIST, AT(egress_allow),
      .check = check_block, .is_reloadable = true,
      .help = "private networks that scripts and webhooks may reach, such as 127.0.0.0/8" },
    { .key = "dns.servers", .env = "TANDEM_DNS", .type = OPTION_LIST, AT(dns_servers),
      .check = check_server, .help = "resolvers; the system's unless given" },

    { .key = "media.host", .env = "TANDEM_MEDIA_HOST", .type = OPTION_TEXT, AT(rtp_host),
      .value = "0.0.0.0", .check = check_ip, .help = "local address of RTP and WebRTC" },
    { .key = "media.rtp_ports", .env = "RTP_PORTS", .type = OPTION_RANGE, AT(rtp_ports),
      .value = "10000-20000", .help = "ports of plain RTP and RTCP; 0 means any free ones" },
    { .key = "media.webrtc_port", .env = "WEBRTC_PORT", .type = OPTION_NUMBER, AT(webrtc_port),
      .value = "auto", .high = 65535, .has_auto = true,
      .help = "first WebRTC port, one for each media thread; auto is just below the RTP ports" },
    { .key = "media.threads", .env = "TANDEM_MEDIA_THREADS", .type = OPTION_NUMBER, AT(threads),
      .value = "auto", .low = 1, .high = 256, .has_auto = true,
      .help = "media threads; auto is one for each processor" },
    { .key = "media.codecs", .env = "SIP_CODECS", .type = OPTION_LIST, AT(codecs),
      .value = "PCMU, PCMA", .check = check_codec, .is_reloadable = true,
      .help = "offered to SIP, the preferred one first" },
    { .key = "media.prefer", .env = "TANDEM_PREFER", .type = OPTION_WORD, AT(prefer),
      .value = "passthrough", .words = prefer_top, .is_reloadable = true,
      .help = "passthrough: what both sides have; quality: the widest, though transcoded; list: codecs in their order" },
    { .key = "media.transcode_limit", .env = "TANDEM_TRANSCODE_LIMIT", .type = OPTION_NUMBER,
      AT(transcode_limit), .value = "80", .high = 100, .is_reloadable = true,
      .help = "percent of a media thread's time; above it new calls pass through or are refused" },
    { .key = "media.load_limit", .env = "TANDEM_LOAD_LIMIT", .type = OPTION_NUMBER,
      AT(load_limit), .value = "95", .low = 1, .high = 100, .is_reloadable = true,
      .help = "the same; above it every new call but emergencies is refused" },
    { .key = "media.timeout", .env = "MEDIA_TIMEOUT", .type = OPTION_NUMBER, AT(media_timeout_s),
      .value = "60", .low = 1, .high = DAY_S, .is_reloadable = true,
      .help = "seconds without any packet after which a call ends" },
    { .key = "media.silent", .env = "MEDIA_SILENT", .type = OPTION_NUMBER, AT(media_silent_s),
      .value = "3600", .low = 1, .high = DAY_S, .is_reloadable = true,
      .help = "the same while a call is on hold" },
    { .key = "media.alert", .type = OPTION_NUMBER, AT(media_alert_s),
      .value = "5", .low = 1, .high = HOUR_S, .is_reloadable = true,
      .help = "seconds without packets after which a warning is given" },

    { .key = "default_destination", .env = "TANDEM_DEFAULT_DESTINATION", .type = OPTION_TEXT,
      AT(default_destination), .is_reloadable = true,
      .help = "where a call without destination goes; the account of the trunk \"default\", else echo" },
    { .key = "allow_uris", .type = OPTION_BOOL, AT(allow_uris), .value = "false",
      .is_reloadable = true, .help = "may sip: addresses anywhere be dialled?" },
    { .key = "uri_nets", .type = OPTION_LIST, AT(uri_nets), .check = check_block,
      .is_reloadable = true,
      .help = "inner networks to which dialled sip: addresses may lead; otherwise the internet only" },
    { .key = "keep_calls", .env = "TANDEM_KEEP_CALLS", .type = OPTION_NUMBER, AT(keep_calls_days),
      .value = "365", .high = 36500, .is_reloadable = true,
      .help = "days that records of calls are kept; 0 is for ever" },
    { .key = "recordings.keep_days", .env = "TANDEM_KEEP_RECORDINGS", .type = OPTION_NUMBER,
      AT(keep_recordings_days), .value = "0", .high = 36500, .is_reloadable = true,
      .help = "days that files of recorded calls are kept; 0 is for ever" },
    { .key = "max_calls", .env = "TANDEM_MAX_CALLS", .type = OPTION_NUMBER, AT(max_calls),
      .value = "10000", .low = 1, .high = 1000000,
      .help = "calls at the same time; more are refused" },
    { .key = "ring_timeout", .type = OPTION_NUMBER, AT(ring_timeout_s), .value = "60", .low = 1,
      .high = HOUR_S, .help = "seconds a far end may ring" },
    { .key = "bridge.anonymous", .env = "BRIDGE_ANONYMOUS", .type = OPTION_BOOL,
      AT(bridge_anonymous), .value = "false", .is_reloadable = true,
      .help = "may pages from other machines call trunks without a token? That can cost money" },
    { .key = "bridge.origins", .env = "BRIDGE_ORIGINS", .type = OPTION_LIST, AT(bridge_origins),
      .check = check_origin, .is_reloadable = true,
      .help = "foreign sites that may open bridge sockets, such as https://shop.example" },
    { .key = "bridge.calls_per_socket", .type = OPTION_NUMBER, AT(bridge_calls_per_socket),
      .value = "1", .low = 1, .high = 100, .is_reloadable = true, .help = "calls at the same time" },
    { .key = "bridge.sockets_per_ip", .type = OPTION_NUMBER, AT(bridge_sockets_per_ip),
      .value = "100", .low = 1, .high = 100000, .is_reloadable = true,
      .help = "bridge sockets from one address" },
    { .key = "sip.realm", .env = "SIP_REALM", .type = OPTION_TEXT, AT(sip_realm),
      .value = "tandem", .check = check_word,
      .help = "of our registrar; devices must be made again when it changes" },
    { .key = "sip.domain", .env = "SIP_LOCAL_DOMAIN", .type = OPTION_TEXT, AT(sip_domain),
      .check = check_host, .is_reloadable = true,
      .help = "domain that phones are told; public_ip or the address they reach us at" },
    { .key = "sip.digest", .env = "SIP_DIGEST", .type = OPTION_WORD, AT(sip_digest),
      .value = "auto", .words = digests, .help = "challenges to phones: auto is what they understand" },
    { .key = "sip.expires", .type = OPTION_NUMBER, AT(sip_expires_s), .value = "3600", .low = 60,
      .high = DAY_S, .help = "seconds a phone stays registered that asks for nothing" },
    { .key = "sip.expires_max", .type = OPTION_NUMBER, AT(sip_expires_max_s), .value = "7200",
      .low = 60, .high = 7 * DAY_S, .help = "seconds a phone stays registered at most" },
    { .key = "sip.max_contacts", .type = OPTION_NUMBER, AT(sip_max_contacts), .value = "10",
      .low = 1, .high = 16, .help = "phones registered with one account; the oldest makes room" },
    { .key = "sip.keepalive", .type = OPTION_NUMBER, AT(sip_keepalive_s), .value = "30",
      .high = HOUR_S, .is_reloadable = true,
      .help = "seconds between OPTIONS to phones on UDP behind NAT; 0 sends none" },
    { .key = "sip.ban_after", .env = "SIP_BAN_AFTER", .type = OPTION_NUMBER, AT(sip_ban_after),
      .value = "10", .high = 1000,
      .help = "wrong passwords within a minute that ban an address; 0 bans nobody" },
    { .key = "sip.ban", .env = "SIP_BAN", .type = OPTION_NUMBER, AT(sip_ban_s), .value = "300",
      .low = 1, .high = DAY_S, .help = "seconds that it is banned" },
    { .key = "sip.rate", .env = "SIP_RATE", .type = OPTION_NUMBER, AT(sip_rate), .value = "100",
      .high = 100000,
      .help = "SIP requests a second from one address, ten times as many from trunks and where phones "
              "are registered; 0 limits nobody" },

    { .key = "provisioning.origins", .env = "PROVISIONING_ORIGINS", .type = OPTION_LIST,
      AT(provisioning_origins), .value = "*", .check = check_cors_origin, .is_reloadable = true,
      .help = "sites whose web phones may fetch their account, such as https://shop.example" },
    { .key = "provisioning.host", .env = "PROVISIONING_HOST", .type = OPTION_TEXT,
      AT(provisioning_host), .check = check_host, .is_reloadable = true,
      .help = "where web phones are told to connect; the name under which they asked" },
    { .key = "provisioning.port", .env = "PROVISIONING_PORT", .type = OPTION_NUMBER,
      AT(provisioning_port), .value = "auto", .low = 1, .high = 65535, .has_auto = true,
      .is_reloadable = true, .help = "port of WSS as seen from outside; auto is that of listen.https" },
    { .key = "provisioning.path", .env = "PROVISIONING_PATH", .type = OPTION_TEXT,
      AT(provisioning_path), .value = "/ws", .check = check_path, .is_reloadable = true,
      .help = "path of the WebSocket, for a proxy that needs another one" },
    { .key = "provisioning.session_hours", .type = OPTION_NUMBER, AT(provisioning_session_h),
      .value = "600", .low = 1, .high = 87600, .is_reloadable = true,
      .help = "how long a login of a web phone lasts" },
    { .key = "provisioning.jwt_seconds", .type = OPTION_NUMBER, AT(provisioning_jwt_s),
      .value = "3600", .low = 30, .high = 86400, .is_reloadable = true,
      .help = "how long the access token for SIP lasts" },

    { .key = "messages.to", .env = "MESSAGES_TO", .type = OPTION_TEXT, AT(message_to),
      .check = check_message_way,
      .help = "who takes text messages to numbers that are not ours: http, smpp, trunk:NAME" },
    { .key = "messages.from", .env = "MESSAGES_FROM", .type = OPTION_TEXT, AT(message_from),
      .help = "the number that codes come from, unless a program names one" },
    { .key = "messages.rate", .type = OPTION_NUMBER, AT(message_rate), .value = "10", .low = 1,
      .high = 1000, .help = "messages sent a second" },
    { .key = "messages.http.url", .env = "MESSAGES_URL", .type = OPTION_TEXT, AT(message_url),
      .check = check_web_url,
      .help = "a provider's HTTP API for messages; {from} {to} {body} {id} {media} are filled in" },
    { .key = "messages.http.method", .type = OPTION_TEXT, AT(message_method), .value = "POST",
      .check = check_word, .help = "its method" },
    { .key = "messages.http.content_type", .type = OPTION_TEXT, AT(message_type),
      .value = "application/json", .help = "of its body, which decides how values are written" },
    { .key = "messages.http.body", .type = OPTION_TEXT, AT(message_body),
      .help = "its body with the same places; id, from, to, body and media as JSON unless given" },
    { .key = "messages.http.headers", .type = OPTION_PAIRS, AT(message_headers),
      .check = check_token, .help = "headers that it wants" },
    { .key = "messages.http.username", .type = OPTION_TEXT, AT(message_user),
      .help = "Basic authentication" },
    { .key = "messages.http.password", .env = "MESSAGES_PASSWORD", .type = OPTION_SECRET,
      AT(message_password), .help = "its password" },
    { .key = "messages.http.password_file", .env = "MESSAGES_PASSWORD_FILE",
      .type = OPTION_SECRET_FILE, AT(message_password), .help = "file that holds it instead" },
    { .key = "messages.http.signing_key", .env = "MESSAGES_SIGNING_KEY", .type = OPTION_SECRET,
      AT(message_key), .help = "requests are signed with it: X-Tandem-Signature" },
    { .key = "messages.http.ca_file", .type = OPTION_TEXT, AT(message_ca_file),
      .check = check_file, .help = "trust its certificates instead of the system's" },
    { .key = "messages.http.media", .type = OPTION_BOOL, AT(message_media), .value = "false",
      .help = "does it take media URLs?" },
    { .key = "messages.smpp.host", .env = "SMPP_HOST", .type = OPTION_TEXT, AT(smpp_host),
      .check = check_host, .help = "a centre for messages by SMPP 3.4" },
    { .key = "messages.smpp.port", .env = "SMPP_PORT", .type = OPTION_NUMBER, AT(smpp_port),
      .value = "2775", .low = 1, .high = 65535, .help = "its port" },
    { .key = "messages.smpp.system_id", .env = "SMPP_SYSTEM_ID", .type = OPTION_TEXT, AT(smpp_id),
      .help = "the account there" },
    { .key = "messages.smpp.password", .env = "SMPP_PASSWORD", .type = OPTION_SECRET,
      AT(smpp_password), .help = "its password" },
    { .key = "messages.smpp.password_file", .env = "SMPP_PASSWORD_FILE",
      .type = OPTION_SECRET_FILE, AT(smpp_password), .help = "file that holds it instead" },
    { .key = "messages.smpp.system_type", .type = OPTION_TEXT, AT(smpp_type),
      .help = "what some centres want to be told" },
    { .key = "messages.smpp.tls", .type = OPTION_BOOL, AT(smpp_tls), .value = "false",
      .help = "speak TLS to it; its certificate must be for messages.smpp.host" },
    { .key = "messages.smpp.ca_file", .type = OPTION_TEXT, AT(smpp_ca_file),
      .check = check_file, .help = "trust its certificates instead of the system's" },
    { .key = "mfa_app", .env = "MFA_APP", .type = OPTION_BOOL, AT(mfa_app), .value = "false",
      .help = "serve /api/send-mfa and /api/verify-mfa, codes for people, to anybody who asks" },

    { .key = "speech.engine", .env = "SPEECH_ENGINE", .type = OPTION_TEXT, AT(speech_engine),
      .value = "auto", .check = check_speech_engine,
      .help = "what understands callers: http, pocketsphinx, none; auto is the first that is there" },
    { .key = "speech.pocketsphinx.model", .env = "SPEECH_MODEL_DIR", .type = OPTION_TEXT,
      AT(speech_model_dir), .value = "/usr/share/pocketsphinx/model/en-us",
      .help = "directory of its acoustic model, language model and dictionary" },
    { .key = "speech.http.url", .env = "SPEECH_URL", .type = OPTION_TEXT, AT(speech_url),
      .check = check_web_url,
      .help = "a service that transcribes: https://api.example.com/v1/audio/transcriptions" },
    { .key = "speech.http.key", .env = "SPEECH_KEY", .type = OPTION_SECRET, AT(speech_key),
      .help = "its bearer key" },
    { .key = "speech.http.key_file", .env = "SPEECH_KEY_FILE", .type = OPTION_SECRET_FILE,
      AT(speech_key), .help = "file that holds it instead" },
    { .key = "speech.http.model", .env = "SPEECH_MODEL", .type = OPTION_TEXT, AT(speech_model),
      .value = "whisper-1", .help = "the model it is asked for" },
    { .key = "speech.http.ca_file", .type = OPTION_TEXT, AT(speech_ca_file), .check = check_file,
      .help = "trust its certificates instead of the system's" },

    { .key = "state", .env = "TANDEM_STATE", .flag = "--state", .type = OPTION_TEXT, AT(state_dir),
      .help = "directory of the database, certificate and tokens" },
    { .key = "encryption_key", .env = "ENCRYPTION_KEY", .type = OPTION_SECRET, AT(encryption_key),
      .help = "32 bytes as hex or base64 that seal stored passwords; a file in the state directory "
              "until it is given. Two keys with a comma: the new one, then the old one" },
    { .key = "encryption_key_file", .env = "ENCRYPTION_KEY_FILE", .type = OPTION_SECRET_FILE,
      AT(encryption_key), .help = "a file whose first line is that key" },
    { .key = "store", .env = "TANDEM_STORE", .type = OPTION_TEXT, AT(store_url),
      .check = check_url, .help = "database; SQLite in the state directory unless given" },
    { .key = "log.level", .env = "LOG_LEVEL", .flag = "--log-level", .type = OPTION_WORD,
      AT(log_level), .value = "info", .words = levels, .is_reloadable = true,
      .help = "error, warn, info, debug or trace" },
    { .key = "log.json", .env = "LOG_JSON", .flag = "--log-json", .type = OPTION_BOOL,
      AT(log_json), .value = "false", .is_reloadable = true, .help = "one JSON object a line" },
    { .flag = "--ready-file", .type = OPTION_TEXT, AT(ready_file),
      .help = "written once every listener is up" },
};
#undef AT
#define AT(field) .offset = offsetof(struct config_trunk, field)

static const struct option trunk[] = {
    { .key = "type", .type = OPTION_WORD, AT(type), .value = "sip", .words = trunk_types,
      .is_reloadable = true, .help = "sip, or kandy: a WebRTC cloud, see docs/kandy-3cx.md" },
    { .key = "provider", .env = "SIP_PROVIDER", .type = OPTION_TEXT, AT(provider),
      .check = check_provider, .is_reloadable = true,
      .help = "fills in what is known of it, see `tandem help providers`; any other needs none" },
    { .key = "host", .env = "SIP_TRUNK_HOST", .type = OPTION_TEXT, AT(host), .check = check_host,
      .is_reloadable = true, .help = "server of the provider or PBX" },
    { .key = "port", .env = "SIP_TRUNK_PORT", .type = OPTION_NUMBER, AT(port), .value = "auto",
      .low = 1, .high = 65535, .has_auto = true, .is_reloadable = true,
      .help = "auto: by DNS, else 5060, or 5061 with TLS" },
    { .key = "username", .env = "SIP_USERNAME", .type = OPTION_TEXT, AT(username),
      .check = check_word, .is_reloadable = true, .help = "account, extension or agent id" },
    { .key = "auth_username", .env = "SIP_AUTH_USERNAME", .type = OPTION_TEXT, AT(auth_username),
      .check = check_word, .is_reloadable = true,
      .help = "authentication id, where it differs from the username" },
    { .key = "password", .env = "SIP_PASSWORD", .type = OPTION_SECRET, AT(password),
      .is_reloadable = true, .help = "password, API key or token" },
    { .key = "password_file", .env = "SIP_PASSWORD_FILE", .type = OPTION_SECRET_FILE, AT(password),
      .is_reloadable = true, .help = "file that holds it instead" },
    { .key = "realm", .type = OPTION_TEXT, AT(realm), .is_reloadable = true,
      .help = "the realm whose challenges are answered; the first that asks unless given" },
    { .key = "domain", .env = "SIP_DOMAIN", .type = OPTION_TEXT, AT(domain), .check = check_host,
      .is_reloadable = true, .help = "SIP domain; the host unless given" },
    { .key = "transport", .env = "SIP_TRANSPORT", .type = OPTION_WORD, AT(transport),
      .value = "udp", .words = transports, .is_reloadable = true, .help = "udp, tcp or tls" },
    { .key = "sips", .env = "SIP_SIPS", .type = OPTION_BOOL, AT(sips), .value = "false",
      .is_reloadable = true, .help = "sips: addresses, which demand TLS of every hop; with transport tls" },
    { .key = "register", .env = "SIP_REGISTER", .type = OPTION_WORD, AT(register_mode),
      .value = "auto", .words = switches, .is_reloadable = true,
      .help = "register there, so that it can call us: auto, yes or no" },
    { .key = "register_expires", .type = OPTION_NUMBER, AT(register_expires_s), .value = "600",
      .low = 30, .high = DAY_S, .is_reloadable = true, .help = "seconds a registration lasts" },
    { .key = "srtp", .env = "SIP_SRTP", .type = OPTION_WORD, AT(srtp), .value = "off",
      .words = srtp_modes, .is_reloadable = true, .help = "encrypted media: off, optional, required" },
    { .key = "tls_ca_file", .env = "SIP_TLS_CA_FILE", .type = OPTION_TEXT, AT(tls_ca_file), .check = check_file,
      .is_reloadable = true, .help = "certificates to trust instead of the system's" },
    { .key = "tls_verify", .env = "SIP_TLS_VERIFY", .type = OPTION_BOOL, AT(tls_verify),
      .value = "true", .is_reloadable = true, .help = "check the server's certificate" },
    { .key = "codecs", .type = OPTION_LIST, AT(codecs), .check = check_codec,
      .is_reloadable = true, .help = "instead of media.codecs" },
    { .key = "prefer", .env = "SIP_PREFER", .type = OPTION_WORD, AT(prefer), .value = "auto",
      .words = prefer_modes, .is_reloadable = true,
      .help = "which codec: passthrough, quality, list, or auto for media.prefer" },
    { .key = "dtmf", .env = "SIP_DTMF", .type = OPTION_WORD, AT(dtmf), .value = "auto",
      .words = dtmf_modes, .is_reloadable = true, .help = "auto, rfc4733, info or inband" },
    { .key = "ptime", .env = "SIP_PTIME", .type = OPTION_NUMBER, AT(ptime_ms), .value = "20",
      .low = 10, .high = 60, .is_reloadable = true,
      .help = "milliseconds of sound in a packet: 10, 20, 30, 40, 50 or 60" },
    { .key = "country", .env = "SIP_COUNTRY", .type = OPTION_TEXT, AT(country),
      .check = check_digits, .is_reloadable = true,
      .help = "country code: 0501234567 and 00971501234567 go out as +971501234567 with 971" },
    { .key = "plus", .env = "SIP_PLUS", .type = OPTION_WORD, AT(plus), .value = "keep",
      .words = plus_modes, .is_reloadable = true,
      .help = "the + of called numbers: keep, strip or add" },
    { .key = "strip", .type = OPTION_NUMBER, AT(strip), .value = "0", .high = 20,
      .is_reloadable = true, .help = "so many characters are taken from the front of called numbers, a + is one" },
    { .key = "prefix", .type = OPTION_TEXT, AT(prefix), .check = check_number,
      .is_reloadable = true, .help = "and this is put before them" },
    { .key = "emergency", .env = "SIP_EMERGENCY", .type = OPTION_LIST, AT(emergency),
      .check = check_number, .is_reloadable = true,
      .help = "numbers such as 112 that go out here before any route, as they are, beyond limits" },
    { .key = "transfer", .env = "SIP_TRANSFER", .type = OPTION_WORD, AT(transfer),
      .value = "local", .words = transfer_modes, .is_reloadable = true,
      .help = "calls moved on to its own numbers: local makes the new call here, pass sends REFER" },
    { .key = "follow_redirects", .env = "SIP_FOLLOW_REDIRECTS", .type = OPTION_BOOL,
      AT(follow_redirects), .value = "true", .is_reloadable = true,
      .help = "call where a 3xx answer says, five times at most" },
    { .key = "identity", .env = "SIP_IDENTITY", .type = OPTION_WORD, AT(identity),
      .value = "none", .words = identity_modes, .is_reloadable = true,
      .help = "tell it the caller: none, preferred or asserted (then its word is taken too)" },
    { .key = "diversion", .env = "SIP_DIVERSION", .type = OPTION_WORD, AT(diversion),
      .value = "auto", .words = switches, .is_reloadable = true,
      .help = "tell it who forwarded a call (Diversion, History-Info): auto is with identity asserted" },
    { .key = "privacy", .env = "SIP_PRIVACY", .type = OPTION_BOOL, AT(privacy), .value = "false",
      .is_reloadable = true, .help = "hide the caller's number in every call to it" },
    { .key = "caller_id", .env = "SIP_CALLER_ID", .type = OPTION_TEXT, AT(caller_id),
      .check = check_word, .is_reloadable = true, .help = "shown to the called; the account unless given" },
    { .key = "called", .env = "SIP_CALLED", .type = OPTION_TEXT, AT(called), .check = check_word,
      .is_reloadable = true, .help = "dialled when nothing else was; the username unless given" },
    { .key = "max_calls", .type = OPTION_NUMBER, AT(max_calls), .value = "0", .high = 1000000,
      .is_reloadable = true, .help = "calls at the same time; 0 is any number" },
    { .key = "sources", .env = "SIP_SOURCES", .type = OPTION_LIST, AT(sources),
      .check = check_block, .is_reloadable = true,
      .help = "addresses that may call in through it; the host's own unless given" },
    { .key = "media_nets", .env = "SIP_MEDIA_NETS", .type = OPTION_LIST, AT(media_nets),
      .check = check_block, .is_reloadable = true,
      .help = "addresses that its RTP may come from, besides the one in its SDP" },
    { .key = "headers", .type = OPTION_PAIRS, AT(headers), .check = check_header_name,
      .is_reloadable = true, .help = "X- headers of every call to it" },
    { .key = "dialect", .type = OPTION_WORD, AT(dialect), .value = "auto", .words = dialects,
      .is_reloadable = true, .help = "kandy: auto, seed, link or uc" },
    { .key = "ice_servers", .type = OPTION_LIST, AT(ice_servers), .check = check_ice_server,
      .is_reloadable = true, .help = "kandy: STUN and TURN servers, unless the cloud names its own" },
    { .key = "relay_only", .type = OPTION_BOOL, AT(relay_only), .value = "false",
      .is_reloadable = true, .help = "kandy: media through TURN alone" },
    { .key = "services", .type = OPTION_LIST, AT(services), .value = "call, IM, Presence, MWI",
      .check = check_word, .is_reloadable = true, .help = "kandy: what to subscribe to" },
    { .key = "numbers", .type = OPTION_WORD, AT(numbers), .value = "none", .words = number_rules,
      .is_reloadable = true, .help = "kandy: uae turns 0501234567 into 971501234567, none leaves it" },
    { .key = "tollfree_as_dialled", .type = OPTION_BOOL, AT(tollfree_as_dialled), .value = "false",
      .is_reloadable = true, .help = "kandy: 800 numbers go out without the country code" },
    { .key = "default_did", .type = OPTION_TEXT, AT(default_did), .check = check_number,
      .is_reloadable = true, .help = "kandy: called number of its calls that name none" },
    { .key = "inbound", .type = OPTION_LIST, AT(inbound), .check = check_target,
      .is_reloadable = true,
      .help = "kandy: who gets its calls, user:3cx_trunk; else whoever is registered" },
    { .key = "force_logout", .type = OPTION_BOOL, AT(force_logout), .value = "false",
      .is_reloadable = true, .help = "kandy: other devices of the account are logged out" },
    { .key = "agent", .type = OPTION_TEXT, AT(agent), .is_reloadable = true,
      .help = "kandy: X-Cpaas-Agent of every request" },
    { .key = "clientId", .type = OPTION_TEXT, AT(client_id), .is_reloadable = true,
      .help = "kandy: not needed and not used" },
};

static const struct option kandy[] = {
    { .env = "KANDY_USERNAME", .type = OPTION_TEXT, AT(username), .check = check_word,
      .help = "account at the cloud: usually user@domain" },
    { .env = "KANDY_PASSWORD", .type = OPTION_SECRET, AT(password), .help = "its password" },
    { .env = "KANDY_PASSWORD_FILE", .type = OPTION_SECRET_FILE, AT(password),
      .help = "file that holds it instead" },
    { .env = "KANDY_HOST", .type = OPTION_TEXT, AT(host), .check = check_host_port,
      .help = "the cloud, host or host:port; ct-webrtc.etisalat.ae unless given" },
    { .env = "KANDY_DIALECT", .type = OPTION_WORD, AT(dialect), .words = dialects,
      .help = "auto, seed, link or uc" },
    { .env = "KANDY_CA_FILE", .type = OPTION_TEXT, AT(tls_ca_file), .check = check_file,
      .help = "certificates to trust instead of the system's" },
    { .env = "KANDY_ICE_SERVERS", .type = OPTION_LIST, AT(ice_servers), .check = check_ice_server,
      .help = "STUN and TURN servers instead of the provider's" },
    { .env = "KANDY_DEFAULT_DID", .type = OPTION_TEXT, AT(default_did), .check = check_number,
      .help = "called number of incoming calls that name none" },
    { .env = "KANDY_INBOUND", .type = OPTION_LIST, AT(inbound), .check = check_target,
      .help = "who gets incoming calls: user:3cx_trunk; else whoever is registered" },
    { .env = "KANDY_CLIENT_ID", .type = OPTION_TEXT, AT(client_id), .help = "not needed, not used" },
};
#undef AT
#define AT(field) .offset = offsetof(struct config_route, field)

static const struct option route[] = {
    { .key = "destination", .type = OPTION_TEXT, AT(destination), .check = check_word,
      .is_reloadable = true, .help = "exactly this was dialled" },
    { .key = "pattern", .type = OPTION_TEXT, AT(pattern), .check = check_pattern,
      .is_reloadable = true,
      .help = "or a number like this: digits, +, X 0-9, Z 1-9, N 2-9, [15], a last . or * for the rest" },
    { .key = "face", .type = OPTION_TEXT, AT(face), .check = check_face, .is_reloadable = true,
      .help = "and it came from here: bridge or sip" },
    { .key = "from_trunk", .type = OPTION_TEXT, AT(trunk), .check = check_name,
      .is_reloadable = true, .help = "and it came in through this trunk" },
    { .key = "user", .type = OPTION_TEXT, AT(user), .check = check_name, .is_reloadable = true,
      .help = "and this user calls" },
    { .key = "header", .type = OPTION_TEXT, AT(header), .check = check_header_match,
      .is_reloadable = true, .help = "and the call has this header: X-Team, or X-Team=sales" },
    { .key = "order", .type = OPTION_WORD, AT(order), .value = "in_turn", .words = orders,
      .is_reloadable = true, .help = "how several in `to` are tried: in_turn, at_once or by_weight" },
    { .key = "weights", .type = OPTION_LIST, AT(weights), .check = check_weight,
      .is_reloadable = true, .help = "for by_weight, one for each in `to`: shares of the calls" },
    { .key = "ring_timeout", .type = OPTION_NUMBER, AT(ring_timeout_s), .value = "0",
      .high = HOUR_S, .is_reloadable = true,
      .help = "seconds that each in `to` may ring; 0 is the ring_timeout of all" },
    { .key = "to", .type = OPTION_LIST, AT(to), .check = check_target, .is_reloadable = true,
      .help = "trunk:NAME, trunk:NAME/NUMBER, user:NAME, builtin:echo; the next when one fails" },
};
#undef AT
#define AT(field) .offset = offsetof(struct config_user, field)

static const struct option user[] = {
    { .key = "password", .type = OPTION_SECRET, AT(password), .is_reloadable = true,
      .help = "with which the user's phone registers" },
    { .key = "password_file", .type = OPTION_SECRET_FILE, AT(password), .is_reloadable = true,
      .help = "file that holds it instead" },
    { .key = "pbx", .type = OPTION_BOOL, AT(is_pbx), .value = "false", .is_reloadable = true,
      .help = "a PBX registers: calls to it carry the number dialled, those from it any caller" },
    { .key = "codecs", .type = OPTION_LIST, AT(codecs), .check = check_codec,
      .is_reloadable = true, .help = "no others for this user's phones and pages" },
    { .key = "prefer", .type = OPTION_WORD, AT(prefer), .value = "auto", .words = prefer_modes,
      .is_reloadable = true, .help = "which codec: passthrough, quality, list, or auto for media.prefer" },
};
#undef AT
/* clang-format on */

const struct option_table options_top = { top, COUNT_OF(top) };
const struct option_table options_trunk = { trunk, COUNT_OF(trunk) };
const struct option_table options_kandy = { kandy, COUNT_OF(kandy) };
const struct option_table options_route = { route, COUNT_OF(route) };
const struct option_table options_user = { user, COUNT_OF(user) };

const struct option *option_find(const struct option_table *table, struct slice key)
{
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].key && slice_is(key, table->rows[i].key))
            return &table->rows[i];
    return NULL;
}

const struct option *option_find_env(struct slice name)
{
    static const struct option_table *const tables[] = { &options_top, &options_trunk,
                                                         &options_kandy };
    for (size_t t = 0; t < COUNT_OF(tables); t++)
        for (size_t i = 0; i < tables[t]->n; i++)
            if (tables[t]->rows[i].env && slice_is(name, tables[t]->rows[i].env))
                return &tables[t]->rows[i];
    return NULL;
}

const struct option *option_find_flag(struct slice flag)
{
    for (size_t i = 0; i < COUNT_OF(top); i++)
        if (top[i].flag && slice_is(flag, top[i].flag))
            return &top[i];
    return NULL;
}

bool option_is_of(const struct option_table *table, const struct option *row)
{
    return row >= table->rows && row < table->rows + table->n;
}
