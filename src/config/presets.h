#pragma once
/* Providers by name: what is known about them, so that a user gives account and password only.
 * Constant; any thread. */

#include "base/buf.h"
#include "config/config.h"

struct preset {
    const char *name;
    const char *host;   /* "": every account has its own */
    int port;           /* CONFIG_AUTO: by DNS or transport */
    const char *domain; /* "": the host */
    enum config_transport transport;
    enum config_auto register_mode;
    enum config_plus plus;
    const char *codecs; /* as the option; "": the global ones */
    const char *title;  /* as the provider writes itself */
    const char *help;   /* what to fill in */
};

/** An option that a provider's row has no column for. */
struct preset_value {
    const char *preset, *key, *value;
};
extern const struct preset_value preset_values[];
extern const size_t n_preset_values;

extern const struct preset presets[];
extern const size_t n_presets;
const struct preset *preset_find(struct slice name); /* any case */
/** Every provider with what to fill in, for `tandem help providers`. */
void presets_print(struct buf *out);
