#pragma once
/* For sip_register.c: requests that share one login, so that a refresh carries credentials at
 * once. */

#include "sip_request.h"

struct sip_login;

/** sip_request_create() with a login that the caller owns and keeps; `config->auth` is not used. */
MUST_CHECK enum err sip_request_create_with(struct sip_request **out, struct sip_agent *agent,
                                            const struct sip_request_config *config,
                                            struct sip_login *login, sip_outcome_fn fn,
                                            void *owner);
