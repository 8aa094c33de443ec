#pragma once
/* What the files that load a configuration share. Any thread. */

#include "base/yaml.h"
#include "config/config.h"
#include "config/env_file.h"
#include "config/options.h"

struct load {
    const struct config_input *input;
    struct config *config;
    struct fault *fault;
    const char *env_name; /* ".env" as it was named */
    struct env_file *env; /* NULL: there is none */
    const char *yaml_name;
    struct yaml_doc *yaml; /* NULL: there is none */
    int *route_lines;      /* of config->routes */
};

/** config.c */
void config_say(struct config_list *list, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** As config_load() with the text of tandem.yaml given, and no other file. */
MUST_CHECK enum err config_load_text(struct config **out, const struct config_input *input,
                                     struct slice yaml, const char *name, struct fault *fault);
/** A variable of the real environment, or NULL. */
const char *config_environ(const struct load *load, struct slice name);
/** For ${NAME} in tandem.yaml: the environment, then .env; the entry counts as used. */
const char *config_lookup(void *load, struct slice name);
/** The most similar of `names[0..n)`, or NULL when nothing is. NULL names are skipped. */
const char *config_similar(struct slice name, const char *const *names, size_t n);

/** Is that a name for one more of this section, which has `n`? */
MUST_CHECK enum err config_check_name(struct load *load, const char *section, const char *name,
                                      int line, size_t n, size_t max);
/** config_yaml.c: apply the document. */
MUST_CHECK enum err config_apply_yaml(struct load *load);
/** A new trunk with defaults, at the end of the list. ERR_LIMIT, ERR_INVALID (name). */
struct config_trunk *config_add_trunk(struct config *config, struct slice name);
void config_apply_preset(struct config_trunk *trunk, struct slice provider);

/** config_env.c: apply variables of both kinds, and look for misspelt ones. */
MUST_CHECK enum err config_apply_env(struct load *load);
MUST_CHECK enum err config_check_variables(struct load *load);

/** config_check.c: what spans several options; fills in what depends on others. */
MUST_CHECK enum err config_finish(struct load *load);
