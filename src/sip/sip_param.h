#pragma once
/* Generic parameters, `;name=value;flag;name="quoted"`, and the character classes under them: RFC
 * 3261 §25.1. Any thread; owns nothing; everything is a slice of the input. */

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

struct sip_param {
    struct slice name;
    struct slice value; /* without its quotes; escapes inside are kept */
    bool has_value;
    bool quoted;
};

/**
 * The next one of `;a=b ; c`, white space around `;` and `=` allowed; the leading `;` may be
 * missing. ERR_NOT_FOUND at the end, ERR_PARSE when what follows is no parameter (as in ";;").
 */
MUST_CHECK enum err sip_param_next(struct slice *rest, struct sip_param *out);
/** Whether `params` has `name` (any case), and its value ("" for a flag); `value` may be NULL. */
bool sip_param_find(struct slice params, const char *name, struct slice *value);
/** OK when every parameter is well-formed. Repeated ones are left alone: the first counts. */
MUST_CHECK enum err sip_params_check(struct slice params);

/** `;name=value`, quoted again if it was. */
void sip_param_print(const struct sip_param *param, struct buf *out);

/** token of §25.1: one or more alphanumerics or -.!%*_+`'~ */
bool sip_is_token(struct slice s);
bool sip_is_token_char(char c);
/** Length of the quoted string at the front, quotes included; 0 when there is none or no end. */
size_t sip_quoted_len(struct slice s);
/** Quotes and escapes added around `text`: for display names and quoted values. */
void sip_print_quoted(struct buf *out, struct slice text);
/** What a quoted string's inside means: `\x` becomes `x`. */
void sip_print_unescaped(struct buf *out, struct slice inside);
/** The next value of a comma-separated list, commas in quotes and <> left alone; trimmed. False at
 * the end. An empty value between commas is skipped. */
bool sip_list_next(struct slice *rest, struct slice *out);
