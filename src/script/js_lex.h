#pragma once
/* Words of an expression (ECMA-262 §12), one at a time: a `/` is a division or begins a regular
 * expression, and only the parser knows which. */

#include "script/js_priv.h"

enum js_token_kind { JS_END, JS_NAME_TOKEN, JS_NUMBER_TOKEN, JS_TEXT_TOKEN, JS_SIGN };
struct js_token {
    enum js_token_kind kind;
    struct slice text; /* a name or sign as written; a text without quotes, escapes undone */
    double number;
    size_t at, end; /* in the source */
};
struct js_lexer {
    struct js *js;
    struct slice source;
    struct js_token now;
};

void js_lexer_init(struct js_lexer *lexer, struct js *js, struct slice source);
void js_lexer_next(struct js_lexer *lexer);
/** Go on reading at this byte. */
void js_lexer_seek(struct js_lexer *lexer, size_t at);
bool js_lexer_is(const struct js_lexer *lexer, const char *sign);
/** `now` is the `/` that begins it; `now` is behind it afterwards. */
struct js_value js_lexer_regex(struct js_lexer *lexer);
/** From `at` to the next "`" or "${", escapes undone; `*at` is moved to it. */
struct slice js_lexer_chunk(struct js_lexer *lexer, size_t *at);
_Noreturn void js_lexer_fail(struct js_lexer *lexer, const char *expected);
