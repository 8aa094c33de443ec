#pragma once
/* What the parser makes of an expression and the evaluator walks through. */

#include "script/js_priv.h"

enum js_node_kind {
    JS_CONST,    /* value */
    JS_NAME,     /* name */
    JS_TEMPLATE, /* list: texts and values in turn */
    JS_ARRAY,    /* list; an item may be JS_SPREAD */
    JS_OBJECT,   /* list: key and value in turn; a JS_SPREAD stands for both */
    JS_SPREAD,   /* a */
    JS_FUNCTION, /* names, a: the body */
    JS_UNARY,    /* op, a */
    JS_BINARY,   /* op, a, b */
    JS_LOGIC,    /* op: && || ??, a, b */
    JS_CHOICE,   /* a ? b : c */
    JS_MEMBER,   /* a.name or a?.name */
    JS_INDEX,    /* a[b] */
    JS_CALL,     /* a(list) */
    JS_NEW,      /* a: the class, list */
};

enum js_op {
    JS_OP_NONE,
    JS_OP_OR,
    JS_OP_AND,
    JS_OP_NULLISH,
    JS_OP_BIT_OR,
    JS_OP_BIT_XOR,
    JS_OP_BIT_AND,
    JS_OP_EQUAL,
    JS_OP_NOT_EQUAL,
    JS_OP_SAME,
    JS_OP_NOT_SAME,
    JS_OP_LESS,
    JS_OP_LESS_EQUAL,
    JS_OP_MORE,
    JS_OP_MORE_EQUAL,
    JS_OP_IN,
    JS_OP_SHIFT_LEFT,
    JS_OP_SHIFT_RIGHT,
    JS_OP_SHIFT_RIGHT_ZERO,
    JS_OP_ADD,
    JS_OP_SUBTRACT,
    JS_OP_MULTIPLY,
    JS_OP_DIVIDE,
    JS_OP_REMAINDER,
    JS_OP_POWER,
    JS_OP_NOT,
    JS_OP_BIT_NOT,
    JS_OP_PLUS,
    JS_OP_MINUS,
    JS_OP_TYPEOF,
    JS_OP_VOID,
};

struct js_node {
    enum js_node_kind kind;
    enum js_op op;
    bool optional; /* ?. */
    struct js_value value;
    struct slice name;
    const struct js_node *a, *b, *c;
    const struct js_node **list;
    struct slice *names;
    size_t n;
};

/* js_ops.c */
struct js_value js_binary(struct js *js, enum js_op op, struct js_value a, struct js_value b);
struct js_value js_unary(struct js *js, enum js_op op, struct js_value a);
