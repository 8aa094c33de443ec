#pragma once
/* What a value may look like; see option_check_fn. Numeric addresses only are judged here, names
 * are resolved by others. Any thread. */

#include <stdbool.h>

#include "base/slice.h"

bool check_ip(struct slice value, const char **expected);
bool check_public_ip(struct slice value, const char **expected);  /* or "auto" */
bool check_server(struct slice value, const char **expected);     /* address with or without port */
bool check_block(struct slice value, const char **expected);      /* "10.0.0.0/8" or one address */
bool check_host(struct slice value, const char **expected);       /* name or address, no port */
bool check_ice_server(struct slice value, const char **expected); /* "turns:host:443" */
bool check_origin(struct slice value, const char **expected);     /* "https://shop.example" */
bool check_cors_origin(struct slice value, const char **expected); /* or "*" */
bool check_path(struct slice value, const char **expected);        /* "/ws" */
bool check_codec(struct slice value, const char **expected);
bool check_target(struct slice value, const char **expected); /* "trunk:acme", "builtin:echo" */
bool check_pattern(struct slice value, const char **expected);
bool check_face(struct slice value, const char **expected);
bool check_name(struct slice value, const char **expected); /* of trunks and users */
bool check_word(struct slice value, const char **expected); /* no spaces or control characters */
bool check_header_name(struct slice value, const char **expected); /* "X-…" */
bool check_provider(struct slice value, const char **expected);
bool check_file(struct slice value, const char **expected);          /* can be read */
bool check_url(struct slice value, const char **expected);           /* of the store */
bool check_host_port(struct slice value, const char **expected);     /* "stun.example:3478" */
bool check_digits(struct slice value, const char **expected);        /* a country code */
bool check_number(struct slice value, const char **expected);        /* digits, +, *, # */
bool check_weight(struct slice value, const char **expected);        /* 0 to 65535 */
bool check_header_match(struct slice value, const char **expected);  /* "X-A" or "X-A=b" */
bool check_message_way(struct slice value, const char **expected);   /* "http", "trunk:acme" */
bool check_speech_engine(struct slice value, const char **expected); /* "auto", "http" */
bool check_web_url(struct slice value, const char **expected);       /* http: or https: */
bool check_token(struct slice value, const char **expected);         /* any header's name */
