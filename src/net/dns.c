#include "net/dns.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <string.h>
#include <uv.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/list.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/num.h"
#include "net/dns_cache.h"
#include "net/dns_hosts.h"
#include "net/dns_message.h"
#include "net/dns_order.h"

enum { TRIES = 3, LOOKUPS_MAX = 2 };

struct dns {
    struct loop *loop;
    ares_channel channel;
    struct timer timer; /* when c-ares wants to look at its own time-outs */
    struct list queries, watches;
    struct dns_cache *cache;
    char *hosts_file;
    struct slice hosts; /* its text */
    int timeout_ms;
};

struct lookup { /* one question to c-ares; outlives its query when that is cancelled */
    struct dns *dns;
    struct dns_query *query; /* NULL: nobody listens, but the cache learns */
    enum dns_type type;
    char name[DNS_NAME];
};

struct dns_query {
    struct list link;
    struct dns *dns;
    dns_fn fn;
    void *owner;
    struct timer timer; /* runs out, or delivers what is known already */
    struct lookup *lookups[LOOKUPS_MAX];
    size_t pending;
    enum err err; /* the first failure */
    struct dns_record *records;
    size_t n;
    char name[DNS_NAME];
};

struct watch { /* a socket of c-ares' in the loop */
    struct list link;
    struct dns *dns;
    ares_socket_t fd;
    uv_poll_t poll;
};

static void update_timer(struct dns *dns);

static void on_timer(void *owner)
{
    struct dns *dns = owner;
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    update_timer(dns);
}

static void update_timer(struct dns *dns)
{
    struct timeval wait, *set = ares_timeout(dns->channel, NULL, &wait);
    if (!set)
        loop_timer_stop(dns->loop, &dns->timer);
    else
        loop_timer_start(dns->loop, &dns->timer, set->tv_sec * 1000 + set->tv_usec / 1000 + 1,
                         on_timer, dns);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    const struct watch *watch = poll->data;
    struct dns *dns = watch->dns;
    ares_socket_t fd = watch->fd; /* the watch may close in the next line */
    bool in = status < 0 || events & UV_READABLE, out = status < 0 || events & UV_WRITABLE;
    ares_process_fd(dns->channel, in ? fd : ARES_SOCKET_BAD, out ? fd : ARES_SOCKET_BAD);
    update_timer(dns);
}

static void on_watch_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void close_watch(struct watch *watch)
{
    list_remove(&watch->link);
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static struct watch *find_watch(struct dns *dns, ares_socket_t fd)
{
    LIST_EACH(link, &dns->watches)
    {
        struct watch *watch = LIST_ITEM(link, struct watch, link);
        if (watch->fd == fd)
            return watch;
    }
    return NULL;
}

static void on_socket(void *owner, ares_socket_t fd, int readable, int writable)
{
    struct dns *dns = owner;
    struct watch *watch = find_watch(dns, fd);
    if (!readable && !writable) {
        if (watch)
            close_watch(watch);
        return;
    }
    if (!watch) {
        watch = mem_new(struct watch);
        watch->dns = dns;
        watch->fd = fd;
        watch->poll.data = watch;
        if (uv_poll_init(loop_uv(dns->loop), &watch->poll, fd)) {
            mem_free(watch); /* the query then runs into its time-out */
            return;
        }
        list_append(&dns->watches, &watch->link);
    }
    uv_poll_start(&watch->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
                  on_ready);
}

static enum err set_servers(struct dns *dns, const struct dns_config *config)
{
    char mem[DNS_MAX_SERVERS * ADDR_TEXT], one[ADDR_TEXT];
    struct buf list = BUF_ON(mem);
    for (size_t i = 0; i < config->n_servers; i++)
        buf_printf(&list, "%s%s", i ? "," : "", addr_print(&config->servers[i], one));
    if (!config->n_servers)
        return OK;
    return ares_set_servers_ports_csv(dns->channel, buf_cstr(&list)) ? ERR_INVALID : OK;
}

static void read_hosts(struct dns *dns)
{
    mem_free((void *)(uintptr_t)dns->hosts.ptr); /* ours, from file_read() */
    dns->hosts = SLICE_NONE;
    if (file_read(dns->hosts_file, DNS_HOSTS_MAX_BYTES, &dns->hosts, NULL))
        dns->hosts = SLICE_NONE; /* many systems have none */
}

enum err dns_create(struct dns **out, struct loop *loop, const struct dns_config *config)
{
    static const struct dns_config defaults = { 0 };
    config = config ? config : &defaults;
    struct dns *dns = mem_new(struct dns);
    dns->loop = loop;
    dns->timeout_ms = config->timeout_ms ? config->timeout_ms : DNS_TIMEOUT_MS;
    list_init(&dns->queries);
    list_init(&dns->watches);
    dns->cache = dns_cache_create(DNS_CACHE_ENTRIES);
    dns->hosts_file = slice_dup(slice_of(config->hosts_file ? config->hosts_file : "/etc/hosts"));
    read_hosts(dns);
    struct ares_options options = {
        .timeout = dns->timeout_ms / (TRIES + 1), /* it doubles from round to round */
        .tries = TRIES,
        .sock_state_cb = on_socket,
        .sock_state_cb_data = dns,
    };
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    enum err err = ERR_IO;
    if (ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS &&
        ares_init_options(&dns->channel, &options, mask) == ARES_SUCCESS)
        err = set_servers(dns, config);
    if (err) {
        dns_destroy(dns);
        return err;
    }
    *out = dns;
    return OK;
}

static void free_query(struct dns_query *query)
{
    loop_timer_stop(query->dns->loop, &query->timer);
    list_remove(&query->link);
    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        if (query->lookups[i])
            query->lookups[i]->query = NULL;
    mem_free(query->records);
    mem_free(query);
}

void dns_cancel(struct dns_query *query)
{
    free_query(query);
}

void dns_flush(struct dns *dns)
{
    dns_cache_clear(dns->cache);
    read_hosts(dns);
}

void dns_destroy(struct dns *dns)
{
    if (!dns)
        return;
    LIST_EACH(link, &dns->queries)
    free_query(LIST_ITEM(link, struct dns_query, link));
    if (dns->channel)
        ares_destroy(dns->channel); /* ends every lookup */
    LIST_EACH(watch_link, &dns->watches)
    close_watch(LIST_ITEM(watch_link, struct watch, link));
    loop_timer_stop(dns->loop, &dns->timer);
    ares_library_cleanup();
    dns_cache_destroy(dns->cache);
    mem_free((void *)(uintptr_t)dns->hosts.ptr);
    mem_free(dns->hosts_file);
    mem_free(dns);
}

static const char *explain(enum err err, const char *name, char text[DNS_TEXT])
{
    static const char *const words[ERR_COUNT] = {
        [ERR_NOT_FOUND] = "no such name or record",
        [ERR_TIMEOUT] = "no answer from the name server",
        [ERR_REFUSED] = "the name server failed or refused",
        [ERR_INVALID] = "not a host name",
        [ERR_PARSE] = "a malformed answer",
    };
    snprintf(text, DNS_TEXT, "%s: %.180s", words[err] ? words[err] : "lookup failed", name);
    return err ? text : "";
}

static void deliver(void *owner)
{
    struct dns_query *query = owner;
    char text[DNS_TEXT];
    dns_order(query->records, query->n);
    struct dns_answer answer = { .err = query->n ? OK : query->err };
    answer.text = explain(answer.err, query->name, text);
    answer.records = query->records;
    answer.n_records = query->n;
    dns_fn fn = query->fn;
    void *to = query->owner;
    struct dns_record *records = query->records;
    query->records = NULL;
    free_query(query);
    fn(to, &answer);
    mem_free(records);
}

static void on_out_of_time(void *owner)
{
    struct dns_query *query = owner;
    query->err = ERR_TIMEOUT; /* what came of the other family still counts */
    deliver(query);
}

static void add_records(struct dns_query *query, const struct dns_record *records, size_t n)
{
    size_t room = DNS_MAX_RECORDS - query->n;
    n = n < room ? n : room;
    if (!n)
        return;
    query->records = mem_resize(query->records, (query->n + n) * sizeof *records);
    memcpy(query->records + query->n, records, n * sizeof *records);
    query->n += n;
}

static void learn(struct dns_query *query, enum err err, const struct dns_record *records, size_t n)
{
    add_records(query, records, n);
    if (err && (!query->err || query->err == ERR_NOT_FOUND))
        query->err = err; /* a failure says more than an absence */
}

static const struct {
    int status;
    enum err err;
} meanings[] = {
    { ARES_SUCCESS, OK },
    { ARES_ENODATA, ERR_NOT_FOUND },
    { ARES_ENOTFOUND, ERR_NOT_FOUND },
    { ARES_ETIMEOUT, ERR_TIMEOUT },
    { ARES_EBADNAME, ERR_INVALID },
    { ARES_EREFUSED, ERR_REFUSED },
    { ARES_ESERVFAIL, ERR_REFUSED },
    { ARES_ECONNREFUSED, ERR_REFUSED },
    { ARES_EFORMERR, ERR_REFUSED },
    { ARES_ENOTIMP, ERR_REFUSED },
    { ARES_EBADRESP, ERR_PARSE },
};

static enum err meaning_of(int status)
{
    for (size_t i = 0; i < COUNT_OF(meanings); i++)
        if (meanings[i].status == status)
            return meanings[i].err;
    return ERR_IO;
}

static void detach(struct dns_query *query, const struct lookup *lookup)
{
    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        if (query->lookups[i] == lookup)
            query->lookups[i] = NULL;
    query->pending--;
}

static void on_answer(void *owner, int status, int timeouts, unsigned char *bytes, int len)
{
    struct lookup *lookup = owner;
    struct dns *dns = lookup->dns;
    struct dns_query *query = lookup->query;
    struct dns_record records[DNS_MAX_RECORDS];
    size_t n = 0;
    (void)timeouts;
    enum err err = meaning_of(status);
    if (!err) {
        n = COUNT_OF(records);
        err = dns_message_parse(slice_make(bytes, (size_t)len), lookup->type, records, &n);
        n = err ? 0 : n;
        if (!err && !n)
            err = ERR_NOT_FOUND; /* only aliases */
    }
    if (status != ARES_EDESTRUCTION && (n || err == ERR_NOT_FOUND))
        dns_cache_put(dns->cache, lookup->type, slice_of(lookup->name), err, records, n,
                      loop_now_ms(dns->loop));
    if (query) {
        learn(query, err, records, n);
        detach(query, lookup);
        if (!query->pending) /* not from here: c-ares may be inside of dns_find_records() */
            loop_timer_start(dns->loop, &query->timer, 0, deliver, query);
    }
    mem_free(lookup);
}

/* Ask the cache, then c-ares. */
static void ask(struct dns_query *query, enum dns_type type)
{
    struct dns *dns = query->dns;
    struct dns_record known[DNS_MAX_RECORDS];
    size_t n = COUNT_OF(known);
    enum err err =
        dns_cache_find(dns->cache, type, slice_of(query->name), known, &n, loop_now_ms(dns->loop));
    if (err != ERR_AGAIN) {
        learn(query, err, known, err ? 0 : n);
        return;
    }
    struct lookup *lookup = mem_new(struct lookup);
    lookup->dns = dns;
    lookup->query = query;
    lookup->type = type;
    slice_copy(slice_of(query->name), lookup->name, sizeof lookup->name);
    query->lookups[query->lookups[0] ? 1 : 0] = lookup;
    query->pending++;
    int number = (int)dns_message_type(type); /* two digits */
    if (type == DNS_A || type == DNS_AAAA)    /* hosts may be short: the search list applies */
        ares_search(dns->channel, query->name, ns_c_in, number, on_answer, lookup);
    else
        ares_query(dns->channel, query->name, ns_c_in, number, on_answer, lookup);
}

static struct dns_query *begin(struct dns *dns, struct slice name, dns_fn fn, void *owner)
{
    struct dns_query *query = mem_new(struct dns_query);
    query->dns = dns;
    query->fn = fn;
    query->owner = owner;
    list_append(&dns->queries, &query->link);
    if (!slice_copy(name, query->name, sizeof query->name) || !name.len)
        query->err = ERR_INVALID;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] <= ' ' || (unsigned char)name.ptr[i] >= 0x7f)
            query->err = ERR_INVALID;
    return query;
}

/* Wait for what was asked, or tell in the next turn what is known. */
static void wait_for_it(struct dns_query *query)
{
    struct dns *dns = query->dns;
    if (timer_is_running(&query->timer))
        return; /* answered already */
    if (query->pending)
        loop_timer_start(dns->loop, &query->timer, dns->timeout_ms, on_out_of_time, query);
    else
        loop_timer_start(dns->loop, &query->timer, 0, deliver, query);
    update_timer(dns);
}

struct dns_query *dns_find_records(struct dns *dns, enum dns_type type, struct slice name,
                                   dns_fn fn, void *owner)
{
    struct dns_query *query = begin(dns, name, fn, owner);
    if (!query->err)
        ask(query, type);
    wait_for_it(query);
    return query;
}

static bool wants(enum dns_family family, const struct addr *addr)
{
    return family == DNS_ANY || addr_is_v6(addr) == (family == DNS_IPV6);
}

/* What needs no DNS: numbers and the hosts file. */
static bool is_local(struct dns_query *query, struct slice host, enum dns_family family)
{
    struct addr found[DNS_MAX_RECORDS];
    size_t n = 1;
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = slice_sub(host, 1, host.len - 2);
    if (addr_parse_ip(host, 0, &found[0]))
        n = dns_hosts_find(query->dns->hosts, host, found, COUNT_OF(found));
    for (size_t i = 0; i < n; i++) {
        struct dns_record record = { .type = addr_is_v6(&found[i]) ? DNS_AAAA : DNS_A,
                                     .ttl_s = DNS_TTL_MAX_S,
                                     .addr = found[i] };
        if (wants(family, &found[i]))
            add_records(query, &record, 1);
    }
    if (n && !query->n)
        query->err = ERR_NOT_FOUND;
    return n > 0;
}

struct dns_query *dns_resolve_host(struct dns *dns, struct slice host, enum dns_family family,
                                   dns_fn fn, void *owner)
{
    struct dns_query *query = begin(dns, host, fn, owner);
    if (!query->err && !is_local(query, host, family)) {
        if (family != DNS_IPV6)
            ask(query, DNS_A);
        if (family != DNS_IPV4)
            ask(query, DNS_AAAA);
    }
    wait_for_it(query);
    return query;
}
