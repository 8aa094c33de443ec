/* What no single option can see, and the values that follow from others. */
#include "base/mem.h"
#include "base/num.h"
#include "config_priv.h"

enum { STATE_MAX = 1024 };

static void set_text(char **at, const char *text)
{
    char *copy = slice_dup(slice_of(text));
    mem_free(*at);
    *at = copy;
}

/* An explicit empty state (--state "") is as good as none. */
static enum err finish_state(struct load *load)
{
    char path[STATE_MAX];
    if (load->config->state_dir[0])
        return OK;
    if (!config_state_dir(NULL, load->input->environ, path, sizeof path))
        return fault_set(load->fault, ERR_INVALID, "state", 0,
                         "no place for the state: give --state DIR, or set TANDEM_STATE or HOME");
    set_text(&load->config->state_dir, path);
    return OK;
}

static bool is_default_password(struct slice password)
{
    static const char *const bad[] = { "password", "changeme", "change-me", "secret",
                                       "cymru",    "1234",     "admin",     "default" };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (slice_iis(password, bad[i]))
            return true;
    return false;
}

static void warn_password(struct config *config, const char *what, const char *name,
                          const struct secret *password)
{
    if (secret_empty(password))
        return;
    if (is_default_password(secret_reveal(password)))
        config_say(&config->warnings,
                   "%s %s: its password is one that everybody tries first; change it", what, name);
    else if (password->len < CONFIG_WEAK_PASSWORD)
        config_say(&config->warnings, "%s %s: its password has fewer than %d characters", what,
                   name, CONFIG_WEAK_PASSWORD);
}

/* Without user or password it is not configured, which its row in `tandem trunks` says; the rest of
 * the gateway works. */
static enum err finish_kandy(struct load *load, struct config_trunk *trunk)
{
    if (trunk->client_id[0])
        config_say(&load->config->warnings,
                   "trunk %s: a client id is not needed: user name and password are all",
                   trunk->name);
    if (!trunk->auth_username[0])
        set_text(&trunk->auth_username, trunk->username);
    warn_password(load->config, "trunk", trunk->name, &trunk->password);
    return OK;
}

static enum err finish_trunk(struct load *load, struct config_trunk *trunk)
{
    if (!trunk->host[0])
        return fault_set(load->fault, ERR_INVALID, load->yaml_name ? load->yaml_name : "", 0,
                         "trunks.%s.host is missing: the SIP server of the provider", trunk->name);
    if (trunk->type == CONFIG_TRUNK_KANDY)
        return finish_kandy(load, trunk);
    if (trunk->sips && trunk->transport != CONFIG_TLS)
        return fault_set(load->fault, ERR_INVALID, load->yaml_name ? load->yaml_name : "", 0,
                         "trunks.%s.sips: sips: addresses need transport: tls", trunk->name);
    if (!trunk->domain[0])
        set_text(&trunk->domain, trunk->host);
    if (!trunk->auth_username[0])
        set_text(&trunk->auth_username, trunk->username);
    if (!trunk->called[0])
        set_text(&trunk->called, trunk->username);
    warn_password(load->config, "trunk", trunk->name, &trunk->password);
    return OK;
}

static enum err check_trunk_name(struct load *load, struct slice target, int line)
{
    struct slice rest = slice_from(target, SLICE("trunk:").len);
    struct slice name = slice_cut(&rest, '/');
    if (config_trunk_find(load->config, name))
        return OK;
    return fault_set(load->fault, ERR_NOT_FOUND, load->yaml_name, line,
                     "routes: there is no trunk \"%.*s\"", SLICE_ARG(name));
}

/* A name that nobody could have stored: neither a path nor a URL nor an id of the API. */
static enum err check_script_name(struct load *load, struct slice target, int line)
{
    enum { UUID_LEN = 36 };
    struct slice name = slice_from(target, SLICE("swml:").len);
    if (name.len == UUID_LEN || slice_index(name, '/') < name.len ||
        config_script_find(load->config, name))
        return OK;
    return fault_set(load->fault, ERR_NOT_FOUND, load->yaml_name, line,
                     "routes: there is no script \"%.*s\" in scripts:", SLICE_ARG(name));
}

static enum err check_route(struct load *load, const struct config_route *route, int line)
{
    if (route->to.n == 0)
        return fault_set(load->fault, ERR_INVALID, load->yaml_name, line,
                         "routes: to is missing: where such calls go");
    if (route->trunk[0] && !config_trunk_find(load->config, slice_of(route->trunk)))
        return fault_set(load->fault, ERR_NOT_FOUND, load->yaml_name, line,
                         "routes: there is no trunk \"%s\"", route->trunk);
    if (route->order == CONFIG_BY_WEIGHT && route->weights.n != route->to.n)
        return fault_set(load->fault, ERR_INVALID, load->yaml_name, line,
                         "routes: by_weight needs one of weights for each of to: %zu, not %zu",
                         route->to.n, route->weights.n);
    enum err err = OK;
    for (size_t i = 0; i < route->to.n && !err; i++) {
        struct slice target = slice_of(route->to.items[i]);
        if (slice_starts(target, SLICE("trunk:")))
            err = check_trunk_name(load, target, line);
        else if (slice_starts(target, SLICE("swml:")))
            err = check_script_name(load, target, line);
    }
    return err;
}

struct listener {
    const char *key;
    const struct config_binds *binds;
};

static bool same_place(const struct config_bind *a, const struct config_bind *b)
{
    return a->port != 0 && a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* The n-th bind of all listeners together, or NULL. */
static const struct config_bind *bind_at(const struct listener *listeners, size_t n_listeners,
                                         size_t n, const char **key)
{
    for (size_t i = 0; i < n_listeners; i++) {
        *key = listeners[i].key;
        if (n < listeners[i].binds->n)
            return &listeners[i].binds->items[n];
        n -= listeners[i].binds->n;
    }
    return NULL;
}

static enum err check_listeners(struct load *load)
{
    const struct config *c = load->config;
    const struct listener tcp[] = { { "listen.http", &c->http },
                                    { "listen.https", &c->https },
                                    { "listen.sip.tcp", &c->sip_tcp },
                                    { "listen.sip.tls", &c->sip_tls } };
    const char *key_a;
    const char *key_b;
    const struct config_bind *a;
    const struct config_bind *b;
    for (size_t i = 0; (a = bind_at(tcp, COUNT_OF(tcp), i, &key_a)) != NULL; i++)
        for (size_t k = i + 1; (b = bind_at(tcp, COUNT_OF(tcp), k, &key_b)) != NULL; k++)
            if (same_place(a, b))
                return fault_set(load->fault, ERR_EXISTS, key_b, 0,
                                 "%s port %d is taken by %s already", b->host, b->port, key_a);
    return OK;
}

static enum err check_media(struct load *load)
{
    const struct config *c = load->config;
    if (c->webrtc_port > 0 && c->webrtc_port >= c->rtp_ports.low &&
        c->webrtc_port <= c->rtp_ports.high)
        return fault_set(load->fault, ERR_INVALID, "media.webrtc_port", 0,
                         "%d lies within media.rtp_ports (%d-%d): take one outside of them",
                         c->webrtc_port, c->rtp_ports.low, c->rtp_ports.high);
    if (c->codecs.n == 0)
        return fault_set(load->fault, ERR_INVALID, "media.codecs", 0,
                         "expected at least one codec, such as PCMU");
    return OK;
}

static enum err check_tls(struct load *load)
{
    const struct config *c = load->config;
    if (!c->tls_cert[0] == !c->tls_key[0])
        return OK;
    return fault_set(load->fault, ERR_INVALID, c->tls_cert[0] ? "tls.key" : "tls.cert", 0,
                     "%s is missing: certificate and key belong together",
                     c->tls_cert[0] ? "TLS_KEY" : "TLS_CERT");
}

static enum err finish_names(struct load *load)
{
    struct config *c = load->config;
    enum err err = OK;
    for (size_t i = 0; i < c->n_trunks && !err; i++)
        err = finish_trunk(load, &c->trunks[i]);
    for (size_t i = 0; i < c->n_routes && !err; i++)
        err = check_route(load, &c->routes[i], load->route_lines[i]);
    for (size_t i = 0; i < c->n_users && !err; i++)
        warn_password(c, "user", c->users[i].name, &c->users[i].password);
    return err;
}

static enum err check_messages(struct load *load)
{
    const struct config *c = load->config;
    struct slice name = slice_of(c->message_to);
    slice_cut(&name, ':');
    if (slice_is(slice_of(c->message_to), "http") && !c->message_url[0])
        return fault_set(load->fault, ERR_INVALID, "messages.http.url", 0,
                         "messages.http.url is missing: messages.to is http");
    if (slice_is(slice_of(c->message_to), "smpp") && !c->smpp_host[0])
        return fault_set(load->fault, ERR_INVALID, "messages.smpp.host", 0,
                         "messages.smpp.host is missing: messages.to is smpp");
    if (name.len && !config_trunk_find(c, name))
        return fault_set(load->fault, ERR_NOT_FOUND, "messages.to", 0,
                         "messages.to: there is no trunk \"%.*s\"", SLICE_ARG(name));
    return OK;
}

enum err config_finish(struct load *load)
{
    static enum err (*const steps[])(struct load * load) = {
        finish_state, finish_names, check_listeners, check_media, check_tls, check_messages,
    };
    enum err err = OK;
    for (size_t i = 0; i < COUNT_OF(steps) && !err; i++)
        err = steps[i](load);
    if (!err && load->config->bridge_anonymous)
        config_say(&load->config->warnings, "bridge.anonymous is on: whoever reaches the bridge "
                                            "can call through your trunks");
    return err;
}
