/* Expressions to a tree, by precedence (ECMA-262 §13). What is a statement elsewhere is refused in
 * words. */
#include <string.h>

#include "base/num.h"
#include "script/js_ast.h"
#include "script/js_lex.h"

enum { PARAMS_MAX = 16 };

struct parser {
    struct js *js;
    struct js_lexer lexer;
    unsigned depth;
};

static const struct js_node *expression(struct parser *p);
static const struct js_node *unary(struct parser *p);

static struct js_node *make(struct parser *p, enum js_node_kind kind)
{
    struct js_node *node = js_alloc(p->js, sizeof *node);
    *node = (struct js_node){ .kind = kind };
    return node;
}

static bool is(const struct parser *p, const char *sign)
{
    return js_lexer_is(&p->lexer, sign);
}

static bool take(struct parser *p, const char *sign)
{
    bool found = is(p, sign);
    if (found)
        js_lexer_next(&p->lexer);
    return found;
}

static void need(struct parser *p, const char *sign)
{
    char words[16] = "'";
    if (take(p, sign))
        return;
    memcpy(words + 1, sign, strlen(sign) + 1);
    memcpy(words + 1 + strlen(sign), "'", 2);
    js_lexer_fail(&p->lexer, words);
}

static struct slice need_name(struct parser *p)
{
    struct slice name = p->lexer.now.text;
    if (p->lexer.now.kind != JS_NAME_TOKEN)
        js_lexer_fail(&p->lexer, "a name");
    js_lexer_next(&p->lexer);
    return name;
}

static void append(struct parser *p, struct js_node *to, const struct js_node *item)
{
    if (!(to->n & (to->n - 1))) { /* room for a power of two */
        const struct js_node **list = js_alloc(p->js, (to->n ? to->n * 2 : 1) * sizeof *list);
        if (to->n)
            memcpy(list, to->list, to->n * sizeof *list);
        to->list = list;
    }
    to->list[to->n++] = item;
}

static const struct js_node *constant(struct parser *p, struct js_value value)
{
    struct js_node *node = make(p, JS_CONST);
    node->value = value;
    return node;
}

static const struct js_node *item(struct parser *p)
{
    if (!take(p, "..."))
        return expression(p);
    struct js_node *node = make(p, JS_SPREAD);
    node->a = expression(p);
    return node;
}

static void items(struct parser *p, struct js_node *to, const char *end)
{
    while (!is(p, end)) {
        append(p, to, item(p));
        if (!take(p, ","))
            break;
    }
    need(p, end);
}

static void object_key(struct parser *p, struct js_node *to)
{
    struct js_token key = p->lexer.now;
    bool is_name = key.kind == JS_NAME_TOKEN;
    if (take(p, "[")) {
        append(p, to, expression(p));
        need(p, "]");
    } else if (is_name || key.kind == JS_TEXT_TOKEN || key.kind == JS_NUMBER_TOKEN) {
        js_lexer_next(&p->lexer);
        append(p, to, constant(p, js_slice(key.text)));
    } else {
        js_lexer_fail(&p->lexer, "a key");
    }
    if (is_name && (is(p, ",") || is(p, "}"))) { /* {a} is {a: a} */
        struct js_node *name = make(p, JS_NAME);
        name->name = key.text;
        append(p, to, name);
        return;
    }
    need(p, ":");
    append(p, to, expression(p));
}

static const struct js_node *object(struct parser *p)
{
    struct js_node *node = make(p, JS_OBJECT);
    while (!is(p, "}")) {
        if (is(p, "..."))
            append(p, node, item(p));
        else
            object_key(p, node);
        if (!take(p, ","))
            break;
    }
    need(p, "}");
    return node;
}

/* `now` is the opening quote */
static const struct js_node *template(struct parser *p)
{
    struct js_node *node = make(p, JS_TEMPLATE);
    size_t at = p->lexer.now.end;
    for (;;) {
        append(p, node, constant(p, js_slice(js_lexer_chunk(&p->lexer, &at))));
        if (p->lexer.source.ptr[at] == '`')
            break;
        js_lexer_seek(&p->lexer, at + 2);
        append(p, node, expression(p));
        if (!is(p, "}"))
            js_lexer_fail(&p->lexer, "'}'");
        at = p->lexer.now.end;
    }
    js_lexer_seek(&p->lexer, at + 1);
    return node;
}

/* The names before `=>`, or false and the parser where it was. */
static bool arrow_names(struct parser *p, struct js_node *node)
{
    struct js_lexer saved = p->lexer;
    struct slice names[PARAMS_MAX];
    if (p->lexer.now.kind == JS_NAME_TOKEN) {
        names[node->n++] = need_name(p);
    } else if (take(p, "(")) {
        while (p->lexer.now.kind == JS_NAME_TOKEN && node->n < PARAMS_MAX) {
            names[node->n++] = need_name(p);
            if (!take(p, ","))
                break;
        }
        if (!take(p, ")"))
            goto no;
    } else {
        goto no;
    }
    if (!take(p, "=>"))
        goto no;
    node->names = js_alloc(p->js, PARAMS_MAX * sizeof *node->names);
    memcpy(node->names, names, node->n * sizeof *names);
    return true;
no:
    p->lexer = saved;
    return false;
}

/* x => value, (a, b) => { return value } */
static const struct js_node *arrow(struct parser *p)
{
    struct js_node *node = make(p, JS_FUNCTION);
    if (!arrow_names(p, node))
        return NULL;
    if (!take(p, "{")) {
        node->a = expression(p);
        return node;
    }
    if (!take(p, "return"))
        js_throw(p->js, ERR_UNSUPPORTED, "a function here is one value: x => x + 1");
    node->a = expression(p);
    take(p, ";");
    need(p, "}");
    return node;
}

static const struct js_node *named(struct parser *p, struct slice name)
{
    static const char *const statements[] = { "function", "async", "await", "class",  "var",
                                              "let",      "const", "if",    "for",    "while",
                                              "do",       "throw", "yield", "return", "delete" };
    for (size_t i = 0; i < COUNT_OF(statements); i++)
        if (slice_is(name, statements[i]))
            js_throw(p->js, ERR_UNSUPPORTED, "'%s' is not for expressions", statements[i]);
    if (slice_is(name, "true") || slice_is(name, "false"))
        return constant(p, js_bool(slice_is(name, "true")));
    if (slice_is(name, "null"))
        return constant(p, (struct js_value){ .kind = JS_NULL });
    struct js_node *node = make(p, JS_NAME);
    node->name = name;
    return node;
}

static const struct js_node *construct(struct parser *p)
{
    struct js_node *node = make(p, JS_NEW), *name = make(p, JS_NAME);
    name->name = need_name(p);
    node->a = name;
    if (take(p, "("))
        items(p, node, ")");
    return node;
}

static const struct js_node *primary(struct parser *p)
{
    struct js_token now = p->lexer.now;
    if (is(p, "/") || is(p, "/="))
        return constant(p, js_lexer_regex(&p->lexer));
    if (is(p, "`"))
        return template(p);
    js_lexer_next(&p->lexer);
    if (now.kind == JS_NUMBER_TOKEN)
        return constant(p, js_number(now.number));
    if (now.kind == JS_TEXT_TOKEN)
        return constant(p, js_slice(now.text));
    if (now.kind == JS_NAME_TOKEN)
        return slice_is(now.text, "new") ? construct(p) : named(p, now.text);
    const struct js_node *node = NULL;
    struct js_node *list = make(p, JS_ARRAY);
    if (slice_is(now.text, "(")) {
        node = expression(p);
        need(p, ")");
    } else if (slice_is(now.text, "[")) {
        items(p, list, "]");
        node = list;
    } else if (slice_is(now.text, "{")) {
        node = object(p);
    } else {
        p->lexer.now = now;
        js_lexer_fail(&p->lexer, "a value");
    }
    return node;
}

static const struct js_node *postfix(struct parser *p)
{
    const struct js_node *left = primary(p);
    for (;;) {
        bool optional = take(p, "?.");
        struct js_node *node;
        if (take(p, "(")) {
            node = make(p, JS_CALL);
            items(p, node, ")");
        } else if (take(p, "[")) {
            node = make(p, JS_INDEX);
            node->b = expression(p);
            need(p, "]");
        } else if (optional || take(p, ".")) {
            node = make(p, JS_MEMBER);
            node->name = need_name(p);
        } else {
            return left;
        }
        js_step(p->js, 1);
        node->optional = optional;
        node->a = left;
        left = node;
    }
}

static const struct {
    const char *sign;
    enum js_op op;
} prefixes[] = {
    { "!", JS_OP_NOT },   { "~", JS_OP_BIT_NOT },     { "+", JS_OP_PLUS },
    { "-", JS_OP_MINUS }, { "typeof", JS_OP_TYPEOF }, { "void", JS_OP_VOID },
};

static void enter(struct parser *p)
{
    if (++p->depth > JS_DEPTH_MAX)
        js_throw(p->js, ERR_LIMIT, "the expression is nested too deep");
}

static const struct js_node *unary(struct parser *p)
{
    if (is(p, "++") || is(p, "--"))
        js_throw(p->js, ERR_UNSUPPORTED, "an expression changes nothing: use the set method");
    for (size_t i = 0; i < COUNT_OF(prefixes); i++)
        if (take(p, prefixes[i].sign)) {
            struct js_node *node = make(p, JS_UNARY);
            enter(p);
            node->op = prefixes[i].op;
            node->a = unary(p);
            p->depth--;
            return node;
        }
    return postfix(p);
}

/* Binds tighter the higher; && || ?? are JS_LOGIC. */
static const struct {
    const char *sign;
    enum js_op op;
    unsigned level;
} infixes[] = {
    { "??", JS_OP_NULLISH, 1 },
    { "||", JS_OP_OR, 1 },
    { "&&", JS_OP_AND, 2 },
    { "|", JS_OP_BIT_OR, 3 },
    { "^", JS_OP_BIT_XOR, 4 },
    { "&", JS_OP_BIT_AND, 5 },
    { "===", JS_OP_SAME, 6 },
    { "!==", JS_OP_NOT_SAME, 6 },
    { "==", JS_OP_EQUAL, 6 },
    { "!=", JS_OP_NOT_EQUAL, 6 },
    { "<=", JS_OP_LESS_EQUAL, 7 },
    { ">=", JS_OP_MORE_EQUAL, 7 },
    { "<", JS_OP_LESS, 7 },
    { ">", JS_OP_MORE, 7 },
    { "in", JS_OP_IN, 7 },
    { "<<", JS_OP_SHIFT_LEFT, 8 },
    { ">>>", JS_OP_SHIFT_RIGHT_ZERO, 8 },
    { ">>", JS_OP_SHIFT_RIGHT, 8 },
    { "+", JS_OP_ADD, 9 },
    { "-", JS_OP_SUBTRACT, 9 },
    { "*", JS_OP_MULTIPLY, 10 },
    { "/", JS_OP_DIVIDE, 10 },
    { "%", JS_OP_REMAINDER, 10 },
    { "**", JS_OP_POWER, 11 },
};
enum { LEVEL_POWER = 11, LEVEL_LOGIC = 2 };

static const struct js_node *binary(struct parser *p, unsigned level)
{
    const struct js_node *left = unary(p);
    for (;;) {
        size_t i = 0;
        while (i < COUNT_OF(infixes) && !(infixes[i].level >= level && is(p, infixes[i].sign)))
            i++;
        if (i == COUNT_OF(infixes))
            return left;
        js_lexer_next(&p->lexer);
        js_step(p->js, 1);
        struct js_node *node = make(p, infixes[i].level <= LEVEL_LOGIC ? JS_LOGIC : JS_BINARY);
        node->op = infixes[i].op;
        node->a = left;
        enter(p); /* ** binds to the right */
        node->b = binary(p, infixes[i].level + (infixes[i].level != LEVEL_POWER));
        p->depth--;
        left = node;
    }
}

static const struct js_node *expression(struct parser *p)
{
    static const char *const assigns[] = { "=",   "+=",   "-=", "*=", "/=", "%=",  "**=", "<<=",
                                           ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||=", "?\?=" };
    enter(p);
    const struct js_node *node = arrow(p);
    if (!node) {
        node = binary(p, 1);
        if (take(p, "?")) {
            struct js_node *choice = make(p, JS_CHOICE);
            choice->a = node;
            choice->b = expression(p);
            need(p, ":");
            choice->c = expression(p);
            node = choice;
        }
    }
    for (size_t i = 0; i < COUNT_OF(assigns); i++)
        if (is(p, assigns[i]))
            js_throw(p->js, ERR_UNSUPPORTED, "an expression changes nothing: use the set method");
    p->depth--;
    return node;
}

const struct js_node *js_parse(struct js *js, struct slice source)
{
    struct parser p = { .js = js };
    js_lexer_init(&p.lexer, js, source);
    const struct js_node *node = expression(&p);
    take(&p, ";");
    if (p.lexer.now.kind != JS_END)
        js_lexer_fail(&p.lexer, "the end");
    return node;
}
