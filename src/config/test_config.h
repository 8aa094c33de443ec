#pragma once
/* For tests of configurations: files in a directory of their own, and what comes of loading them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "config/config.h"

enum { ARGS_MAX = 16, TEXT_MAX = 900 };

static char dir[64], yaml_path[96], env_path[96], pem_path[96];

static inline int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tandem-config-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(yaml_path, sizeof yaml_path, "%s/tandem.yaml", dir);
    snprintf(env_path, sizeof env_path, "%s/.env", dir);
    snprintf(pem_path, sizeof pem_path, "%s/x.pem", dir);
    return chdir(dir); /* where there is no other tandem.yaml */
}

static inline int remove_dir(void **state)
{
    (void)state;
    unlink(yaml_path);
    unlink(env_path);
    unlink(pem_path);
    return chdir("/") || rmdir(dir);
}

static inline void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

struct given {
    const char *yaml, *env; /* NULL: no such file */
    const char *environ[ARGS_MAX];
    const char *args[ARGS_MAX];
};

/* The message, or "" with the configuration in `*out`. */
static inline const char *load(const struct given *given, struct config **out)
{
    static char text[TEXT_MAX];
    char *vars[ARGS_MAX + 2] = { (char *)(uintptr_t) "HOME=/home/me" };
    struct fault fault = { 0 };
    struct config_input input = { .environ = vars, .args = (char *const *)(uintptr_t)given->args };
    for (size_t i = 0; i < ARGS_MAX && given->environ[i]; i++)
        vars[i + 1] = (char *)(uintptr_t)given->environ[i];
    while (input.n_args < ARGS_MAX && given->args[input.n_args])
        input.n_args++;
    unlink(yaml_path);
    unlink(env_path);
    if (given->yaml)
        put_file(yaml_path, given->yaml);
    if (given->env)
        put_file(env_path, given->env);
    *out = NULL;
    text[0] = '\0';
    enum err err = config_load(out, &input, &fault);
    if (err)
        fault_print(&fault, text, sizeof text);
    assert_true((err == OK) == (text[0] == '\0'));
    return text;
}

static inline struct config *fine(const struct given *given)
{
    struct config *config;
    const char *text = load(given, &config);
    if (text[0])
        fail_msg("%s", text);
    return config;
}

static inline void refused(const struct given *given, const char *expected)
{
    struct config *config;
    const char *text = load(given, &config);
    if (!strstr(text, expected)) {
        config_destroy(config);
        fail_msg("expected \"%s\" in \"%s\"", expected, text);
    }
}
