#include "net/dns_hosts.h"

static bool is_localhost(struct slice name)
{
    return slice_iis(name, "localhost") ||
           (name.len > 10 && slice_iis(slice_from(name, name.len - 10), ".localhost"));
}

/* "127.0.0.1  localhost loopback" */
static bool names_it(struct slice names, struct slice name)
{
    for (struct slice word; (word = slice_word(&names)).len;)
        if (slice_ieq(word, name))
            return true;
    return false;
}

size_t dns_hosts_find(struct slice text, struct slice name, struct addr *out, size_t max)
{
    size_t n = 0;
    if (name.len && name.ptr[name.len - 1] == '.')
        name.len--;
    while (text.len && n < max) {
        struct slice line = slice_line(&text);
        line = slice_cut(&line, '#');
        struct slice ip = slice_word(&line);
        if (names_it(line, name) && addr_parse_ip(ip, 0, &out[n]) == OK)
            n++;
    }
    if (!n && max >= 2 && is_localhost(name)) {
        out[n++] = addr_loopback4(0);
        out[n] = (struct addr){ .in6 = { .sin6_family = AF_INET6 } };
        out[n++].in6.sin6_addr = in6addr_loopback;
    }
    return n;
}
