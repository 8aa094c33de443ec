/* Renewing before anything expires: subscriptions, and the tokens that some of them stand on. */
#include "base/loop.h"
#include "base/num.h"
#include "base/rand.h"
#include "legs/kandy/kandy_account_priv.h"

enum {
    SEED_RENEW_PERCENT = 80, /* section 1.1 */
    TOKEN_AHEAD_MS = 300000, /* section 5 */
    OVERLOADS_MAX = 3,       /* section 4.2 */
};

static void on_refreshed(void *owner, const struct kandy_reply *reply);
static void on_token_refreshed(void *owner, const struct kandy_reply *reply);

static void renew(void *owner)
{
    struct kandy_account *account = owner;
    account->renewals++;
    if (account->dialect->calls_by_rest) {
        kandy_account_ask(account, KANDY_OP_REFRESH, on_refreshed);
    } else if (!secret_empty(&account->granted.refresh_token)) {
        kandy_account_ask(account, KANDY_OP_TOKEN_REFRESH, on_token_refreshed);
    } else {
        kandy_account_connect(account);
    }
}

/* Link: expires / 2^attempt, at least 30 s, a little off (section 4.2). The seed: at 80 %. */
static void schedule_renewal(struct kandy_account *account, unsigned attempt)
{
    int64_t whole_ms = (int64_t)account->granted.expires_s * 1000;
    int64_t in_ms = whole_ms * SEED_RENEW_PERCENT / 100;
    if (account->dialect->calls_by_rest) {
        in_ms = num_max(whole_ms >> num_min(attempt, 20), KANDY_RENEW_MIN_MS);
        in_ms = in_ms * (80 + (int64_t)(rand_u32() % 41)) / 100;
        if (in_ms >= whole_ms) /* one so short must be renewed all the same */
            in_ms = whole_ms * SEED_RENEW_PERCENT / 100;
    }
    loop_timer_start(account->config.loop, &account->renew, in_ms, renew, account);
}

static void on_refreshed(void *owner, const struct kandy_reply *reply)
{
    struct kandy_account *account = owner;
    struct kandy_verdict verdict;
    account->exchange = NULL;
    kandy_account_judge(account, reply, &verdict);
    if (verdict.fault == KANDY_FINE) {
        (void)!kandy_granted_parse(&account->granted, reply->body); /* it need not say anything */
        log_info(account->config.log, "subscription renewed expires_s=%d",
                 account->granted.expires_s);
        account->renewals = 0;
        schedule_renewal(account, 1);
        return;
    }
    log_warn(account->config.log, "subscription not renewed: %s", verdict.text);
    bool is_refused = verdict.fault == KANDY_AUTH || verdict.fault == KANDY_LOCKED;
    if (is_refused && !account->dialect->has_token) { /* to subscribe would be the same guess */
        kandy_account_fail(account, &verdict);
        return;
    }
    bool lost = verdict.fault == KANDY_NO_SUBSCRIPTION || verdict.fault == KANDY_TOKEN_OVER ||
                verdict.fault == KANDY_AUTH || verdict.fault == KANDY_LOCKED;
    if (lost)
        kandy_account_renew(account, 0);
    else if (verdict.fault == KANDY_OVERLOAD && verdict.retry_ms >= 0 &&
             account->renewals <= OVERLOADS_MAX)
        loop_timer_start(account->config.loop, &account->renew, verdict.retry_ms, renew, account);
    else
        schedule_renewal(account, account->renewals + 1);
}

static void refresh_token(void *owner)
{
    kandy_account_ask(owner, KANDY_OP_TOKEN_REFRESH, on_token_refreshed);
}

/* Of uc: its token ends on its own, 300 s before that it is changed. */
void kandy_renew_token(struct kandy_account *account, int expires_s)
{
    int64_t whole_ms = (int64_t)expires_s * 1000;
    int64_t in_ms = whole_ms > 2 * TOKEN_AHEAD_MS ? whole_ms - TOKEN_AHEAD_MS : whole_ms / 2;
    loop_timer_start(account->config.loop, &account->token, in_ms, refresh_token, account);
}

static void on_token_refreshed(void *owner, const struct kandy_reply *reply)
{
    struct kandy_account *account = owner;
    struct kandy_verdict verdict;
    int expires_s = account->granted.expires_s;
    account->exchange = NULL;
    kandy_account_judge(account, reply, &verdict);
    if (verdict.fault != KANDY_FINE || kandy_granted_parse_token(&account->granted, reply->body)) {
        log_info(account->config.log, "token not refreshed: %s", verdict.text);
        kandy_account_connect(account);
        return;
    }
    log_debug(account->config.log, "token refreshed");
    if (account->dialect->has_token) {
        kandy_renew_token(account, account->granted.expires_s);
        account->granted.expires_s = expires_s; /* of the subscription */
    } else {
        schedule_renewal(account, 1);
    }
}

void kandy_renew_start(struct kandy_account *account)
{
    schedule_renewal(account, 1);
}

void kandy_renew_now(struct kandy_account *account)
{
    if (account->is_open && !account->renewing)
        loop_timer_start(account->config.loop, &account->renew, 0, renew, account);
}

void kandy_account_renew(struct kandy_account *account, int64_t in_ms)
{
    loop_timer_stop(account->config.loop, &account->renew);
    loop_timer_start(account->config.loop, &account->retry, in_ms, kandy_account_connect, account);
}
