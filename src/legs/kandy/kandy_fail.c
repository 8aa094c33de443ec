/* A subscription that was refused, or did not arrive: when to come again, and as what to be seen
 * until then. */
#include <stdio.h>

#include "base/loop.h"
#include "base/num.h"
#include "base/rand.h"
#include "legs/kandy/kandy_account_priv.h"

enum {
    RETRY_FIRST_MS = 2000,
    RETRY_MAX_MS = 60000,
    LOGIN_RETRY_MS = 60000,
    OVERLOADS_MAX = 3,
};

/* 2 s, 4 s … a minute, each a little off, so that many gateways do not come at once. */
int64_t kandy_account_backoff_ms(struct kandy_account *account)
{
    unsigned shift = account->failures < 5 ? account->failures : 5;
    int64_t ms = num_min((int64_t)RETRY_FIRST_MS << shift, RETRY_MAX_MS);
    account->failures++;
    return ms + (int64_t)(rand_u32() % 1000);
}

static int64_t overload_ms(struct kandy_account *account, const struct kandy_verdict *verdict)
{
    bool told = verdict->retry_ms >= 0 && account->overloads < OVERLOADS_MAX;
    account->overloads++;
    return told ? verdict->retry_ms : kandy_account_backoff_ms(account);
}

/* When to come again, and as what to be seen until then; never: -1. */
static int64_t judge(struct kandy_account *account, const struct kandy_verdict *verdict,
                     enum kandy_state *state)
{
    *state = KANDY_WAITING;
    switch (verdict->fault) {
    case KANDY_AUTH:
    case KANDY_TOKEN_OVER: /* section 6: 65 is one of them where a token was just asked for */
        *state = KANDY_AUTH_FAILED;
        return KANDY_AUTH_RETRY_MS;
    case KANDY_LOCKED:
    case KANDY_FORBIDDEN:
        *state = KANDY_SHUT_OUT;
        return -1;
    case KANDY_LOGINS:
    case KANDY_LOGGED_OUT:
        return LOGIN_RETRY_MS;
    case KANDY_OVERLOAD:
        return overload_ms(account, verdict);
    case KANDY_FINE:
    case KANDY_BAD_NUMBER:
    case KANDY_NO_SUBSCRIPTION:
    case KANDY_NO_CALL:
    case KANDY_GLARED:
    case KANDY_NOT_HERE:
    case KANDY_SERVER:
    case KANDY_NETWORK:
        return kandy_account_backoff_ms(account);
    }
    return -1;
}

static void log_failure(const struct kandy_account *account, const struct kandy_verdict *verdict)
{
    const struct log_tag *log = account->config.log;
    if (verdict->http) {
        log_error(log, "[ERROR] Subscription failed: %s", verdict->text);
        log_error(log, "[ERROR] Failed to connect to Kandy: %d", verdict->http);
    } else {
        log_error(log, "[ERROR] Socket error: %s", verdict->text);
        log_error(log, "[ERROR] Failed to connect to Kandy: %s", verdict->text);
    }
}

void kandy_account_fail(struct kandy_account *account, const struct kandy_verdict *verdict)
{
    enum kandy_state state;
    char text[320];
    if (account->dialect == &kandy_seed && !account->config.dialect &&
        kandy_verdict_is_elsewhere(verdict)) {
        log_info(account->config.log, "no seed API there (%d): Kandy Link is tried", verdict->http);
        account->dialect = &kandy_link;
        kandy_account_connect(account);
        return;
    }
    log_failure(account, verdict);
    int64_t again_ms = judge(account, verdict, &state);
    snprintf(text, sizeof text, "%s%s%s", verdict->text, verdict->words ? ": " : "",
             verdict->words ? verdict->words : "");
    account->renewing = false;
    if (again_ms >= 0)
        loop_timer_start(account->config.loop, &account->retry, again_ms, kandy_account_connect,
                         account);
    /* a renewal that failed for a while takes nothing from what still works */
    if (!account->is_open || state != KANDY_WAITING)
        kandy_account_set_state(account, state, text);
}
